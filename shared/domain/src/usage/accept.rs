//! The rules by which a reported window is accepted (decisions J1, J2).

use std::time::Duration;

use protocol::time::UnixMillis;

use super::cycle::{Lateness, UsageCycle};
use super::instance_usage::{InstanceUsage, MAX_PACKAGES, MAX_WINDOWS};
use super::life::UsageLife;
use super::reject_reason::RejectReason;
use super::report::ReportedRecord;
use super::send_time::{USAGE_ENDS_AFTER, first_send_at};
use super::usage_record::{RecordState, UsageRecord, WaitingRecord};

/// What becomes of a reported record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordVerdict {
    /// It is accepted.
    Accepted {
        /// Whether its deadline has passed.
        is_late: bool,
    },
    /// It was accepted before.
    Repeated,
    /// It is rejected.
    Rejected(RejectReason),
}

impl InstanceUsage {
    /// Accepts a reported window, or says why it is rejected. Only an accepted one changes the value.
    pub fn accept(
        &mut self,
        reported: &ReportedRecord,
        life: UsageLife,
        cycle: UsageCycle,
        now: UnixMillis,
    ) -> RecordVerdict {
        match self.fault(reported, life, now) {
            None => self.add(reported, cycle, now),
            Some(Fault::Known) => RecordVerdict::Repeated,
            Some(Fault::Reason(reason)) => RecordVerdict::Rejected(reason),
        }
    }

    /// What becomes of a reported window if the value has no room for one more.
    pub(super) fn judge_without_room(
        &self,
        reported: &ReportedRecord,
        life: UsageLife,
        now: UnixMillis,
    ) -> RecordVerdict {
        match self.fault(reported, life, now) {
            None => RecordVerdict::Rejected(RejectReason::InstanceFull),
            Some(Fault::Known) => RecordVerdict::Repeated,
            Some(Fault::Reason(reason)) => RecordVerdict::Rejected(reason),
        }
    }

    fn fault(&self, reported: &ReportedRecord, life: UsageLife, now: UnixMillis) -> Option<Fault> {
        too_old(reported, now)
            .or_else(|| self.conflict(reported))
            .or_else(|| outside(reported, life, now))
            .or_else(|| self.overlap(reported))
            .or_else(|| self.no_room(reported))
    }

    fn conflict(&self, reported: &ReportedRecord) -> Option<Fault> {
        let known = self.record(reported.window)?;
        let is_same = known.quantity == reported.quantity && known.package == reported.package;
        Some(if is_same { Fault::Known } else { Fault::Reason(RejectReason::OtherValue) })
    }

    fn overlap(&self, reported: &ReportedRecord) -> Option<Fault> {
        let place = self.place_of(reported);
        // The windows never overlap, so only the two neighbours can.
        let before = place.checked_sub(1).and_then(|place| self.records.get(place));
        let mut neighbours = before.into_iter().chain(self.records.get(place));
        let any = neighbours.any(|record| record.window.overlaps(reported.window));
        any.then_some(Fault::Reason(RejectReason::Overlaps))
    }

    fn no_room(&self, reported: &ReportedRecord) -> Option<Fault> {
        let packages = self.packages();
        let is_new = reported.package.as_ref().is_some_and(|package| !packages.contains(&package));
        let is_full = self.records.len() >= MAX_WINDOWS || is_new && packages.len() >= MAX_PACKAGES;
        is_full.then_some(Fault::Reason(RejectReason::InstanceFull))
    }

    fn add(
        &mut self,
        reported: &ReportedRecord,
        cycle: UsageCycle,
        now: UnixMillis,
    ) -> RecordVerdict {
        let ReportedRecord { window, quantity, package, .. } = reported.clone();
        let lateness = cycle.lateness(window.end(), now);
        let is_late = lateness == Lateness::Missing && !quantity.is_zero();
        let told = if is_late { Lateness::Missing } else { Lateness::InTime };
        let state = if quantity.is_zero() {
            RecordState::Zero
        } else {
            let next = first_send_at(window.end(), now);
            RecordState::Waiting(WaitingRecord::new(now.whole_second(), next, told))
        };
        let place = self.place_of(reported);
        self.records.insert(place, UsageRecord { window, quantity, package, number: 0, state });
        self.newest_end = self.newest_end.max(Some(window.end()));
        RecordVerdict::Accepted { is_late }
    }

    fn place_of(&self, reported: &ReportedRecord) -> usize {
        self.records.partition_point(|record| record.window.begin() < reported.window.begin())
    }
}

/// Why a record is not accepted.
enum Fault {
    Known,
    Reason(RejectReason),
}

fn too_old(reported: &ReportedRecord, now: UnixMillis) -> Option<Fault> {
    let is_old = now.since(reported.window.begin()) > USAGE_ENDS_AFTER;
    is_old.then_some(Fault::Reason(RejectReason::TooOld))
}

fn outside(reported: &ReportedRecord, life: UsageLife, now: UnixMillis) -> Option<Fault> {
    let window = reported.window;
    let reason = if window.end() > now.after(MAX_AHEAD) {
        RejectReason::InFuture
    } else if life.begins.is_some_and(|begins| window.begin() < begins) {
        RejectReason::BeforeInstance
    } else if life.ends.is_some_and(|ends| window.end() > ends) {
        RejectReason::AfterRelease
    } else {
        return None;
    };
    Some(Fault::Reason(reason))
}

/// How far in the future a window may end, because clocks differ (decision J1).
const MAX_AHEAD: Duration = Duration::from_secs(5);
