//! Delivers what is due, lets time pass, and lets go of what nobody needs: on a timer, by one or
//! several at once.
//!
//! A run looks at the agenda again and again until nothing is due or its time is up. Each entity
//! has a turn of a few notices and then waits behind the others; the product that is slow with one
//! holds up no other. Parts of lists are swept beside the deliveries, in batches.

mod report;
mod work;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{self, BoxFuture, Either};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use marketplace::entity::{FARTHEST, Passed};
use marketplace::instance::{Clock, Remark};
use marketplace::outbox::Settled;
use marketplace::time::UnixMillis;
use thiserror::Error;

pub use self::report::Report;
use self::work::{Done, MAX_ENTRIES, Piece, Work};
use crate::delivery::{ATTEMPT, CLAIM, Delivered, Delivery, Turn};
use crate::desk::{Desk, Product};
use crate::failure::Failure;
use crate::orders::Limits;
use crate::shelf::{Recalled, Shelf, Written};
use crate::store::{Entry, Queue, Store};
use crate::sweep::{sweep_parts, sweep_unused, unused};
use crate::world::{Deadline, World};

/// One run over what is due.
pub struct Relay<'a, W> {
    desk: &'a Desk<W>,
    budget: Duration,
    deadline: Deadline,
    /// How long the product has for one answer.
    patience: Duration,
    /// How many offers in a row met no answer over HTTP.
    silences: AtomicUsize,
    clock: Clock,
    report: Mutex<Report>,
}

/// A run that could not begin.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum NotRun {
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
/// How many notices an entity is told of before it waits behind the others.
const NOTICES_A_TURN: usize = 4;
/// After so many offers in a row without an answer the product is down.
const MAX_SILENCES: usize = 5;
/// So far apart clocks may be before the log says so, and before nothing is decided by ours.
const CLOCKS_APART: Duration = Duration::from_secs(30);
const CLOCKS_DOUBTED: Duration = Duration::from_mins(5);
/// How often the agenda is read while work is under way.
const LOOK: Duration = Duration::from_secs(1);
/// How long an entity that waits for a turn to ask waits for others of this machine.
const TURN: Duration = Duration::from_millis(100);

impl<'a, W: World> Relay<'a, W> {
    /// A run that ends after a while.
    pub fn new(desk: &'a Desk<W>, budget: Duration) -> Self {
        Self {
            desk,
            budget,
            deadline: Deadline::after(desk.world.elapsed(), budget),
            patience: ATTEMPT.min(budget.saturating_sub(RESERVE)),
            silences: AtomicUsize::new(0),
            clock: Clock::Trusted,
            report: Mutex::default(),
        }
    }

    /// Works on everything that is due, until it is done or time is up.
    ///
    /// # Errors
    /// If the budget is too short, or the agenda cannot be read. What was done stays done.
    pub async fn run(mut self) -> Result<Report, NotRun> {
        if self.budget < MIN_BUDGET {
            return Err(NotRun::TooShort);
        }
        let mut work = Work::new();
        self.look(&mut work).await.map_err(NotRun::Agenda)?;
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
        let mut looked = self.desk.world.elapsed();
        loop {
            self.begin(work, &mut under_way);
            if under_way.is_empty() && !self.wait_for_more(work).await {
                return;
            }
            if let Either::Left((Some(done), _)) =
                future::select(under_way.next(), Box::pin(self.desk.world.pause(LOOK))).await
            {
                work.note(done);
            }
            let now = self.desk.world.elapsed();
            if now.saturating_sub(looked) >= LOOK && !self.is_over() {
                looked = now;
                // Beside what is under way: nobody's answer waits for an agenda.
                under_way.extend(work.next_look().map(|piece| self.carry_out(piece).boxed()));
            }
        }
    }

