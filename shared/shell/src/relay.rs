//! The relay: delivers the notices that are due, lets time pass for entities, and deletes unused
//! parts. A timer starts it; several runs may go on at once.
//!
//! A run reads the agenda again and again, until nothing is due or its time is up. An entity has a
//! turn of a few notices, and then waits behind the others: a slow product delays one entity, not
//! all. Parts of lists are swept beside the deliveries, in batches.

mod agenda;
mod clock;
mod entity_turn;
mod report;
mod run_task;
mod tasks;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::instance::ClockTrust;
use futures_util::future::{self, BoxFuture, Either};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use thiserror::Error;

pub use self::report::RelayReport;
use self::tasks::{TaskOutcome, Tasks};
use crate::context::Context;
use crate::failure::Failure;
use crate::time_limits::RELAY_ATTEMPT;
use crate::world::{Deadline, World};

/// One run over what is due.
pub struct Relay<'a, W> {
    context: &'a Context<W>,
    budget: Duration,
    deadline: Deadline,
    /// How long the product has for one answer.
    patience: Duration,
    /// How many offers in a row got no answer over HTTP.
    unanswered: AtomicUsize,
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
/// The part of a run's time that an attempt may not use.
const RESERVE: Duration = Duration::from_secs(2);
/// The part of it that is kept for settling, after the last attempt.
const SETTLE: Duration = Duration::from_secs(1);
/// After so many offers in a row without an answer the product is down.
const MAX_UNANSWERED: usize = 5;
/// How often the agenda is read while tasks are under way.
const READ_INTERVAL: Duration = Duration::from_secs(1);
/// How long busy entities wait, if nothing else is under way.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

impl<'a, W: World> Relay<'a, W> {
    /// A run that ends after a while.
    pub fn new(context: &'a Context<W>, budget: Duration) -> Self {
        Self {
            context,
            budget,
            deadline: Deadline::after(context.world.elapsed(), budget),
            patience: RELAY_ATTEMPT.min(budget.saturating_sub(RESERVE)),
            unanswered: AtomicUsize::new(0),
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
        let mut tasks = Tasks::new();
        self.read_agenda(&mut tasks).await.map_err(RelayError::Agenda)?;
        let (clock, aside) = future::join(self.judge_clock(), self.read_aside()).await;
        self.clock = clock;
        let _ = tasks.add(aside);
        self.work_off(&mut tasks).await;
        let mut report = *self.report();
        report.stopped = self.is_down();
        report.unfinished |= !self.is_down() && tasks.has_waiting();
        Ok(report)
    }

    async fn work_off(&self, tasks: &mut Tasks) {
        let mut under_way = FuturesUnordered::new();
        let mut read = self.context.world.elapsed();
        loop {
            self.begin(tasks, &mut under_way);
            if under_way.is_empty() && !self.wait_for_more(tasks).await {
                return;
            }
            let interval = Box::pin(self.context.world.pause(READ_INTERVAL));
            if let Either::Left((Some(outcome), _)) =
                future::select(under_way.next(), interval).await
            {
                tasks.record(outcome);
            }
            let now = self.context.world.elapsed();
            if now.saturating_sub(read) >= READ_INTERVAL && !self.is_over() {
                read = now;
                // The agenda is read beside the deliveries: no answer waits for it.
                under_way.extend(tasks.next_agenda_read().map(|task| self.run_task(task).boxed()));
            }
        }
    }

    /// Begins as many tasks as may be under way at once; none after time is up.
    fn begin<'f>(
        &'f self,
        tasks: &mut Tasks,
        under_way: &mut FuturesUnordered<BoxFuture<'f, TaskOutcome>>,
    ) {
        let half = self.deadline.left(&self.context.world) < self.budget / 2;
        while !self.is_late() {
            let Some(task) = tasks.next(self.may_deliver(), half) else { return };
            under_way.push(self.run_task(task).boxed());
        }
    }

    /// If nothing is under way: whether a task can be begun, after the agenda was read again.
    async fn wait_for_more(&self, tasks: &mut Tasks) -> bool {
        if self.is_late() || !self.may_deliver() {
            return false;
        }
        if tasks.retry_busy() {
            self.context.world.pause(BUSY_PAUSE).await;
            return true;
        }
        !self.is_down() && self.read_agenda(tasks).await.unwrap_or(false)
    }

    fn report(&self) -> MutexGuard<'_, RelayReport> {
        // Numbers are whole after every statement.
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_down() || self.is_late()
    }

    fn is_down(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= MAX_UNANSWERED
    }

    fn is_late(&self) -> bool {
        self.deadline.left(&self.context.world) < SETTLE
    }

    /// Whether to begin with entities: an attempt to reach a product needs its full time.
    fn may_deliver(&self) -> bool {
        self.context.settings.product.is_none() || self.is_down() || self.has_time()
    }

    /// Whether an attempt would have its full time.
    fn has_time(&self) -> bool {
        self.deadline.left(&self.context.world) >= self.patience.saturating_add(SETTLE)
    }
}
