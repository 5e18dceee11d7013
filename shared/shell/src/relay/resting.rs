//! Entities that this process cannot use: another key sealed them, a newer koohook wrote them, or
//! they are damaged. Each rests a minute, then twice as long each time, up to an hour. They stay
//! on the agenda, where others may use them, but neither crowd out what is behind them nor fill
//! the log.
//!
//! The agenda's front may be theirs alone. So it is read from its beginning once a minute, and in
//! between from where the first entry was that does not rest.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use protocol::time::UnixMillis;

use crate::failure::Failure;
use crate::store::Entry;

/// The entities that rest, and how far the agenda's front is theirs.
#[derive(Debug, Default)]
pub struct Resting {
    keys: BTreeMap<String, Rest>,
    /// Where to read from until the minute is over.
    front: Option<UnixMillis>,
    read_from_beginning: Option<Duration>,
    told: Option<Duration>,
}

#[derive(Debug)]
struct Rest {
    /// Where it is on the agenda, once that was seen. A writer that can use it moves it.
    at: Option<UnixMillis>,
    until: Duration,
    span: Duration,
}

/// The shortest rest, and the longest.
const SPAN: [Duration; 2] = [Duration::from_mins(1), Duration::from_hours(1)];
/// How often the agenda is read from its beginning, and the log told again.
const MINUTE: Duration = Duration::from_mins(1);
/// How far behind the present an entry may appear: clocks differ, and writes take time.
const LATE: Duration = Duration::from_mins(5);
/// How many entities rest at most; more are tried with every run.
const MAX_KEYS: usize = 100_000;

impl Resting {
    /// Which part of the agenda to read, and how much more of it than is asked for.
    pub fn span(&mut self, now: UnixMillis, elapsed: Duration) -> (UnixMillis, usize) {
        let is_long_ago =
            self.read_from_beginning.is_none_or(|at| elapsed.saturating_sub(at) >= MINUTE);
        if is_long_ago {
            // What is no longer tried is no longer on the agenda.
            let is_on = |rest: &Rest| elapsed < rest.until.saturating_add(2 * MINUTE);
            self.keys.retain(|_, rest| is_on(rest));
            self.read_from_beginning = Some(elapsed);
            self.front = None;
        }
        if self.keys.is_empty() {
            return (UnixMillis::EPOCH, 0);
        }
        let from = self.front.unwrap_or(UnixMillis::EPOCH).min(now);
        let more = self.keys.values().filter(|rest| rest.at.is_none_or(|at| at >= from)).count();
        (from, more)
    }

    /// Leaves out those that rest; `span` is what was read.
    pub fn sift(
        &mut self,
        entries: Vec<Entry>,
        span: &RangeInclusive<UnixMillis>,
        is_all: bool,
        elapsed: Duration,
    ) -> Vec<Entry> {
        if self.keys.is_empty() {
            return entries;
        }
        let end = if is_all { *span.end() } else { entries.last().map_or(*span.end(), |it| it.at) };
        let mut awake = entries;
        self.leave_out(&mut awake, elapsed);
        let first = awake.first().map_or(end, |entry| entry.at);
        let late =
            UnixMillis::EPOCH.after(span.end().since(UnixMillis::EPOCH).saturating_sub(LATE));
        self.front = Some(first.min(late));
        awake
    }

    /// Leaves out those that rest, wherever they were read.
    pub fn leave_out(&mut self, entries: &mut Vec<Entry>, elapsed: Duration) {
        entries.retain(|entry| !self.rests(entry, elapsed));
    }

    /// How many rest.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    fn rests(&mut self, entry: &Entry, elapsed: Duration) -> bool {
        let Some(rest) = self.keys.get_mut(&entry.key) else { return false };
        if *rest.at.get_or_insert(entry.at) != entry.at {
            rest.at = Some(entry.at);
            rest.until = elapsed;
        }
        elapsed < rest.until
    }

    /// Lets an entity rest that cannot be used.
    pub fn begin(&mut self, key: &str, fault: Failure, elapsed: Duration) {
        let [least, most] = SPAN;
        let known = self.keys.get(key);
        let span = known.map_or(least, |rest| rest.span.saturating_mul(2).min(most));
        let at = known.and_then(|rest| rest.at);
        if known.is_some() || self.keys.len() < MAX_KEYS {
            let until = elapsed.saturating_add(span);
            self.keys.insert(key.to_owned(), Rest { at, until, span });
        }
        if self.told.is_none_or(|told| elapsed.saturating_sub(told) >= MINUTE) {
            self.told = Some(elapsed);
            let (count, advice) = (self.keys.len(), advice(fault));
            tracing::error!(fault = %fault, key, count, advice, "values cannot be used");
        }
    }

    /// Takes note of an entity that was used.
    pub fn end(&mut self, key: &str) {
        if self.keys.remove(key).is_some() && self.keys.is_empty() && self.told.take().is_some() {
            tracing::warn!("all values can be used again");
        }
    }
}

