//! Entities that this process cannot use: another key sealed them, a newer koohook wrote them, or
//! they are damaged. The relay skips each for a minute, then twice as long each time, up to an
//! hour. They stay on the agenda, where other processes may use them. They do not delay the entries
//! after them, and they do not fill the log.
//!
//! The first entries of the agenda may all be unusable. So the relay reads the agenda from its
//! beginning once a minute, and otherwise from the first entry that was not skipped.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use domain::record::RecordError;
use protocol::time::UnixMillis;

use crate::failure::Failure;
use crate::store::Entry;
use crate::trouble_log::TroubleLog;

/// The entities that are skipped, and the time from which the agenda is read.
#[derive(Debug, Default)]
pub struct UnusableEntities {
    skipped: BTreeMap<String, Skip>,
    /// The time from which the relay reads the agenda, until its next read from the beginning.
    read_from: Option<UnixMillis>,
    read_from_beginning: Option<Duration>,
    trouble: TroubleLog,
}

#[derive(Debug)]
struct Skip {
    /// The time of the entity's agenda entry, after it was read. A process that can use the entity
    /// changes it.
    at: Option<UnixMillis>,
    until: Duration,
    span: Duration,
}

/// The shortest and the longest time that an entity is skipped.
const SPAN: [Duration; 2] = [Duration::from_mins(1), Duration::from_hours(1)];
/// How often the agenda is read from its beginning.
const MINUTE: Duration = Duration::from_mins(1);
/// How far in the past a new entry may appear, because clocks differ and writes take time.
const LATE: Duration = Duration::from_mins(5);
/// The maximum number of skipped entities. Further ones are tried in every run.
const MAX_SKIPPED: usize = 100_000;

impl UnusableEntities {
    /// The time from which to read the agenda, and how many additional entries to read because of
    /// skipped entities.
    pub fn read_span(&mut self, now: UnixMillis, elapsed: Duration) -> (UnixMillis, usize) {
        let is_long_ago =
            self.read_from_beginning.is_none_or(|at| elapsed.saturating_sub(at) >= MINUTE);
        if is_long_ago {
            // If an entity was not tried again, its entry has left the agenda.
            let is_on = |skip: &Skip| elapsed < skip.until.saturating_add(2 * MINUTE);
            self.skipped.retain(|_, skip| is_on(skip));
            self.read_from_beginning = Some(elapsed);
            self.read_from = None;
        }
        if self.skipped.is_empty() {
            return (UnixMillis::EPOCH, 0);
        }
        let from = self.read_from.unwrap_or(UnixMillis::EPOCH).min(now);
        let more = self.skipped.values().filter(|skip| skip.at.is_none_or(|at| at >= from)).count();
        (from, more)
    }

    /// Removes the skipped entities from the entries that were read from the agenda. `span` is the
    /// requested span of time; `is_all` is whether all its entries were read.
    pub fn usable(
        &mut self,
        entries: Vec<Entry>,
        span: &RangeInclusive<UnixMillis>,
        is_all: bool,
        elapsed: Duration,
    ) -> Vec<Entry> {
        if self.skipped.is_empty() {
            return entries;
        }
        let end = if is_all { *span.end() } else { entries.last().map_or(*span.end(), |it| it.at) };
        let mut usable = entries;
        self.remove_skipped(&mut usable, elapsed);
        let first = usable.first().map_or(end, |entry| entry.at);
        let late =
            UnixMillis::EPOCH.after(span.end().since(UnixMillis::EPOCH).saturating_sub(LATE));
        self.read_from = Some(first.min(late));
        usable
    }

    /// Removes the skipped entities from entries of any agenda.
    pub fn remove_skipped(&mut self, entries: &mut Vec<Entry>, elapsed: Duration) {
        entries.retain(|entry| !self.is_skipped(entry, elapsed));
    }

    /// How many entities are skipped.
    pub fn len(&self) -> usize {
        self.skipped.len()
    }

    fn is_skipped(&mut self, entry: &Entry, elapsed: Duration) -> bool {
        let Some(skip) = self.skipped.get_mut(&entry.key) else { return false };
        if *skip.at.get_or_insert(entry.at) != entry.at {
            skip.at = Some(entry.at);
            skip.until = elapsed;
        }
        elapsed < skip.until
    }

    /// Skips an unusable entity for a while.
    pub fn skip(&mut self, key: &str, fault: Failure, elapsed: Duration) {
        let [least, most] = SPAN;
        let known = self.skipped.get(key);
        let span = known.map_or(least, |skip| skip.span.saturating_mul(2).min(most));
        let at = known.and_then(|skip| skip.at);
        if known.is_some() || self.skipped.len() < MAX_SKIPPED {
            let until = elapsed.saturating_add(span);
            self.skipped.insert(key.to_owned(), Skip { at, until, span });
        }
        if self.trouble.occurred(elapsed).is_some() {
            let (entity, count, advice) = (key, self.skipped.len(), advice(fault));
            tracing::error!(fault = %fault, entity, count, advice, "values cannot be used");
        }
    }