    /// Begins as much as may be under way at once. After time is up nothing is begun.
    fn begin<'f>(&'f self, work: &mut Work, under_way: &mut FuturesUnordered<BoxFuture<'f, Done>>) {
        let half = self.deadline.left(&self.desk.world) < self.budget / 2;
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
            self.desk.world.pause(TURN).await;
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
        let due = UnixMillis::EPOCH..=self.desk.world.now();
        self.entries(Queue::Due, due, limit).await
    }

    /// Parts that have rested, and what lies so far ahead that a wrong clock must have put it
    /// there: nobody would look at that for as long as the clock was ahead.
    async fn aside(&self) -> Vec<Entry> {
        let now = self.desk.world.now();
        let ahead = now.after(FARTHEST).after(LOOK)..=UnixMillis::MAX;
        let entries = future::join_all([
            self.entries(Queue::Sweep, UnixMillis::EPOCH..=now, MAX_ENTRIES),
            self.entries(Queue::Sweep, ahead.clone(), MAX_STRAYS),
            self.entries(Queue::Due, ahead, MAX_STRAYS),
        ]);
        let entries = entries.await.into_iter().map(|read| {
            read.unwrap_or_else(|fault| {
                tracing::warn!(fault = %fault, "agenda not read");
                Vec::new()
            })
        });
        entries.flatten().collect()
    }

    async fn entries(
        &self,
        queue: Queue,
        span: std::ops::RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Failure> {
        let world = &self.desk.world;
        let agenda = world.store().agenda(queue, span, limit);
        let left = self.deadline.left(world);
        Ok(world.within(left, agenda).await.ok_or(Failure::OutOfTime)??)
    }

    /// Whether the store's clock agrees with ours; if the store tells no time, nothing speaks
    /// against ours (decision D12).
    async fn judge_clock(&self) -> Clock {
        let world = &self.desk.world;
        let clock = world.store().clock(world.now());
        let told = world.within(self.deadline.left(world), clock).await.flatten();
        let now = world.now();
        let apart = told.map_or(Duration::ZERO, |told| told.since(now).max(now.since(told)));
        let seconds = apart.as_secs();
        let is_doubted = apart > CLOCKS_DOUBTED;
        if apart > CLOCKS_APART && self.desk.may_say_clocks() {
            if is_doubted {
                let what = "clocks differ: nothing is given up by time until they agree";
                tracing::error!(seconds, "{what}");
            } else {
                tracing::warn!(seconds, "clocks differ");
            }
        }
        if is_doubted { Clock::Doubted } else { Clock::Trusted }
    }

    /// One entity's bug is not every entity's: the others are worked on all the same.
    async fn carry_out(&self, piece: Piece) -> Done {
        let left = match &piece {
            Piece::Deliver(key) => Done::Left(key.clone(), false),
            Piece::Look(_) => Done::Looked(Vec::new()),
            Piece::SweepList(_) | Piece::SweepParts(..) => Done::Swept(None),
        };
        let done = AssertUnwindSafe(self.try_carry_out(piece)).catch_unwind().await;
        done.unwrap_or(Err(Failure::Panicked)).unwrap_or_else(|fault| {
            tracing::warn!(fault = %fault, "entity left for later");
            self.report().troubled += 1;
            left
        })
    }

    async fn try_carry_out(&self, piece: Piece) -> Result<Done, Failure> {
        let shelf = self.desk.shelf(self.deadline);
        match piece {
            Piece::Deliver(key) => self.turn(&shelf, &key).await,
            // What is known is worked on whether or not there is more.
            Piece::Look(limit) => Ok(Done::Looked(self.due(limit).await.unwrap_or_default())),
            Piece::SweepList(key) => {
                let list = shelf.read_key(key.clone()).await?;
                let (swept, more) = sweep_unused(&shelf, list).await?;
                self.report().add_swept(swept);
                Ok(Done::Swept(Some(key).filter(|_| more)))
            }
            Piece::SweepParts(owner, names) => {
                let swept = sweep_parts(&shelf, &owner, &names).await?;
                self.report().add_swept(swept);
                Ok(Done::Swept(None))
            }
        }
    }

    /// Lets time pass for an entity, and tells the product a few of its notices.
    async fn turn(&self, shelf: &Shelf<'_, W>, key: &str) -> Result<Done, Failure> {
        let recalled = shelf.read_key(key.to_owned()).await?;
        let Some((mut recalled, mut worked)) = self.let_pass(shelf, recalled).await? else {
            return Ok(Done::Left(key.to_owned(), false));
        };
        let left = |recalled: &Recalled, worked: bool| {
            let has_unused = !unused(recalled).is_empty();
            let done = if worked { Done::Finished } else { Done::Left };
            Ok(done(key.to_owned(), has_unused))
        };
        let Some(product) = &self.desk.settings.product else { return left(&recalled, worked) };
        for _ in 0..NOTICES_A_TURN {
            if self.is_over() || !self.has_time() {
                self.report().unfinished |= !self.is_down();
                return left(&recalled, worked);
            }
            match self.delivery(product).next(recalled.clone()).await? {
                Turn::Busy => return Ok(Done::Busy(key.to_owned())),
                Turn::Nothing => return left(&recalled, worked),
                Turn::Offered(delivered) => {
                    self.note(&delivered);
                    worked = true;
                    let settled = delivered.settled;
                    recalled = delivered.recalled;
                    match settled {
                        Settled::Delivered | Settled::Dead => (),
                        Settled::Paused => break,
                        Settled::Waits | Settled::Nothing => return left(&recalled, true),
                    }
                }
            }
        }
        Ok(Done::Again(key.to_owned()))
    }

    /// The one transition that no call makes (decisions D11, D12), and an agenda entry that was
    /// wrong is set right: it would bring the entity up again and again. `None` if another was
    /// faster; else what stands, and whether it was written.
    async fn let_pass(
        &self,
        shelf: &Shelf<'_, W>,
        recalled: Recalled,
    ) -> Result<Option<(Recalled, bool)>, Failure> {
        let Some(kept) = recalled.kept.clone() else { return Ok(None) };
        let now = self.desk.world.now();
        let Passed { kept, changed, abandoned, given_up } =
            kept.pass(shelf.reader, self.clock, now);
        let is_due = kept.due(shelf.reader, now).is_some_and(|due| due <= now);
        if !changed && is_due {
            return Ok(Some((recalled, false)));
        }
        let written = shelf.write(&recalled, &kept).await;
        let is_unknown = written.is_err();
        if matches!(written, Ok(Written::Won(_)) | Err(_)) {
            self.say(&recalled.key, abandoned, given_up, is_unknown);
        }
        let Written::Won(version) = written? else { return Ok(None) };
        let standing = Recalled { version: Some(version), kept: Some(kept), ..recalled };
        // An entry that was set right may be read again from an index that lags behind.
        Ok(Some((standing, changed)))
    }

    /// What time did is an error to look at, also if the write's outcome is unknown: no later run
    /// would say it.
    fn say(&self, key: &str, abandoned: bool, given_up: bool, is_unknown: bool) {
        let mut report = self.report();
        if abandoned {
            let remark = Remark::Abandoned.as_str();
            tracing::error!(remark, key, is_unknown, "purchase abandoned");
            report.abandoned += usize::from(!is_unknown);
        }
        if given_up {
            tracing::error!(key, is_unknown, "notice given up");
            report.dead += usize::from(!is_unknown);
        }
    }

    const fn delivery<'d>(&'d self, product: &'d Product) -> Delivery<'d, W> {
        let Self { desk, deadline, patience, clock, .. } = self;
        Delivery {
            desk,
            product,
            deadline: *deadline,
            patience: *patience,
            least: *patience,
            claim: CLAIM,
            // Whoever waited here for a turn to ask would hold up others.
            orders: Limits { answer: *patience, turn: Duration::ZERO },
            clock: *clock,
            answered: &std::convert::identity,
        }
    }

    fn note(&self, delivered: &Delivered) {
        match (delivered.unanswered, delivered.settled) {
            (Some(_), _) => drop(self.silences.fetch_add(1, Ordering::Relaxed)),
            // Nobody was called, or another's attempt was settled.
            (None, Settled::Paused | Settled::Nothing) => (),
            (None, _) => self.silences.store(0, Ordering::Relaxed),
        }
        let mut report = self.report();
        match delivered.settled {
            Settled::Delivered => report.delivered += 1,
            Settled::Waits => report.failed += 1,
            Settled::Dead => {
                report.dead += 1;
                tracing::error!(key = delivered.recalled.key, "notice given up");
            }
            Settled::Paused | Settled::Nothing => (),
        }
    }

    fn report(&self) -> MutexGuard<'_, Report> {
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
        self.deadline.left(&self.desk.world) < SETTLE
    }

    /// Whether to begin with entities: a product that is not down must be told in time.
    fn may_deliver(&self) -> bool {
        self.desk.settings.product.is_none() || self.is_down() || self.has_time()
    }

    /// Whether an attempt would have its full time.
    fn has_time(&self) -> bool {
        self.deadline.left(&self.desk.world) >= self.patience.saturating_add(SETTLE)
    }
}
