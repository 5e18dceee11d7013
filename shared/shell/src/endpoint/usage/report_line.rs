//! The log line of a report of windows (decision I1). It has counts, and never a value or an ID of
//! the product's.

use std::sync::Arc;
use std::time::Duration;

use super::report::AcceptedReport;
use super::report_answer::OutcomeCounts;
use super::usage_refusal::UsageRefusal;
use crate::call_origin::CallOrigin;
use crate::endpoint::product_call::may_log_unproven;
use crate::trouble_log::{TroubleLog, Troubles};

/// The values of one report's line that do not depend on its outcome.
pub(super) struct ReportLine {
    /// Where the report comes from. `None` if no host made the request.
    pub origin: Option<Arc<CallOrigin>>,
    pub took: Duration,
}

impl ReportLine {
    /// Writes the line of a report that was carried out, and a line if a trouble is over. It is a
    /// warning if a record is rejected or must be sent again, at the start of this trouble and once a
    /// minute (decision I2); if a window is late, each time (decision J3); and if an instance has
    /// little room, as the first.
    pub fn write_reported(&self, report: &AcceptedReport, troubles: &Troubles, now: Duration) {
        let counts = report.answer.counts();
        let is_unfit = counts.rejected + counts.retry > 0;
        let unfit = is_unfit.then(|| troubles.usage_reports.occurred(now)).flatten();
        let is_full = report.almost_full > 0;
        let full = is_full.then(|| troubles.usage_room.occurred(now)).flatten();
        let is_warning = unfit.is_some() || full.is_some() || counts.late > 0;
        self.write_counts(report, &counts, unfit, is_warning);
        if !is_unfit && let Some(count) = troubles.usage_reports.succeeded(now) {
            tracing::info!(count, "product reports acceptable usage again");
        }
        if !is_full && let Some(count) = troubles.usage_room.succeeded(now) {
            tracing::info!(count, "instances have room for usage again");
        }
    }

    fn write_counts(
        &self,
        report: &AcceptedReport,
        counts: &OutcomeCounts,
        times: Option<u64>,
        is_warning: bool,
    ) {
        let origin = self.origin.as_deref();
        let [reads, writes] = report.operations;
        let some = |count: usize| Some(count).filter(|count| *count > 0);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    requestId = origin.and_then(|origin| origin.request_id.as_deref()),
                    address = origin.and_then(|origin| origin.address).map(tracing::field::display),
                    function = origin.map(|origin| origin.process.function),
                    instanceId = report.ids.instance_id,
                    status = report.answer.status().as_u16(),
                    records = report.answer.len(),
                    instances = report.instances,
                    accepted = counts.accepted,
                    repeatedRecords = some(counts.repeated),
                    rejected = some(counts.rejected),
                    reasons = counts.reasons(),
                    retry = some(counts.retry),
                    fault = report.failure.map(tracing::field::display),
                    late = some(counts.late),
                    almostFull = some(report.almost_full),
                    repeated = times.filter(|count| *count > 1),
                    reads,
                    writes,
                    storeMillis = millis(report.store),
                    millis = millis(self.took),
                    "usage reported"
                )
            };
        }
        if is_warning {
            line!(warn);
        } else {
            line!(info);
        }
    }

    /// Writes the line of a report that was rejected as a whole: a warning as
    /// [`Self::write_reported`] says. Of the reports that are not proven, only some have a line.
    pub fn write_rejected(&self, refusal: UsageRefusal, trouble: &TroubleLog, now: Duration) {
        let origin = self.origin.as_deref();
        let unlogged = if refusal.is_unproven() { may_log_unproven(origin) } else { Some(None) };
        let Some(unlogged) = unlogged else { return };
        let times = if refusal.is_unproven() { None } else { trouble.occurred(now) };
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    requestId = origin.and_then(|origin| origin.request_id.as_deref()),
                    address = origin.and_then(|origin| origin.address).map(tracing::field::display),
                    function = origin.map(|origin| origin.process.function),
                    outcome = refusal.outcome(),
                    fault = %refusal,
                    status = refusal.status().as_u16(),
                    repeated = times.filter(|count| *count > 1),
                    unlogged,
                    millis = millis(self.took),
                    "usage report rejected"
                )
            };
        }
        if times.is_some() {
            line!(warn);
        } else {
            line!(info);
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
