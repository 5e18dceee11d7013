//! The answer to a report of windows (decision J1).

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::usage::{RecordVerdict, RejectReason, UsageReport};
use http::StatusCode;
use protocol::json::to_ascii;
use serde::Serialize;

/// The outcome of one record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RecordOutcome {
    /// The rules decided, and what was accepted is stored.
    Decided(RecordVerdict),
    /// The store failed, or the time ran out. The product sends the record again.
    Retry,
}

/// The answer to a report: the outcome of each record, in the order of the report.
pub(super) struct ReportAnswer {
    records: Vec<(Option<String>, RecordOutcome)>,
}

/// How many records have each outcome.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct OutcomeCounts {
    pub accepted: usize,
    pub repeated: usize,
    pub rejected: usize,
    pub retry: usize,
    /// The accepted ones whose deadline has passed.
    pub late: usize,
    reasons: BTreeMap<RejectReason, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRecord<'a> {
    record_id: Option<&'a str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct WireAnswer<'a> {
    records: Vec<WireRecord<'a>>,
}

impl RecordOutcome {
    /// The status and the reason, as the product gets them.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Decided(RecordVerdict::Accepted { .. }) => ("accepted", None),
            Self::Decided(RecordVerdict::Repeated) => ("repeated", None),
            Self::Decided(RecordVerdict::Rejected(reason)) => ("rejected", Some(reason.as_str())),
            Self::Retry => ("retry", None),
        }
    }
}

impl OutcomeCounts {
    /// How many records have each status.
    pub const fn by_status(&self) -> [(&'static str, usize); 4] {
        let Self { accepted, repeated, rejected, retry, .. } = *self;
        [("accepted", accepted), ("repeated", repeated), ("rejected", rejected), ("retry", retry)]
    }
}

impl ReportAnswer {
    /// The answer to a report in which only malformed records are decided. The others are still to
    /// be set.
    pub fn of_malformed(report: &UsageReport) -> Self {
        let malformed = RecordOutcome::Decided(RecordVerdict::Rejected(RejectReason::Malformed));
        let records = report.lines.iter().map(|line| {
            let outcome = line.record.as_ref().map_or(malformed, |_| RecordOutcome::Retry);
            (line.record_id.clone(), outcome)
        });
        Self { records: records.collect() }
    }

    /// Sets the outcome of the record at a place of the report.
    pub fn set(&mut self, place: usize, outcome: RecordOutcome) {
        if let Some((_, current)) = self.records.get_mut(place) {
            *current = outcome;
        }
    }

    /// How many records there are.
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// The HTTP status: 503 if a record must be sent again.
    pub fn status(&self) -> StatusCode {
        let is_retry = |outcome: &RecordOutcome| *outcome == RecordOutcome::Retry;
        if self.records.iter().any(|(_, outcome)| is_retry(outcome)) {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        }
    }

    /// The body.
    pub fn to_json(&self) -> Bytes {
        let records = self.records.iter().map(|(record_id, outcome)| {
            let (status, reason) = outcome.words();
            WireRecord { record_id: record_id.as_deref(), status, reason }
        });
        // Only a map whose keys are not texts cannot be written.
        Bytes::from(to_ascii(&WireAnswer { records: records.collect() }).unwrap_or_default())
    }

    /// Counts the records of each outcome.
    pub fn counts(&self) -> OutcomeCounts {
        let mut counts = OutcomeCounts::default();
        for (_, outcome) in &self.records {
            match outcome {
                RecordOutcome::Decided(RecordVerdict::Accepted { is_late }) => {
                    counts.accepted += 1;
                    counts.late += usize::from(*is_late);
                }
                RecordOutcome::Decided(RecordVerdict::Repeated) => counts.repeated += 1,
                RecordOutcome::Decided(RecordVerdict::Rejected(reason)) => {
                    counts.rejected += 1;
                    *counts.reasons.entry(*reason).or_default() += 1;
                }
                RecordOutcome::Retry => counts.retry += 1,
            }
        }
        counts
    }
}

impl OutcomeCounts {
    /// Each reason with its count, as `overlaps 2 too-old 1`; `None` if no record is rejected.
    pub fn reasons(&self) -> Option<String> {
        let reasons =
            self.reasons.iter().map(|(reason, count)| format!("{} {count}", reason.as_str()));
        let reasons: Vec<_> = reasons.collect();
        (!reasons.is_empty()).then(|| reasons.join(" "))
    }
}
