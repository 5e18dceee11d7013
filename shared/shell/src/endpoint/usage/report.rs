//! Accepts a report of windows, and stores it: one write for each instance, several instances
//! concurrently (decisions J1, J2).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::entity::{Entity, Subject};
use domain::instance::{ChargingMode, UsageKind};
use domain::record::EntityRecord;
use domain::usage::{
    InstanceReport, InstanceUsage, RecordVerdict, RejectReason, ReportDecision, UsageLife,
    UsageReport,
};
use futures_util::{FutureExt, StreamExt, stream};
use http::request::Parts;
use protocol::message::InstanceId;

use super::report_answer::{RecordOutcome, ReportAnswer};
use super::usage_refusal::UsageRefusal;
use crate::context::Context;
use crate::endpoint::product_call::verify;
use crate::failure::Failure;
use crate::log_ids::LogIds;
use crate::repository::{Counts, Repository, Slot, Start, Update, UsageSlot, UsageUpdate};
use crate::world::{Deadline, World};

/// A report that was carried out, as far as the store and the time allowed.
pub(super) struct AcceptedReport {
    /// The answer to the product.
    pub answer: ReportAnswer,
    /// The instance to name in the log: the first one that failed or has a rejected record, or the
    /// only one of the report.
    pub ids: LogIds,
    /// How many instances the well-formed records name.
    pub instances: usize,
    /// How many instances have little room for more windows.
    pub almost_full: usize,
    /// The first failure.
    pub failure: Option<Failure>,
    /// The number of reads, and of writes.
    pub operations: [usize; 2],
    /// How long the reads and writes took, added up.
    pub store: Duration,
}

/// What became of the records of one instance.
struct InstanceOutcome {
    verdicts: Vec<RecordVerdict>,
    is_almost_full: bool,
}

/// Accepts a report that was received at `received`, as the world's elapsed time.
pub(super) async fn accept<W: World>(
    context: &Context<W>,
    head: &Parts,
    body: &[u8],
    received: Duration,
) -> Result<AcceptedReport, UsageRefusal> {
    verify(context, head, body)?;
    let report = UsageReport::read(body)?;
    let repository = context.repository(Deadline::after(received, BUDGET));
    let reports = report.by_instance();
    let stores = reports.iter().enumerate().map(|(place, report)| {
        let stored = store(context, &repository, report).boxed();
        async move { (place, stored.await) }
    });
    let stores: Vec<_> = stores.collect();
    let mut outcomes: Vec<_> =
        stream::iter(stores).buffer_unordered(INSTANCES_AT_ONCE).collect().await;
    outcomes.sort_unstable_by_key(|(place, _)| *place);
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
    let counts = Arc::clone(&repository.counts);
    Ok(AcceptedReport::of(&report, reports.iter().zip(outcomes), &counts))
}

/// Stores the records of one instance. A panic is a failure of this instance alone.
async fn store<W: World>(
    context: &Context<W>,
    repository: &Repository<'_, W>,
    report: &InstanceReport<'_>,
) -> Result<InstanceOutcome, Failure> {
    if repository.deadline.left(&context.world).is_zero() {
        return Err(Failure::OutOfTime);
    }
    let stored = AssertUnwindSafe(try_store(context, repository, report)).catch_unwind().await;
    stored.unwrap_or(Err(Failure::Panicked))
}

async fn try_store<W: World>(
    context: &Context<W>,
    repository: &Repository<'_, W>,
    report: &InstanceReport<'_>,
) -> Result<InstanceOutcome, Failure> {
    let life = match usage_life(repository, report.instance_id).await? {
        Ok(life) => life,
        Err(reason) => {
            let verdicts = report.reject(reason);
            return Ok(InstanceOutcome { verdicts, is_almost_full: false });
        }
    };
    let cycle = context.settings.usage_cycle;
    let slot = repository.read_usage(report.instance_id).await?;
    let updated = repository.update_usage(slot, |slot: &UsageSlot| {
        let decision = report.decide(slot.record(), life, cycle, context.world.now());
        let ReportDecision { verdicts, write } = decision;
        Ok::<_, Failure>(match write {
            None => UsageUpdate::Leave(verdicts),
            Some(usage) => UsageUpdate::Write(usage, verdicts),
        })
    });
    let updated = updated.await?;
    let is_almost_full = updated.slot.record().is_some_and(InstanceUsage::is_almost_full);
    Ok(InstanceOutcome { verdicts: updated.decided, is_almost_full })
}

