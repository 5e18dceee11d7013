//! What a test asks the marketplace afterwards.

use super::UsageMarketplace;
use super::record::{ReceivedRecord, RecordCode, RecordState};

/// A request that reached the marketplace or its gateway.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceivedRequest {
    /// When it was received, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// The HTTP status of the answer; 0 if the request was lost.
    pub status: u16,
    /// The `error_code` of the answer, such as `MKT.0000`; empty if it has none.
    pub code: String,
    /// How many records the marketplace kept.
    pub kept: usize,
}

impl UsageMarketplace {
    /// The exact sum of an instance's records that are in a bill, such as `12.5`.
    #[must_use]
    pub fn billed(&self, instance_id: &str) -> String {
        let is_billed = |state| matches!(state, RecordState::Billed { .. });
        self.ledger.sum(instance_id, is_billed).to_string()
    }

    /// The exact sum of an instance's records that are in a bill or will be in the next one.
    #[must_use]
    pub fn billable(&self, instance_id: &str) -> String {
        self.ledger.sum(instance_id, |_| true).to_string()
    }

    /// Every record, in the order of arrival. Repeats count.
    #[must_use]
    pub fn received_records(&self) -> &[ReceivedRecord] {
        &self.ledger.records
    }

    /// The records that are anomalies, without the repeats of a window.
    pub fn rejected_records(&self) -> impl Iterator<Item = &ReceivedRecord> {
        let is_fault = |record: &&ReceivedRecord| {
            record.rejected().is_some_and(|code| code != RecordCode::WindowRepeated)
        };
        self.ledger.records.iter().filter(is_fault)
    }

    /// The records that repeat a window.
    pub fn duplicates(&self) -> impl Iterator<Item = &ReceivedRecord> {
        let is_repeat =
            |record: &&ReceivedRecord| record.rejected() == Some(RecordCode::WindowRepeated);
        self.ledger.records.iter().filter(is_repeat)
    }

    /// The records that repeat a window with another value, number, package or time. A right seller
    /// sends none: the marketplace drops such a correction.
    pub fn altered_duplicates(&self) -> impl Iterator<Item = &ReceivedRecord> {
        self.ledger.altered.iter().filter_map(|at| self.ledger.records.get(*at))
    }

    /// The records that count although their window overlaps another one of the instance: the buyer
    /// may pay twice.
    pub fn overlaps(&self) -> impl Iterator<Item = &ReceivedRecord> {
        self.ledger.overlapping.iter().filter_map(|at| self.ledger.records.get(*at))
    }

    /// The records that came too late for their bill; only the first of each window.
    ///
    /// Hourly: more than 2 hours after the window's end. Daily: after 01:00 Beijing time of the next
    /// day.
    #[must_use]
    pub fn late(&self) -> Vec<&ReceivedRecord> {
        self.ledger.late(self.rules.billing)
    }

    /// Every request, also a lost one.
    #[must_use]
    pub fn requests(&self) -> &[ReceivedRequest] {
        &self.requests
    }

    /// How many signatures only one of the two readings accepted.
    #[must_use]
    pub const fn signature_disagreements(&self) -> usize {
        self.disagreements
    }

    /// How often a nonce was used again.
    #[must_use]
    pub const fn nonce_repeats(&self) -> usize {
        self.nonce_repeats
    }

    /// How often the gateway locked the access key.
    #[must_use]
    pub const fn access_key_locks(&self) -> usize {
        self.lock.times
    }
}
