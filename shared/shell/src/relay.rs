//! The relay: delivers the notices that are due, applies changes that only depend on time, deletes
//! unused parts, and sends usage. A timer starts it; several runs may be active concurrently.
//!
//! A run reads on in the agenda while it delivers, until nothing is due or its time is up. It makes
//! more deliveries concurrently while the product is quick, and few if the product fails. An entity has
//! a turn of a few notices, and then waits until the other entities had their turns. So a slow product
//! delays one entity, not all. Unused parts are swept concurrently with deliveries, in batches. Usage
//! is also sent concurrently: neither a product nor a marketplace that is down ends the work for the
//! other.

mod agenda;
mod agenda_place;
mod clock;
mod concurrency;
mod entity_turn;
mod figures;
mod report;
mod run_count;
mod run_line;
mod run_task;
mod seen;
mod tasks;
mod time_lines;
mod wait_line;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::instance::ClockTrust;
use futures_util::future::{self, BoxFuture, Either};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use thiserror::Error;

use self::concurrency::Concurrency;
pub use self::report::RelayReport;
use self::run_count::count_run;
use self::run_line::log_outcome;
use self::tasks::{TaskOutcome, Tasks};
use crate::alarms;
use crate::context::Context;
use crate::failure::Failure;
use crate::time_limits::RELAY_ATTEMPT;
pub use crate::usage_sending::UsageCounts;
use crate::usage_sending::{UsageRunLimits, send_usage};
use crate::world::{Deadline, World};

/// One run of the relay.
pub struct Relay<'a, W> {
    context: &'a Context<W>,
    budget: Duration,
    deadline: Deadline,
    /// How long the product may take for one answer.
    patience: Duration,
    /// How many offers in a row got no answer over HTTP.
    unanswered: AtomicUsize,
    concurrency: Mutex<Concurrency>,
    clock: ClockTrust,
    report: Mutex<RelayReport>,
    /// The time after the run in which people are told. Zero: another task tells them.
    telling: Duration,
}

/// Why a run could not start.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RelayError {
    /// The agenda cannot be read.
    #[error("agenda cannot be read: {0}")]
    Agenda(Failure),
    /// The run is too short for one attempt.
    #[error("a run has less than 4 s; set the timeout of the relay's function to 30 s")]
    TooShort,
}

/// What an operator can do if a run fails.
pub(crate) const RELAY_ADVICE: &str = "run koohook store check with the settings of this process";
/// The shortest time that a run may have (decision E4).
pub const MIN_BUDGET: Duration = Duration::from_secs(4);
/// The part of a run's time that an attempt may not use.
const RESERVE: Duration = Duration::from_secs(2);
/// The part of a run's time that is reserved for settling, after the last attempt.
const SETTLE: Duration = Duration::from_secs(1);
/// After this many offers in a row without an answer, the relay treats the product as down.
const MAX_UNANSWERED: usize = 5;
/// How often the agenda is read while tasks run.
const READ_INTERVAL: Duration = Duration::from_secs(1);
/// How long the relay pauses before it retries busy entities, if no other task runs.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

impl<'a, W: World> Relay<'a, W> {
    /// Makes a run that ends after `budget`.
    pub fn new(context: &'a Context<W>, budget: Duration) -> Self {
        let is_told = context.settings.alarms.is_some();
        let telling = if is_told { alarms::BUDGET.min(budget / 4) } else { Duration::ZERO };
        Self::with(context, budget, telling)
    }

    /// Makes a run after which people are not told: another task tells them.
    pub fn untold(context: &'a Context<W>, budget: Duration) -> Self {
        Self::with(context, budget, Duration::ZERO)
    }

    fn with(context: &'a Context<W>, budget: Duration, telling: Duration) -> Self {
        let budget = budget.saturating_sub(telling);
        Self {
            context,
            budget,
            deadline: Deadline::after(context.world.elapsed(), budget),
            patience: RELAY_ATTEMPT.min(budget.saturating_sub(RESERVE)),
            unanswered: AtomicUsize::new(0),
            concurrency: Mutex::default(),
            clock: ClockTrust::Trusted,
            report: Mutex::default(),
            telling,
        }
    }

