//! Sends the usage that is due to the marketplace (decisions J3, J4). It runs within a run of the
//! relay, concurrently with the deliveries, and neither ends the other.
//!
//! A run repeats: it reads the agenda, takes the due windows of many instances, sends them in batches,
//! and settles each answer. A record is stored in its final form before it is sent, so that every
//! sending of it is the same, whatever process sends it.
//!
//! - `agenda`: which values are due. `taking`: takes their windows. `batches`: sends them.
//!   `settling`: writes the outcomes.
//! - `keys`: which key signs, and what all relays know about it. `push`: one request.
//! - `counts`: what the run did. `lines`: its log lines.

mod agenda;
mod batches;
mod counts;
mod keys;
mod lines;
mod push;
mod settling;
mod taking;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::instance::ClockTrust;
use domain::usage::{BatchPlan, TakeRules};
use futures_util::FutureExt;
use protocol::time::UnixMillis;

use self::agenda::UsageAgenda;
pub use self::counts::UsageCounts;
use self::keys::SigningKeys;
use self::lines::UsageLines;
use crate::context::Context;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::usage_sender::UsageSending;
use crate::world::{Deadline, World};

/// The limits of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsageRunLimits {
    /// When everything must have ended.
    pub deadline: Deadline,
    /// How long the marketplace may take for one answer. No request starts with less time left.
    pub patience: Duration,
    /// The part of the time that is reserved for settling.
    pub settle: Duration,
    /// Whether this machine's clock may delete old windows.
    pub clock: ClockTrust,
}

/// One run.
struct UsageRun<'a, W> {
    context: &'a Context<W>,
    repository: Repository<'a, W>,
    limits: UsageRunLimits,
    agenda: UsageAgenda,
    counts: UsageCounts,
    lines: UsageLines,
    /// Whether the marketplace failed in this run.
    has_failed: bool,
    /// When the oldest window ended that this run took.
    oldest_taken: Option<UnixMillis>,
    /// When the oldest window ended that this run sent and that must be sent again.
    oldest_waiting: Option<UnixMillis>,
}

/// Sends the usage that is due, if it is time to look for it. A failure or a panic does not end the
/// caller's run.
pub(crate) async fn send_usage<W: World>(
    context: &Context<W>,
    limits: UsageRunLimits,
) -> UsageCounts {
    if !context.may_read_usage() {
        return UsageCounts::default();
    }
    // The future of a run is large, and is rarely needed.
    let run = UsageRun::new(context, limits).run().boxed();
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    ended.unwrap_or_else(|_| {
        lines::log_failure(context, Failure::Panicked);
        UsageCounts { troubled: 1, ..UsageCounts::default() }
    })
}

impl<'a, W: World> UsageRun<'a, W> {
    fn new(context: &'a Context<W>, limits: UsageRunLimits) -> Self {
        let repository = context.repository(limits.deadline);
        let (agenda, counts) = (UsageAgenda::default(), UsageCounts::default());
        let lines = UsageLines::default();
        Self {
            context,
            repository,
            limits,
            agenda,
            counts,
            lines,
            has_failed: false,
            oldest_taken: None,
            oldest_waiting: None,
        }
    }

    async fn run(mut self) -> UsageCounts {
        let outcome = self.try_run().await;
        if let Err(fault) = outcome {
            self.counts.troubled += 1;
            lines::log_failure(self.context, fault);
        } else if self.counts.troubled == 0 {
            lines::log_success(self.context);
        }
        self.lines.write(self.context, &mut self.counts);
        self.note_unsent();
        self.counts
    }

    /// Notes the oldest window that this run could not send. A run that took nothing shows nothing.
    fn note_unsent(&self) {
        if self.oldest_taken.is_none() {
            return;
        }
        let UsageCounts { sent, rejected, stopped, unfinished, .. } = self.counts;
        let sent_none = sent + rejected == 0;
        let left = self.oldest_taken.filter(|_| stopped || unfinished || sent_none);
        let end = left.into_iter().chain(self.oldest_waiting).min();
        self.context.figures.note_unsent(end, self.context.world.now());
    }

    async fn try_run(&mut self) -> Result<(), Failure> {
        let entries = self.first_entries().await?;
        if entries.is_empty() {
            return Ok(());
        }
        match &self.context.settings.usage {
            UsageSending::To(sender) => {
                let keys = SigningKeys::read(sender, self.repository.clone()).await?;
                if keys.may_try() {
                    return self.send_all(entries, keys).await;
                }
                lines::log_waiting_for_key(self.context);
            }
            UsageSending::WithoutKey => lines::log_no_key(self.context),
            UsageSending::Off => (),
        }
        self.let_time_pass(entries).await
    }

    /// Sends everything that is due, until the time is up or the marketplace stops the run.
    async fn send_all(
        &mut self,
        mut entries: Vec<String>,
        mut keys: SigningKeys<'a, W>,
    ) -> Result<(), Failure> {
        let mut plan = BatchPlan::new(keys.batch_limit(), keys.has_received());
        while !entries.is_empty() && plan.may_send() && self.has_time() {
            let records = self.take_all(entries, self.rules(true)).await;
            plan.add(records);
            self.send_batches(&mut plan, &mut keys).await;
            entries = self.more_entries().await?;
        }
        self.counts.unfinished |= !entries.is_empty();
        self.end(plan).await;
        Ok(())
    }

    /// Lets everything that is due wait for five minutes. The operator learns what is late.
    async fn let_time_pass(&mut self, mut entries: Vec<String>) -> Result<(), Failure> {
        while !entries.is_empty() && self.has_settling_time() {
            self.take_all(entries, self.rules(false)).await;
            entries = self.more_entries().await?;
        }
        self.counts.unfinished |= !entries.is_empty();
        Ok(())
    }

    const fn rules(&self, may_send: bool) -> TakeRules {
        let (cycle, clock) = (self.context.settings.usage_cycle, self.limits.clock);
        TakeRules { cycle, clock, may_send }
    }

    /// Whether a request would have its full time.
    fn has_time(&self) -> bool {
        let UsageRunLimits { deadline, patience, settle, .. } = self.limits;
        deadline.left(&self.context.world) >= patience.saturating_add(settle)
    }

    fn has_settling_time(&self) -> bool {
        self.limits.deadline.left(&self.context.world) >= self.limits.settle
    }
}
