//! What lasts and what was said, as all relays share it.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::kind::AlarmKind;

/// What lasts, and what was said. If it is lost, what lasts is said once more.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct AlarmState {
    /// What lasts, by the kind's name. A newer koohook may have kinds that are unknown here.
    #[serde(default)]
    pub(super) alarms: BTreeMap<String, LastingAlarm>,
    /// Until when one relay posts. The others say nothing meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<UnixMillis>,
    /// How many posts failed in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) failed: u32,
    /// When to post again after a failed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry: Option<UnixMillis>,
}

/// Something wrong that lasts, or whose end was not said yet.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LastingAlarm {
    /// When it was first seen.
    pub since: UnixMillis,
    /// When it was last seen. It may have been seen up to five minutes later.
    pub seen: UnixMillis,
    /// When people were last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<UnixMillis>,
    /// Its newest count, or the sum of all counts.
    #[serde(default)]
    pub count: u64,
    /// When it was over. People were not told yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<UnixMillis>,
}

impl AlarmState {
    /// What lasts, by kind.
    pub fn lasting(&self) -> impl Iterator<Item = (AlarmKind, LastingAlarm)> {
        let known = |kind: AlarmKind| Some((kind, *self.alarms.get(kind.as_str())?));
        AlarmKind::ALL.into_iter().filter_map(known)
    }

    /// How many posts failed in a row, and when the relay posts again.
    pub const fn failed_posts(&self) -> (u32, Option<UnixMillis>) {
        (self.failed, self.retry)
    }

    /// Whether nothing lasts, and no post failed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what a process said while it could not read this state.
    pub fn adopt(&mut self, other: &Self) {
        for (kind, theirs) in other.lasting() {
            let name = kind.as_str().to_owned();
            let known = self.alarms.entry(name).or_insert(LastingAlarm { count: 0, ..theirs });
            known.since = known.since.min(theirs.since);
            known.seen = known.seen.max(theirs.seen);
            known.said = known.said.max(theirs.said);
            let sum = known.count.saturating_add(theirs.count);
            known.count = if kind.adds_up() { sum } else { known.count.max(theirs.count) };
            known.ended = None;
        }
    }

    /// The troubles of these kinds, for a process that cannot read this state from now on and sees no
    /// others. Only its own faults count, since [`Self::adopt`] adds them later.
    #[must_use]
    pub fn said_before(&self, kinds: &[AlarmKind]) -> Self {
        let seen = self.lasting().filter(|(kind, _)| kinds.contains(kind));
        let uncounted = |(kind, alarm): (AlarmKind, LastingAlarm)| {
            (kind.as_str().to_owned(), LastingAlarm { count: 0, ..alarm })
        };
        Self { alarms: seen.map(uncounted).collect(), ..Self::default() }
    }

    /// A wrong clock must not silence an alarm for years: a time of more than an hour in the future
    /// counts as now.
    pub(super) fn clamp(&mut self, now: UnixMillis) {
        let latest = now.after(FARTHEST);
        let clamped = |at: UnixMillis| if at > latest { now } else { at };
        for alarm in self.alarms.values_mut() {
            alarm.since = clamped(alarm.since);
            alarm.seen = clamped(alarm.seen);
            alarm.said = alarm.said.map(clamped);
            alarm.ended = alarm.ended.map(clamped);
        }
        self.claim = self.claim.map(clamped).filter(|until| *until > now);
        self.retry = self.retry.map(clamped);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The farthest time in the future that counts.
const FARTHEST: Duration = Duration::from_hours(1);