    /// Runs every task that is due, until all are done or the time is up. Logs the run, also if it
    /// fails.
    ///
    /// # Errors
    /// If the budget is too short, or the first read of the agenda fails.
    pub async fn run(self) -> Result<RelayReport, RelayError> {
        let (context, telling) = (self.context, self.telling);
        let began = context.world.elapsed();
        let outcome = self.try_run().await;
        log_outcome(context, &outcome);
        count_run(context, &outcome, began);
        seen::note_run(context, &outcome);
        if !telling.is_zero() {
            alarms::tell_people(context, telling).await;
        }
        outcome
    }

    async fn try_run(mut self) -> Result<RelayReport, RelayError> {
        if self.budget.saturating_add(self.telling) < MIN_BUDGET {
            return Err(RelayError::TooShort);
        }
        let mut tasks = Tasks::new();
        self.read_agenda(&mut tasks).await.map_err(RelayError::Agenda)?;
        let (clock, rare) = future::join(self.judge_clock(), self.read_rare_agendas()).await;
        self.clock = clock;
        let _ = tasks.add(rare);
        // Deliveries begin first, and the figures delay none.
        let all = future::join(self.run_all(&mut tasks), self.read_figures().boxed());
        let (usage, ()) = all.await;
        let mut report = *self.report();
        report.usage = usage;
        report.stopped = self.is_down();
        report.unfinished |= !self.is_down() && tasks.has_waiting();
        self.write_line(&report);
        Ok(report)
    }

    /// Delivers, and sends usage. While usage is sent, other notices become due: a slow marketplace must
    /// not delay them.
    async fn run_all(&self, tasks: &mut Tasks) -> UsageCounts {
        let mut usage = send_usage(self.context, self.usage_limits()).boxed();
        loop {
            match future::select(usage, self.run_tasks(tasks).boxed()).await {
                Either::Left((counts, deliveries)) => {
                    deliveries.await;
                    return counts;
                }
                Either::Right(((), running)) => usage = running,
            }
            if self.is_over() || !self.may_deliver() {
                return usage.await;
            }
            match future::select(usage, self.pause_and_read(tasks).boxed()).await {
                Either::Left((counts, _)) => return counts,
                Either::Right(((), running)) => usage = running,
            }
        }
    }

    /// Reads the agenda after a pause. If it cannot be read, the run continues.
    async fn pause_and_read(&self, tasks: &mut Tasks) {
        self.context.world.pause(READ_INTERVAL).await;
        let _ = self.read_agenda(tasks).await;
    }

    const fn usage_limits(&self) -> UsageRunLimits {
        let Self { deadline, patience, clock, .. } = *self;
        UsageRunLimits { deadline, patience, settle: SETTLE, clock }
    }

    async fn run_tasks(&self, tasks: &mut Tasks) {
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
                && tasks.record(outcome)
            {
                let world = &self.context.world;
                tasks.jump(u16::from_le_bytes(world.random()), world.now());
            }
            let now = self.context.world.elapsed();
            let is_time = now.saturating_sub(read) >= READ_INTERVAL;
            if !self.is_over()
                && let Some(task) = tasks.next_agenda_read(is_time)
            {
                read = now;
                // The agenda is read concurrently with the deliveries, so that it delays none.
                under_way.push(self.run_task(task).boxed());
            }
        }
    }

    /// Starts tasks up to the concurrency limit; none after the time is up.
    fn begin<'f>(
        &'f self,
        tasks: &mut Tasks,
        under_way: &mut FuturesUnordered<BoxFuture<'f, TaskOutcome>>,
    ) {
        let half = self.deadline.left(&self.context.world) < self.budget / 2;
        while !self.is_late() {
            let most = if self.may_deliver() { self.concurrency().limit() } else { 0 };
            let Some(task) = tasks.next(most, half) else { return };
            under_way.push(self.run_task(task).boxed());
        }
    }

    fn concurrency(&self) -> MutexGuard<'_, Concurrency> {
        // Each statement leaves the limit consistent: a panic under the lock does no harm.
        self.concurrency.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called if no task runs. Reads the agenda again, and returns whether a task can be started.
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
        // Each statement leaves the report consistent: a panic under the lock does no harm.
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

    /// Whether to start deliveries: an attempt to reach a product needs its full time.
    fn may_deliver(&self) -> bool {
        self.context.settings.product.is_none() || self.is_down() || self.has_time()
    }

    /// Whether an attempt would have its full time.
    fn has_time(&self) -> bool {
        self.deadline.left(&self.context.world) >= self.patience.saturating_add(SETTLE)
    }
}
