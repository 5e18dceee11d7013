//! Delivers what is due, lets time pass, and lets go of what nobody needs: on a timer, by one or
//! several at once.
//!
//! A run looks at the agenda again and again until nothing is due or its time is up. Each entity
//! has a turn of a few notices and then waits behind the others; the product that is slow with one
//! holds up no other. Parts of lists are swept beside the deliveries, in batches.

mod clock;
mod report;
mod resting;
mod turn;
mod work;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::instance::ClockTrust;
use domain::record::FARTHEST;
use futures_util::future::{self, BoxFuture, Either};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use protocol::time::UnixMillis;
use thiserror::Error;

pub use self::report::RelayReport;
pub(crate) use self::resting::Resting;
use self::resting::lasts;
use self::work::{Done, MAX_ENTRIES, Piece, Work};
use crate::context::Context;
use crate::delivery::ATTEMPT;
use crate::failure::Failure;
use crate::store::{Entry, Queue, Store};
use crate::sweep::{sweep_parts, sweep_unused};
use crate::world::{Deadline, World};

/// One run over what is due.
pub struct Relay<'a, W> {
    context: &'a Context<W>,
    budget: Duration,
    deadline: Deadline,
    /// How long the product has for one answer.
    patience: Duration,
    /// How many offers in a row met no answer over HTTP.
    silences: AtomicUsize,
    clock: ClockTrust,
    report: Mutex<RelayReport>,
}

/// A run that could not begin.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RelayError {
    /// The agenda cannot be read.
    #[error("agenda cannot be read: {0}")]
    Agenda(Failure),
    /// No attempt would have its time.
    #[error("a run has less than 4 s: give the relay's function a timeout of 30 s")]
    TooShort,
}

/// The shortest time that a run may have (decision E4).
pub const MIN_BUDGET: Duration = Duration::from_secs(4);
/// What of a run's time an attempt may not use.
const RESERVE: Duration = Duration::from_secs(2);
/// What is left of it for settling, after the last attempt.
const SETTLE: Duration = Duration::from_secs(1);
/// How many of those are read that lie further ahead than anything should.
const MAX_STRAYS: usize = 64;
/// After so many offers in a row without an answer the product is down.
const MAX_SILENCES: usize = 5;
/// How often the agenda is read while work is under way.
const LOOK: Duration = Duration::from_secs(1);
/// How long an entity that waits for a turn to ask waits for others of this machine.
const TURN: Duration = Duration::from_millis(100);

impl<'a, W: World> Relay<'a, W> {
    /// A run that ends after a while.
    pub fn new(context: &'a Context<W>, budget: Duration) -> Self {
        Self {
            context,
            budget,
            deadline: Deadline::after(context.world.elapsed(), budget),
            patience: ATTEMPT.min(budget.saturating_sub(RESERVE)),
            silences: AtomicUsize::new(0),
            clock: ClockTrust::Trusted,
            report: Mutex::default(),
        }
    }

    /// Works on everything that is due, until it is done or time is up.
    ///
    /// # Errors
    /// If the budget is too short, or the agenda cannot be read. What was done stays done.
    pub async fn run(mut self) -> Result<RelayReport, RelayError> {
        if self.budget < MIN_BUDGET {
            return Err(RelayError::TooShort);
        }
        let mut work = Work::new();
        self.look(&mut work).await.map_err(RelayError::Agenda)?;
        let (clock, aside) = future::join(self.judge_clock(), self.aside()).await;
        self.clock = clock;
        let _ = work.take(aside);
        self.work_off(&mut work).await;
        let mut report = *self.report();
        report.stopped = self.is_down();
        report.unfinished |= !self.is_down() && work.has_queue();
        Ok(report)
    }

    async fn work_off(&self, work: &mut Work) {
        let mut under_way = FuturesUnordered::new();
        let mut looked = self.context.world.elapsed();
        loop {
            self.begin(work, &mut under_way);
            if under_way.is_empty() && !self.wait_for_more(work).await {
                return;
            }
            if let Either::Left((Some(done), _)) =
                future::select(under_way.next(), Box::pin(self.context.world.pause(LOOK))).await
            {
                work.note(done);
            }
            let now = self.context.world.elapsed();
            if now.saturating_sub(looked) >= LOOK && !self.is_over() {
                looked = now;
                // Beside what is under way: nobody's answer waits for an agenda.
                under_way.extend(work.next_look().map(|piece| self.carry_out(piece).boxed()));
            }
        }
    }

