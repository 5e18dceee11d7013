//! Accepts a report of windows, and stores it: one write for each instance, several instances
//! concurrently (decisions J1, J2).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::usage::{InstanceReport, RecordVerdict, UsageReport};
use futures_util::{FutureExt, StreamExt, stream};
use http::request::Parts;

use super::report_answer::{RecordOutcome, ReportAnswer};
use super::usage_refusal::UsageRefusal;
use crate::context::Context;
use crate::endpoint::product_call::verify;
use crate::failure::Failure;
use crate::log_ids::LogIds;
use crate::repository::{Counts, Repository};
use crate::usage_intake::{InstanceOutcome, UsageIntake};
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
    let intake = UsageIntake { repository, cycle: context.settings.usage_cycle };
    let stored = AssertUnwindSafe(intake.store(report)).catch_unwind().await;
    stored.unwrap_or(Err(Failure::Panicked))
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
pub const BUDGET: Duration = Duration::from_secs(18);
/// How many instances are read and written concurrently.
const INSTANCES_AT_ONCE: usize = 16;
