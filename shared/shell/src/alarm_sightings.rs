//! What this process saw of the things of which people are told, until the relay tells them (decision
//! I7). Steps note what they see. It costs a few instructions, also if no robot is set.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::alarm::{AlarmKind, AlarmSighting, AlarmSightings, AlarmState};

/// What this process saw, and what it said while it could not read the store.
#[derive(Debug, Default)]
pub struct SeenAlarms(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    seen: BTreeMap<AlarmKind, SeenKind>,
    /// What it said while the store was down.
    own: AlarmState,
    /// What all processes had said when this one last read or wrote it.
    shared: AlarmState,
    /// When the relay last looked, as the process's time.
    looked: Option<Duration>,
    /// When this process posted, the oldest first.
    posts: VecDeque<Duration>,
}

/// What was seen of one kind since the last look.
#[derive(Clone, Copy, Debug, Default)]
struct SeenKind {
    faults: u64,
    oldest: Option<Duration>,
    /// Whether something showed that it is well.
    is_fine: bool,
    /// Whether a fault counts although something else showed that it is well.
    is_certain: bool,
}

impl SeenAlarms {
    /// Notes a fault that counts, whatever else is seen. Counts that replace each other are not added
    /// up here, either.
    pub fn fault(&self, kind: AlarmKind, count: u64) {
        self.note(kind, |seen| {
            seen.add(kind, count);
            seen.is_certain = true;
        });
    }

    /// Notes how many there are now, and how long the oldest has waited.
    pub fn found(&self, kind: AlarmKind, count: u64, oldest: Option<Duration>) {
        self.note(kind, |seen| {
            (seen.faults, seen.oldest, seen.is_certain) = (seen.faults.max(count), oldest, true);
        });
    }

    /// Notes a fault that counts only if nothing shows that it is well.
    pub fn doubt(&self, kind: AlarmKind) {
        self.note(kind, |seen| seen.add(kind, 1));
    }

    /// Notes that something is well.
    pub fn fine(&self, kind: AlarmKind) {
        self.note(kind, |seen| seen.is_fine = true);
    }

    /// Whether the relay looks now: not more than twice a minute, since each look costs a read.
    pub(crate) fn may_look(&self, now: Duration) -> bool {
        let mut inner = self.lock();
        let may = inner.looked.is_none_or(|looked| now.saturating_sub(looked) >= LOOKED_EVERY);
        if may {
            inner.looked = Some(now);
        }
        may
    }

    /// Whether this process may post now. Whatever the stored value says, it posts at most 30 times
    /// an hour.
    pub(crate) fn may_post(&self, now: Duration) -> bool {
        let mut inner = self.lock();
        while inner.posts.front().is_some_and(|post| now.saturating_sub(*post) >= HOUR) {
            inner.posts.pop_front();
        }
        inner.posts.len() < MAX_POSTS
    }

    /// Notes a post.
    pub(crate) fn note_post(&self, now: Duration) {
        self.lock().posts.push_back(now);
    }

    /// Takes what was seen since the last look.
    pub(crate) fn take(&self) -> AlarmSightings {
        let seen = std::mem::take(&mut self.lock().seen);
        seen.into_iter().filter_map(|(kind, seen)| Some((kind, seen.sighting()?))).collect()
    }

    /// Puts back what could not be stored.
    pub(crate) fn put_back(&self, seen: &AlarmSightings) {
        for (kind, sighting) in seen {
            match sighting {
                AlarmSighting::Fault { count, .. } => self.fault(*kind, *count),
                AlarmSighting::Fine => self.fine(*kind),
            }
        }
    }

    /// What this process said while the store was down.
    pub(crate) fn own(&self) -> AlarmState {
        self.lock().own.clone()
    }

    /// What this process knows of what was said of these kinds, while it cannot read it: what it said
    /// itself since, else what all had said before. A store that fails again and again is not news each
    /// time.
    pub(crate) fn base(&self, kinds: &[AlarmKind]) -> AlarmState {
        let inner = self.lock();
        if inner.own.is_empty() { inner.shared.said_before(kinds) } else { inner.own.clone() }
    }

    /// Remembers what all processes said. It contains what this one said while the store was down.
    pub(crate) fn set_shared(&self, shared: Option<&AlarmState>) {
        let mut inner = self.lock();
        (inner.own, inner.shared) = (AlarmState::default(), shared.cloned().unwrap_or_default());
    }

    /// Remembers what this process said while the store was down.
    pub(crate) fn set_own(&self, own: AlarmState) {
        self.lock().own = own;
    }

    fn note(&self, kind: AlarmKind, note: impl FnOnce(&mut SeenKind)) {
        note(self.lock().seen.entry(kind).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each statement leaves the value consistent, so that a panic under the lock does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SeenKind {
    fn add(&mut self, kind: AlarmKind, count: u64) {
        let sum = self.faults.saturating_add(count);
        self.faults = if kind.adds_up() { sum } else { self.faults.max(count) };
    }

    /// What it shows; `None` if it contradicts itself.
    fn sighting(self) -> Option<AlarmSighting> {
        let Self { faults, oldest, is_fine, is_certain } = self;
        match (faults, is_fine) {
            (0, true) => Some(AlarmSighting::Fine),
            (0, false) => None,
            (count, false) => Some(AlarmSighting::Fault { count, oldest }),
            (count, true) => is_certain.then_some(AlarmSighting::Fault { count, oldest }),
        }
    }
}

/// How often the relay looks at what was seen. Timers start it each minute, not exactly.
const LOOKED_EVERY: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);
const MAX_POSTS: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_counts_only_if_nothing_is_well() {
        let seen = SeenAlarms::default();
        let kind = AlarmKind::ProductDown;
        let fault = |count| AlarmSightings::from([(kind, AlarmSighting::fault(count))]);
        assert_eq!(seen.take(), AlarmSightings::new());
        seen.doubt(kind);
        seen.doubt(kind);
        assert_eq!(seen.take(), fault(2));
        seen.doubt(kind);
        seen.fine(kind);
        assert_eq!(seen.take(), AlarmSightings::new(), "a product that accepts others is not down");
        seen.fine(kind);
        seen.fault(kind, 5);
        assert_eq!(seen.take(), fault(5));
        seen.fine(kind);
        assert_eq!(seen.take(), AlarmSightings::from([(kind, AlarmSighting::Fine)]));
    }

    #[test]
    fn what_is_put_back_is_added_to_what_is_seen_later() {
        let seen = SeenAlarms::default();
        let counts = |kind| {
            seen.fault(kind, 3);
            seen.put_back(&seen.take());
            seen.fault(kind, 2);
            seen.take()
        };
        for (kind, count) in [(AlarmKind::CallsFailed, 5), (AlarmKind::NoticesDead, 3)] {
            assert_eq!(counts(kind), AlarmSightings::from([(kind, AlarmSighting::fault(count))]));
        }
    }

    #[test]
    fn a_process_posts_at_most_30_times_an_hour() {
        let seen = SeenAlarms::default();
        let posts = (0..120).filter(|minute| {
            let now = Duration::from_mins(*minute);
            let may = seen.may_post(now);
            if may {
                seen.note_post(now);
            }
            may
        });
        let expected: Vec<_> = (0..30).chain(60..90).collect();
        assert_eq!(posts.collect::<Vec<_>>(), expected);
    }
}