    /// Begins as much as may be under way at once. After time is up nothing is begun.
    fn begin<'f>(&'f self, work: &mut Work, under_way: &mut FuturesUnordered<BoxFuture<'f, Done>>) {
        let half = self.deadline.left(&self.context.world) < self.budget / 2;
        while !self.is_late() {
            let Some(piece) = work.next(self.may_deliver(), half) else { return };
            under_way.push(self.carry_out(piece).boxed());
        }
    }

    /// Nothing is under way: whether anything can be begun, after another look.
    async fn wait_for_more(&self, work: &mut Work) -> bool {
        if self.is_late() || !self.may_deliver() {
            return false;
        }
        if work.retry_busy() {
            self.context.world.pause(TURN).await;
            return true;
        }
        !self.is_down() && self.look(work).await.unwrap_or(false)
    }

    /// Takes what is due; whether any of it is new to this run.
    async fn look(&self, work: &mut Work) -> Result<bool, Failure> {
        let entries = self.due(work.to_look_at()).await?;
        Ok(work.take(entries))
    }

    async fn due(&self, limit: usize) -> Result<Vec<Entry>, Failure> {
        let (now, elapsed) = (self.context.world.now(), self.context.world.elapsed());
        let (from, more) = self.context.resting().span(now, elapsed);
        let limit = limit.saturating_add(more);
        let entries = self.entries(Queue::Due, from..=now, limit).await?;
        let is_all = entries.len() < limit;
        Ok(self.context.resting().sift(entries, &(from..=now), is_all, elapsed))
    }

    /// Parts that have rested, and what lies so far ahead that a wrong clock must have put it
    /// there: nobody would look at that for as long as the clock was ahead.
    async fn aside(&self) -> Vec<Entry> {
        if !self.context.may_look_aside() {
            return Vec::new();
        }
        let now = self.context.world.now();
        let ahead = now.after(FARTHEST).after(LOOK)..=UnixMillis::MAX;
        let entries = future::join_all([
            self.entries(Queue::Sweep, UnixMillis::EPOCH..=now, MAX_ENTRIES),
            self.entries(Queue::Sweep, ahead.clone(), MAX_STRAYS),
            self.entries(
                Queue::Due,
                ahead,
                MAX_STRAYS.saturating_add(self.context.resting().len()),
            ),
        ]);
        let entries = entries.await.into_iter().map(|read| {
            read.unwrap_or_else(|fault| {
                tracing::warn!(fault = %fault, "agenda not read");
                Vec::new()
            })
        });
        let mut entries: Vec<_> = entries.flatten().collect();
        self.context.resting().leave_out(&mut entries, self.context.world.elapsed());
        if entries.len() >= MAX_ENTRIES {
            self.context.look_aside_again();
        }
        entries
    }

    async fn entries(
        &self,
        queue: Queue,
        span: std::ops::RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Failure> {
        let world = &self.context.world;
        let agenda = world.store().agenda(queue, span, limit);
        let left = self.deadline.left(world);
        Ok(world.within(left, agenda).await.ok_or(Failure::OutOfTime)??)
    }

    /// One entity's bug is not every entity's: the others are worked on all the same.
    async fn carry_out(&self, piece: Piece) -> Done {
        let left = match &piece {
            Piece::Deliver(key) => Done::Left(key.clone(), false),
            Piece::Look(_) => Done::Looked(Vec::new()),
            Piece::SweepList(_) | Piece::SweepParts(..) => Done::Swept(None),
        };
        let owner = piece.owner().map(str::to_owned);
        let done = AssertUnwindSafe(self.try_carry_out(piece)).catch_unwind().await;
        match (done.unwrap_or(Err(Failure::Panicked)), owner) {
            (Ok(done), owner) => {
                owner.inspect(|key| self.context.resting().end(key));
                done
            }
            (Err(fault), owner) => {
                self.report().troubled += 1;
                match owner.filter(|_| lasts(fault)) {
                    Some(key) => {
                        self.context.resting().begin(&key, fault, self.context.world.elapsed());
                    }
                    None => tracing::warn!(fault = %fault, "entity left for later"),
                }
                left
            }
        }
    }

    async fn try_carry_out(&self, piece: Piece) -> Result<Done, Failure> {
        let repository = self.context.repository(self.deadline);
        match piece {
            Piece::Deliver(key) => self.turn(&repository, &key).await,
            // What is known is worked on whether or not there is more.
            Piece::Look(limit) => Ok(Done::Looked(self.due(limit).await.unwrap_or_default())),
            Piece::SweepList(key) => {
                let list = repository.read_key(key.clone()).await?;
                let (swept, more) = sweep_unused(&repository, list).await?;
                self.report().add_swept(swept);
                Ok(Done::Swept(Some(key).filter(|_| more)))
            }
            Piece::SweepParts(owner, names) => {
                let swept = sweep_parts(&repository, &owner, &names).await?;
                self.report().add_swept(swept);
                Ok(Done::Swept(None))
            }
        }
    }

    fn report(&self) -> MutexGuard<'_, RelayReport> {
        // Numbers are whole after every statement.
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_down() || self.is_late()
    }

    fn is_down(&self) -> bool {
        self.silences.load(Ordering::Relaxed) >= MAX_SILENCES
    }

    fn is_late(&self) -> bool {
        self.deadline.left(&self.context.world) < SETTLE
    }

    /// Whether to begin with entities: a product that is not down must be told in time.
    fn may_deliver(&self) -> bool {
        self.context.settings.product.is_none() || self.is_down() || self.has_time()
    }

    /// Whether an attempt would have its full time.
    fn has_time(&self) -> bool {
        self.deadline.left(&self.context.world) >= self.patience.saturating_add(SETTLE)
    }
}