/// Whether a failure is the entity's own, and lasts until it is written anew.
pub const fn lasts(fault: Failure) -> bool {
    match fault {
        Failure::Unopened | Failure::SealedElsewhere | Failure::Value(_) | Failure::List(_) => true,
        Failure::StoreUnavailable | Failure::OutOfTime | Failure::Contended | Failure::Panicked => {
            false
        }
    }
}

const fn advice(fault: Failure) -> &'static str {
    match fault {
        Failure::Unopened | Failure::SealedElsewhere => {
            "add the key that they were sealed with to KOOHOOK_SEAL_KEY_PREVIOUS"
        }
        Failure::Value(_) | Failure::List(_) => {
            "run the newest koohook that writes to this store; if that does not help, restore these \
             values from a backup"
        }
        Failure::StoreUnavailable | Failure::OutOfTime | Failure::Contended | Failure::Panicked => {
            "none: they are tried again"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> UnixMillis {
        UnixMillis::new(millis)
    }

    fn entries(keys: &[(&str, u64)]) -> Vec<Entry> {
        keys.iter().map(|(key, due)| Entry { key: (*key).to_owned(), at: at(*due) }).collect()
    }

    fn sift(resting: &mut Resting, keys: &[(&str, u64)], elapsed: Duration) -> Vec<String> {
        let span = at(0)..=at(1_000_000);
        let awake = resting.sift(entries(keys), &span, true, elapsed);
        awake.into_iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn a_rest_grows_to_an_hour() {
        let mut resting = Resting::default();
        let mut elapsed = Duration::ZERO;
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            resting.begin("a", Failure::Unopened, elapsed);
            elapsed += Duration::from_mins(minutes);
            let before = elapsed.saturating_sub(Duration::from_millis(1));
            assert_eq!(sift(&mut resting, &[("a", 5), ("b", 6)], before), ["b"], "{minutes}");
            assert_eq!(sift(&mut resting, &[("a", 5), ("b", 6)], elapsed), ["a", "b"], "{minutes}");
        }
        resting.end("a");
        assert_eq!(sift(&mut resting, &[("a", 5)], Duration::ZERO), ["a"]);
    }

    #[test]
    fn an_entity_that_was_moved_on_the_agenda_is_tried_at_once() {
        let mut resting = Resting::default();
        resting.begin("a", Failure::Unopened, Duration::ZERO);
        assert!(sift(&mut resting, &[("a", 5)], Duration::ZERO).is_empty());
        assert_eq!(sift(&mut resting, &[("a", 7)], Duration::ZERO), ["a"]);
    }

    #[test]
    fn the_front_that_rests_is_read_once_a_minute() {
        let mut resting = Resting::default();
        let (now, hour) = (at(10_000_000), Duration::from_hours(1));
        assert_eq!(resting.span(now, hour), (at(0), 0));
        for key in ["a", "b"] {
            resting.begin(key, Failure::Unopened, hour);
        }
        let all = entries(&[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(resting.span(now, hour), (at(0), 2));
        resting.sift(all.clone(), &(at(0)..=now), true, hour);
        assert_eq!(resting.span(now, hour), (at(3), 0), "the first that does not rest");
        resting.sift(all[2..].to_vec(), &(at(3)..=now), true, hour);
        assert_eq!(resting.span(now, hour), (at(3), 0));
        resting.sift(Vec::new(), &(at(3)..=now), true, hour);
        let late = now.millis() - 300_000;
        assert_eq!(resting.span(now, hour), (at(late), 0), "an entry may appear late");
        let later = hour + Duration::from_secs(59);
        assert_eq!(resting.span(now, later), (at(late), 0));
        assert_eq!(resting.span(now, later + Duration::from_secs(1)), (at(0), 2));
    }
}
