//! When a window is deleted. Deleting cannot be undone, so it takes two runs of the relay (decision
//! D12).

use std::time::Duration;

use protocol::time::UnixMillis;

use super::instance_usage::InstanceUsage;
use super::send_time::{REFUSED_AFTER, USAGE_ENDS_AFTER};
use super::usage_record::{RecordState, UsageRecord};
use crate::instance::CHECK_AGAIN;

/// When a record may be deleted: after every window that could overlap it is rejected as too old, so
/// that no second is billed twice. A record that waits is also kept until the marketplace would refuse
/// it.
pub(super) fn forgettable_at(record: &UsageRecord) -> UnixMillis {
    let window = record.window;
    let overlapped = window.end().after(USAGE_ENDS_AFTER.saturating_add(SLACK));
    match record.state {
        RecordState::Waiting(_) => overlapped.max(window.begin().after(REFUSED_AFTER)),
        RecordState::Zero | RecordState::Sent | RecordState::Rejected { .. } => overlapped,
    }
}

impl InstanceUsage {
    /// Deletes old windows, or records that a run has found them. Returns the windows that waited:
    /// the marketplace would refuse them now.
    pub(super) fn pass(&mut self, now: UnixMillis) -> Vec<UsageRecord> {
        match self.sighted {
            Some(sighted) if sighted <= now && now < sighted.after(CHECK_AGAIN) => Vec::new(),
            Some(sighted) if sighted <= now && now <= sighted.after(SIGHTING_LASTS) => {
                let dropped = self.forget(sighted);
                self.sight(now);
                dropped
            }
            Some(_) | None => {
                self.sight(now);
                Vec::new()
            }
        }
    }

    fn has_old(&self, now: UnixMillis) -> bool {
        self.records.iter().any(|record| forgettable_at(record) <= now)
    }

    fn sight(&mut self, now: UnixMillis) {
        self.sighted = self.has_old(now).then_some(now);
    }

    /// Deletes the windows that were old at the sighting. A window that only the second run finds
    /// old was seen by one clock.
    fn forget(&mut self, sighted: UnixMillis) -> Vec<UsageRecord> {
        let is_old = |record: &mut UsageRecord| forgettable_at(record) <= sighted;
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
