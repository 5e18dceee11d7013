//! How far a run has read the agenda. Each read goes on where the last one ended, so that a long
//! agenda is read once, and not again from its beginning. After the end a run begins again. New
//! notices are due now, so they are at the end.
//!
//! Several relays may drain one store. They begin at the same entries. A run that finds that another
//! one was faster goes on somewhere else.

use protocol::time::UnixMillis;

use crate::store::Entry;

/// A place in the agenda.
#[derive(Debug, Default)]
pub(super) struct AgendaPlace {
    /// The time of the last entry that was read; `None` at the beginning.
    from: Option<UnixMillis>,
    /// How many entries of that time were read already. The next read returns them again.
    again: usize,
    /// The time of the first entry of the agenda, after it was read.
    first: Option<UnixMillis>,
    /// Whether the last read may have left entries.
    has_more: bool,
    /// How much more often another relay was faster than this run.
    lost: usize,
    /// After a jump: where in the next entries to begin.
    begin: Option<u16>,
}

/// One read of the agenda.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct AgendaRead {
    /// The time from which to read; `None` for the beginning.
    pub from: Option<UnixMillis>,
    /// How many entries to read.
    pub limit: usize,
}

/// The result of a read.
#[derive(Debug, Default)]
pub(super) struct AgendaFound {
    /// The entries of usable entities.
    pub entries: Vec<Entry>,
    /// The time of the first entry of the agenda, if the read began at the beginning.
    first: Option<UnixMillis>,
    /// If entries may follow: the time of the last entry, and how many of those entries have it.
    last: Option<(UnixMillis, usize)>,
}

impl AgendaFound {
    /// The result of a read that returned these entries, of at most `limit`. `usable` selects the
    /// usable ones.
    pub fn new(
        read: AgendaRead,
        limit: usize,
        entries: Vec<Entry>,
        usable: impl FnOnce(Vec<Entry>) -> Vec<Entry>,
    ) -> Self {
        let first = entries.first().filter(|_| read.from.is_none()).map(|entry| entry.at);
        let last = entries.last().filter(|_| entries.len() >= limit).map(|last| {
            (last.at, entries.iter().rev().take_while(|entry| entry.at == last.at).count())
        });
        Self { entries: usable(entries), first, last }
    }
}

/// How many new entries one read of the agenda can return.
pub(super) const MAX_ENTRIES: usize = 1_024;
/// After so many turns that another relay took first, a run goes on somewhere else.
const MAX_LOST: usize = 16;

impl AgendaPlace {
    /// The read that goes on here.
    pub const fn next_read(&self) -> AgendaRead {
        AgendaRead { from: self.from, limit: MAX_ENTRIES + self.again }
    }

    /// Whether the last read may have left entries.
    pub const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Notes what a read found. After the end of the agenda, the next read begins again.
    pub fn note(&mut self, found: &AgendaFound) {
        self.first = found.first.or(self.first);
        self.has_more = found.last.is_some();
        (self.from, self.again) = found.last.map_or((None, 0), |(at, count)| (Some(at), count));
    }

    /// Notes whether this run was faster than every other relay at an entity. Returns whether to go
    /// on somewhere else.
    pub const fn note_race(&mut self, won: bool) -> bool {
        self.lost = if won { self.lost.saturating_sub(1) } else { self.lost + 1 };
        self.lost >= MAX_LOST
    }

    /// Goes on at a random place of the agenda, whose entries are due until `now`. If everything was
    /// read, the agenda is short: it is read again, and the run begins in its middle.
    pub fn jump(&mut self, chance: u16, now: UnixMillis) {
        let first = self.first.unwrap_or(now);
        let ahead = now.since(first) / u32::from(u16::MAX) * u32::from(chance);
        self.from = self.has_more.then(|| first.after(ahead));
        (self.again, self.lost, self.begin, self.has_more) = (0, 0, Some(chance), true);
    }