    /// Stops skipping an entity, because it was used successfully.
    pub fn readmit(&mut self, key: &str) {
        if self.skipped.remove(key).is_some()
            && self.skipped.is_empty()
            && let Some(count) = self.trouble.ended()
        {
            tracing::info!(count, "all values can be used again");
        }
    }
}

/// Whether the cause of a failure is the entity's stored value, so that it remains until the entity
/// is written again.
pub const fn makes_unusable(fault: Failure) -> bool {
    match fault {
        Failure::Unopened | Failure::SealedElsewhere | Failure::Value(_) | Failure::List(_) => true,
        Failure::StoreUnavailable
        | Failure::OutOfTime
        | Failure::Contended
        | Failure::MarkLost
        | Failure::Panicked => false,
    }
}

const fn advice(fault: Failure) -> &'static str {
    match fault {
        Failure::Unopened | Failure::SealedElsewhere => {
            "add the key that sealed these values to KOOHOOK_SEAL_KEY_PREVIOUS"
        }
        Failure::Value(RecordError::NewerSchema) => {
            "a newer version of koohook wrote these values; start that version again"
        }
        Failure::Value(RecordError::Unreadable | RecordError::TooLarge) | Failure::List(_) => {
            "run the newest koohook version that writes to this store; if that does not help, restore these \
             values from a backup"
        }
        Failure::StoreUnavailable
        | Failure::OutOfTime
        | Failure::Contended
        | Failure::MarkLost
        | Failure::Panicked => "nothing to do; the relay tries again",
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

    fn usable(
        unusable: &mut UnusableEntities,
        keys: &[(&str, u64)],
        elapsed: Duration,
    ) -> Vec<String> {
        let span = at(0)..=at(1_000_000);
        let usable = unusable.usable(entries(keys), &span, true, elapsed);
        usable.into_iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn an_entity_is_skipped_for_up_to_an_hour() {
        let mut unusable = UnusableEntities::default();
        let mut elapsed = Duration::ZERO;
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            unusable.skip("a", Failure::Unopened, elapsed);
            elapsed += Duration::from_mins(minutes);
            let before = elapsed.saturating_sub(Duration::from_millis(1));
            assert_eq!(usable(&mut unusable, &[("a", 5), ("b", 6)], before), ["b"], "{minutes}");
            assert_eq!(
                usable(&mut unusable, &[("a", 5), ("b", 6)], elapsed),
                ["a", "b"],
                "{minutes}"
            );
        }
        unusable.readmit("a");
        assert_eq!(usable(&mut unusable, &[("a", 5)], Duration::ZERO), ["a"]);
    }

    #[test]
    fn an_entity_whose_agenda_entry_moved_is_tried_immediately() {
        let mut unusable = UnusableEntities::default();
        unusable.skip("a", Failure::Unopened, Duration::ZERO);
        assert!(usable(&mut unusable, &[("a", 5)], Duration::ZERO).is_empty());
        assert_eq!(usable(&mut unusable, &[("a", 7)], Duration::ZERO), ["a"]);
    }

    #[test]
    fn the_agenda_is_read_from_its_beginning_once_a_minute() {
        let mut unusable = UnusableEntities::default();
        let (now, hour) = (at(10_000_000), Duration::from_hours(1));
        assert_eq!(unusable.read_span(now, hour), (at(0), 0));
        for key in ["a", "b"] {
            unusable.skip(key, Failure::Unopened, hour);
        }
        let all = entries(&[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(unusable.read_span(now, hour), (at(0), 2));
        unusable.usable(all.clone(), &(at(0)..=now), true, hour);
        assert_eq!(unusable.read_span(now, hour), (at(3), 0), "the first that is not skipped");
        unusable.usable(all[2..].to_vec(), &(at(3)..=now), true, hour);
        assert_eq!(unusable.read_span(now, hour), (at(3), 0));
        unusable.usable(Vec::new(), &(at(3)..=now), true, hour);
        let late = now.millis() - 300_000;
        assert_eq!(unusable.read_span(now, hour), (at(late), 0), "an entry may appear late");
        let later = hour + Duration::from_secs(59);
        assert_eq!(unusable.read_span(now, later), (at(late), 0));
        assert_eq!(unusable.read_span(now, later + Duration::from_secs(1)), (at(0), 2));
    }
}
