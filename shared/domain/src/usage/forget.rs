//! When a window is deleted. Deleting cannot be undone, so it takes two runs of the relay (decision
//! D12).

use std::time::Duration;

use protocol::time::UnixMillis;

use super::instance_usage::InstanceUsage;
use super::send_time::{REFUSED_AFTER, USAGE_ENDS_AFTER};
use super::usage_record::{RecordState, UsageRecord};
use crate::instance::CHECK_AGAIN;

/// When a record may be deleted: after the product's repeats of it are rejected as too old. A record
/// that waits is kept until the marketplace would refuse it.
pub(super) fn forgettable_at(record: &UsageRecord) -> UnixMillis {
    let span = match record.state {
        RecordState::Waiting(_) => REFUSED_AFTER,
        RecordState::Zero | RecordState::Sent | RecordState::Rejected { .. } => {
            USAGE_ENDS_AFTER.saturating_add(SLACK)
        }
    };
    record.window.begin().after(span)
}

impl InstanceUsage {
    /// Deletes old windows, or records that a run has found them. Returns the windows that waited:
    /// the marketplace would refuse them now.
    pub(super) fn pass(&mut self, now: UnixMillis) -> Vec<UsageRecord> {
        let is_old = |record: &UsageRecord| forgettable_at(record) <= now;
        if !self.records.iter().any(is_old) {
            self.sighted = None;
            return Vec::new();
        }
        match self.sighted {
            Some(sighted) if sighted <= now && now < sighted.after(CHECK_AGAIN) => Vec::new(),
            Some(sighted) if sighted <= now && now <= sighted.after(SIGHTING_LASTS) => {
                self.sighted = None;
                self.forget(now)
            }
            Some(_) | None => {
                self.sighted = Some(now);
                Vec::new()
            }
        }
    }

    fn forget(&mut self, now: UnixMillis) -> Vec<UsageRecord> {
        let is_old = |record: &mut UsageRecord| forgettable_at(record) <= now;
        let old: Vec<_> = self.records.extract_if(.., is_old).collect();
        let (dropped, settled): (Vec<_>, Vec<_>) =
            old.into_iter().partition(|record| record.waiting().is_some());
        let counted = settled.into_iter().filter(UsageRecord::counts);
        self.forgotten = counted.fold(self.forgotten, |sum, record| sum.plus(record.quantity));
        dropped
    }
}

/// A repeat may arrive while clocks differ a little.
const SLACK: Duration = Duration::from_mins(30);

/// A sighting that is older than this does not count: the clock may have jumped in between.
const SIGHTING_LASTS: Duration = Duration::from_hours(24);