    /// Puts the entries of a read in the order in which this run takes them.
    pub fn order(&mut self, entries: &mut [Entry]) {
        let Some(chance) = self.begin.take() else { return };
        let begin = entries.len().saturating_mul(chance.into()) / (usize::from(u16::MAX) + 1);
        entries.rotate_left(begin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(times: impl IntoIterator<Item = u64>) -> Vec<Entry> {
        let entry = |(number, at)| Entry { key: format!("{number}"), at: UnixMillis::new(at) };
        times.into_iter().enumerate().map(entry).collect()
    }

    fn read(place: &mut AgendaPlace, all: &[Entry]) -> AgendaRead {
        let read = place.next_read();
        let from = read.from.unwrap_or(UnixMillis::EPOCH);
        let found = all.iter().filter(|entry| entry.at >= from).take(read.limit);
        let found = AgendaFound::new(read, read.limit, found.cloned().collect(), |all| all);
        place.note(&found);
        read
    }

    #[test]
    fn each_read_goes_on_where_the_last_one_ended_and_the_last_returns_to_the_beginning() {
        let (mut place, all) = (AgendaPlace::default(), entries(0..2_500));
        let at = |from: u64, limit| AgendaRead { from: Some(UnixMillis::new(from)), limit };
        assert_eq!(read(&mut place, &all), AgendaRead { from: None, limit: 1_024 });
        assert_eq!(read(&mut place, &all), at(1_023, 1_025));
        assert!(place.has_more());
        assert_eq!(read(&mut place, &all), at(2_047, 1_025));
        assert!(!place.has_more());
        assert_eq!(read(&mut place, &all), AgendaRead { from: None, limit: 1_024 });
    }

    #[test]
    fn many_entries_of_one_time_do_not_stop_a_run() {
        let (mut place, all) = (AgendaPlace::default(), entries([7; 5_000]));
        let limits: Vec<_> = (0..5).map(|_| read(&mut place, &all).limit).collect();
        assert_eq!(limits, [1_024, 2_048, 3_072, 4_096, 5_120]);
        assert_eq!(place.next_read().from, None, "everything was read");
    }

    #[test]
    fn a_run_that_loses_races_goes_on_between_the_first_entry_and_now() {
        let (mut place, all) = (AgendaPlace::default(), entries(1_000..9_000));
        let now = UnixMillis::new(9_000);
        read(&mut place, &all);
        assert!((0..15).all(|_| !place.note_race(false)) && !place.note_race(true));
        assert_eq!(ordered(&mut place, 4), [0, 1, 2, 3], "the order of the agenda");
        assert!(!place.note_race(false) && place.note_race(false));
        let mut jumped = |chance| {
            place.jump(chance, now);
            place.next_read().from.map(UnixMillis::millis)
        };
        assert_eq!(jumped(0), Some(1_000));
        let [middle, end] = [jumped(u16::MAX / 2), jumped(u16::MAX)].map(Option::unwrap);
        assert!((4_900..5_100).contains(&middle) && (8_900..=9_000).contains(&end));
        assert!(!place.note_race(false), "the count begins again");
    }

    fn ordered(place: &mut AgendaPlace, count: u64) -> Vec<u64> {
        let mut entries = entries(0..count);
        place.order(&mut entries);
        entries.iter().map(|entry| entry.at.millis()).collect()
    }

    #[test]
    fn a_run_that_loses_races_in_a_short_agenda_begins_in_its_middle() {
        let mut place = AgendaPlace::default();
        read(&mut place, &entries(0..9));
        place.jump(u16::MAX / 2, UnixMillis::new(9));
        assert!(place.has_more(), "it is read again");
        assert_eq!(place.next_read(), AgendaRead { from: None, limit: 1_024 });
        assert_eq!(ordered(&mut place, 4), [1, 2, 3, 0]);
        assert_eq!(ordered(&mut place, 4), [0, 1, 2, 3], "once");
        place.jump(u16::MAX, UnixMillis::new(9));
        assert_eq!(ordered(&mut place, 4), [3, 0, 1, 2]);
    }
}