/// When the instance exists, or why its usage is rejected. An instance of unknown mode is
/// pay-per-use from now on (decision J7).
async fn usage_life<W: World>(
    repository: &Repository<'_, W>,
    id: &InstanceId,
) -> Result<Result<UsageLife, RejectReason>, Failure> {
    let subject = Subject::Instance(id.clone());
    let updated = repository.update(Start::Subject(&subject), |slot: &Slot| {
        let Some(record) = slot.record() else {
            return Ok(Update::Leave(Err(RejectReason::InstanceUnknown)));
        };
        let Entity::Instance(instance) = &record.entity else {
            return Ok(Update::Leave(Err(RejectReason::InstanceUnknown)));
        };
        match instance.charging() {
            Some(ChargingMode::Package | ChargingMode::Other) => {
                return Ok(Update::Leave(Err(RejectReason::NotPayPerUse)));
            }
            Some(ChargingMode::PayPerUse) | None => (),
        }
        let life = Ok(instance.usage_life());
        Ok::<_, Failure>(match instance.learn_usage(UsageKind::PayPerUse) {
            None => Update::Leave(life),
            Some(learned) => {
                let record = EntityRecord { entity: learned.into(), ..record.clone() };
                Update::write(record, life)
            }
        })
    });
    Ok(updated.await?.decided)
}

impl AcceptedReport {
    fn of<'a>(
        report: &UsageReport,
        outcomes: impl Iterator<Item = (&'a InstanceReport<'a>, Result<InstanceOutcome, Failure>)>,
        counts: &Counts,
    ) -> Self {
        let [reads, writes] =
            [&counts.reads, &counts.writes].map(|count| count.load(Ordering::Relaxed));
        let mut accepted = Self {
            answer: ReportAnswer::of_malformed(report),
            ids: LogIds::default(),
            instances: 0,
            almost_full: 0,
            failure: None,
            operations: [reads, writes],
            store: counts.store_time(),
        };
        let (mut only, mut troubled) = (None, None);
        for (report, outcome) in outcomes {
            accepted.instances += 1;
            only = Some(report.instance_id);
            if accepted.add(report, outcome) {
                troubled = troubled.or(only);
            }
        }
        let named = troubled.or_else(|| only.filter(|_| accepted.instances == 1));
        accepted.ids = named.map(LogIds::of_instance).unwrap_or_default();
        accepted
    }

    /// Adds the outcome of one instance. Returns whether it failed, or a record is rejected.
    fn add(
        &mut self,
        report: &InstanceReport<'_>,
        outcome: Result<InstanceOutcome, Failure>,
    ) -> bool {
        let places = report.records.iter().map(|(place, _)| *place);
        match outcome {
            Ok(InstanceOutcome { verdicts, is_almost_full }) => {
                self.almost_full += usize::from(is_almost_full);
                let is_rejected = |it: &RecordVerdict| matches!(it, RecordVerdict::Rejected(_));
                let has_rejected = verdicts.iter().any(is_rejected);
                for (place, verdict) in places.zip(verdicts) {
                    self.answer.set(place, RecordOutcome::Decided(verdict));
                }
                has_rejected
            }
            Err(failure) => {
                self.failure.get_or_insert(failure);
                places.for_each(|place| self.answer.set(place, RecordOutcome::Retry));
                true
            }
        }
    }
}

/// How long a report may take. The answer must arrive within 20 s (decision J1).
const BUDGET: Duration = Duration::from_secs(18);
/// How many instances are read and written concurrently.
const INSTANCES_AT_ONCE: usize = 16;
