//! Order and repeats for long lists: one 24-byte row per department or person (decision F3).
//!
//! A directory is a [`Head`] and, once that outgrows its value, index parts. The head lies in the
//! entity's value and is put over its version; a part is an immutable byte string of sorted rows
//! under a name that was never used before. So whoever changes a directory
//!
//! 1. reads the head, asks it which parts a change [needs](Head::needs), and reads those;
//! 2. has the change [made](Head::apply);
//! 3. puts the new parts over absence, all of them, and only then the new head;
//! 4. lets go of the parts that no head refers to any more.
//!
//! Readers see the old directory or the new one: what step 3 had written before an interruption
//! is referred to by nobody. A part that is missing under a head that meanwhile lost its place is
//! a lost race, and to be decided again on the new head; under the newest head it is a fault.
//!
//! What order means (decision D5): a change older than what is known of its subject is without
//! effect. Known of a subject is its row's time, or the time of the newest full list, whichever
//! is newer: a list speaks of everybody, of those that it leaves out as well. Equal times are
//! decided by arrival, since the marketplace's older clock counts whole seconds; a list that is
//! older than the newest list has nothing left to say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use protocol::time::UnixMillis;

mod draft;
mod part;
mod row;

use draft::IndexDraft;
use part::Reference;
use row::IndexRow;

pub use part::PartName;
pub use row::{Content, Identity, RowState};

/// What is known of everybody in a directory: rows, or references to parts that hold them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Head {
    listed_at: Option<UnixMillis>,
    index: Index,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Index {
    Rows(Vec<IndexRow>),
    Parts(Vec<Reference>),
}

/// What a call asks of a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DirectoryChange {
    /// Changes of some, made as if each came alone, in this order. Of two that name the same
    /// subject at the same time the last therefore counts, as it does where JSON repeats a member.
    Edits(Vec<Edit>),
    /// All there are.
    List(List),
}

/// The change of one row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Edit {
    row: IndexRow,
}

/// A full list: it sets those that it names and removes all others, but for those whose own time
/// is newer. An empty one changes nothing; the caller warns of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List {
    at: UnixMillis,
    rows: Vec<IndexRow>,
}

/// What an edit, or one entry of a list, amounted to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryOutcome {
    /// What is known changed.
    Applied,
    /// Newer than what is known, and saying the same: its time is kept (decision D5).
    Confirmed,
    /// Known with this very time: nothing is written for it.
    Repeated,
    /// Older than what is known: nothing is written for it.
    Stale,
}

/// What a change makes of a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changed {
    /// The head to put over the one that was read; `None` where nothing changed.
    pub head: Option<Head>,
    /// The parts to put over absence before it.
    pub parts: BTreeMap<PartName, Vec<u8>>,
    /// The parts to let go once the head stands.
    pub unreferenced: BTreeSet<PartName>,
    /// What each edit or entry amounted to, in the order of the call.
    pub outcomes: Vec<EntryOutcome>,
    /// How many a list removed by not naming them.
    pub removed: usize,
    /// How many a list did not name and had to leave, since their own time is newer.
    pub spared: usize,
}

/// Why a directory cannot be changed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum DirectoryError {
    /// A part that the change needs was not handed in.
    #[error("index part {0} missing")]
    Missing(PartName),
    /// The head or a part is not as it was written.
    #[error("index unreadable")]
    Unreadable,
    /// A name that was to be fresh is taken.
    #[error("index part {0} named twice")]
    NamedTwice(PartName),
    /// More rows than a head can refer to.
    #[error("directory full")]
    Full,
}

/// How many rows stand in the head itself. 512 are 16 KiB of base64: a tenant of usual size costs
/// no part, and the head leaves its value's 192 KiB to the notices. Half of [`PART_ROWS`], so that
/// the head that outgrows this spills into one part.
pub const INLINE_ROWS: usize = 512;

/// How many rows a part holds: 24 KiB. A single change reads and writes one part, a list all of
/// them: smaller ones make lists slow (a round trip each), larger ones make single changes dear
/// (stores bill by the kilobyte). 50,000 people are then at most 98 parts.
pub const PART_ROWS: usize = 1024;

/// How many parts a head refers to: 20 KiB of base64. Two neighbouring parts hold no fewer than
/// [`INLINE_ROWS`] rows together, so that 131,072 rows fit whatever the history.
pub const MAX_PARTS: usize = 512;

impl Edit {
    /// Somebody is there, and is so.
    pub fn put(identity: Identity, content: Content, at: UnixMillis) -> Self {
        Self::new(identity, RowState::Present(content), at)
    }

    /// Somebody is gone. The row stays, so that an older put has no effect.
    pub fn delete(identity: Identity, at: UnixMillis) -> Self {
        Self::new(identity, RowState::Deleted, at)
    }

    /// Somebody may no longer log in. The row stays, so that an older put has no effect.
    pub fn revoke(identity: Identity, at: UnixMillis) -> Self {
        Self::new(identity, RowState::Revoked, at)
    }

    fn new(identity: Identity, state: RowState, at: UnixMillis) -> Self {
        Self { row: IndexRow::new(identity, at, state) }
    }
}

impl List {
    /// The list of a time. Of two entries that name the same subject the last counts.
    pub fn new(entries: impl IntoIterator<Item = (Identity, Content)>, at: UnixMillis) -> Self {
        let row = |(identity, content)| IndexRow::new(identity, at, RowState::Present(content));
        Self { at: row::storable(at), rows: entries.into_iter().map(row).collect() }
    }
}

impl Changed {
    fn nothing(outcomes: Vec<EntryOutcome>) -> Self {
        Self {
            head: None,
            parts: BTreeMap::new(),
            unreferenced: BTreeSet::new(),
            outcomes,
            removed: 0,
            spared: 0,
        }
    }

    /// Whether there is anything the product does not know yet: a repeat, however late, has no
    /// effect, though its time may have to be kept.
    pub fn has_effect(&self) -> bool {
        self.removed > 0 || self.outcomes.contains(&EntryOutcome::Applied)
    }
}

impl Head {
    /// The time of the newest full list.
    pub const fn listed_at(&self) -> Option<UnixMillis> {
        self.listed_at
    }

    /// How many rows there are, those of the gone included.
    pub fn rows(&self) -> usize {
        match &self.index {
            Index::Rows(rows) => rows.len(),
            Index::Parts(references) => references.iter().map(Reference::rows).sum(),
        }
    }

    /// The parts that the head refers to.
    pub fn parts(&self) -> BTreeSet<PartName> {
        match &self.index {
            Index::Rows(_) => BTreeSet::new(),
            Index::Parts(references) => references.iter().map(|to| to.part).collect(),
        }
    }

    /// The parts to read before a change can be made: none for what the head alone knows to be
    /// too old, one for a single change, all for a list.
    pub fn needs(&self, change: &DirectoryChange) -> BTreeSet<PartName> {
        match change {
            DirectoryChange::List(list) if list.rows.is_empty() || self.is_too_old(list.at) => {
                BTreeSet::new()
            }
            DirectoryChange::List(_) => self.parts(),
            DirectoryChange::Edits(edits) => edits
                .iter()
                .filter(|edit| !self.is_too_old(edit.row.at))
                .filter_map(|edit| self.part_of(edit.row.identity))
                .collect(),
        }
    }

    /// Makes a change, with the parts that it [needs](Self::needs) as they were read. `fresh`
    /// gives names that were never used: random ones.
    ///
    /// # Errors
    /// As [`DirectoryError`] says; nothing may then be written.
    pub fn apply(
        &self,
        change: &DirectoryChange,
        read: &BTreeMap<PartName, Vec<u8>>,
        fresh: impl FnMut() -> PartName,
    ) -> Result<Changed, DirectoryError> {
        let mut draft = IndexDraft::open(&self.index, &self.needs(change), read)?;
        let mut changed = Changed::nothing(Vec::new());
        let mut listed_at = self.listed_at;
        match change {
            DirectoryChange::Edits(edits) => changed.outcomes = self.edit(&mut draft, edits)?,
            DirectoryChange::List(list) if list.rows.is_empty() => return Ok(changed),
            DirectoryChange::List(list) if self.is_too_old(list.at) => {
                return Ok(Changed::nothing(vec![EntryOutcome::Stale; list.rows.len()]));
            }
            DirectoryChange::List(list) => {
                self.replace(&mut draft, list, &mut changed);
                listed_at = Some(list.at);
            }
        }
        let (index, parts) = draft.close(fresh)?;
        let head = Self { listed_at, index };
        changed.unreferenced = self.parts().difference(&head.parts()).copied().collect();
        changed.parts = parts;
        changed.head = Some(head).filter(|head| head != self);
        Ok(changed)
    }

    fn edit(
        &self,
        draft: &mut IndexDraft,
        edits: &[Edit],
    ) -> Result<Vec<EntryOutcome>, DirectoryError> {
        let edit = |Edit { row }: &Edit| {
            if self.is_too_old(row.at) {
                return Ok(EntryOutcome::Stale);
            }
            let rows = draft.rows_around(row.identity).ok_or(DirectoryError::Unreadable)?;
            let outcome = weigh(rows.get(&row.identity), self.listed_at, row);
            if matches!(outcome, EntryOutcome::Applied | EntryOutcome::Confirmed) {
                rows.insert(row.identity, *row);
            }
            Ok(outcome)
        };
        edits.iter().map(edit).collect()
    }

    /// A row that a list only confirms stays as it was, since the list's time speaks for it: a
    /// list that says little new rewrites few parts.
    fn replace(&self, draft: &mut IndexDraft, list: &List, changed: &mut Changed) {
        let mut before = draft.take_rows();
        let mut after = BTreeMap::new();
        for row in &list.rows {
            let (standing, floor) = match after.get(&row.identity).copied() {
                Some(listed) => (Some(listed), Some(list.at)),
                None => (before.remove(&row.identity), self.listed_at),
            };
            let outcome = weigh(standing.as_ref(), floor, row);
            let stays = standing.filter(|_| outcome != EntryOutcome::Applied);
            after.insert(row.identity, stays.unwrap_or(*row));
            changed.outcomes.push(outcome);
        }
        let (newer, older): (Vec<IndexRow>, Vec<IndexRow>) =
            before.into_values().partition(|row| row.at > list.at);
        let present = |rows: &[IndexRow]| rows.iter().filter(|row| row.state.is_present()).count();
        changed.removed = present(&older);
        changed.spared = present(&newer);
        after.extend(newer.into_iter().map(|row| (row.identity, row)));
        draft.put_rows(after);
    }

    fn is_too_old(&self, at: UnixMillis) -> bool {
        Some(at) < self.listed_at
    }

    fn part_of(&self, identity: Identity) -> Option<PartName> {
        match &self.index {
            Index::Rows(_) => None,
            Index::Parts(references) => {
                let after = references.partition_point(|to| to.from <= identity);
                Some(references.get(after.checked_sub(1)?)?.part)
            }
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

/// What a row that arrives amounts to, beside what stands and the time of the newest list.
fn weigh(
    standing: Option<&IndexRow>,
    floor: Option<UnixMillis>,
    arriving: &IndexRow,
) -> EntryOutcome {
    let known = standing.map(|row| row.at).max(floor);
    let same = standing.is_some_and(|row| row.state == arriving.state);
    if Some(arriving.at) < known {
        EntryOutcome::Stale
    } else if !same {
        EntryOutcome::Applied
    } else if Some(arriving.at) == known {
        EntryOutcome::Repeated
    } else {
        EntryOutcome::Confirmed
    }
}

/// As stored: the rows or the references in one base64 text.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listed_at: Option<UnixMillis>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    rows: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    parts: String,
}

impl TryFrom<Stored> for Head {
    type Error = DirectoryError;

    /// Rows that are lost would make old calls new again: what is unreadable stays so.
    fn try_from(stored: Stored) -> Result<Self, DirectoryError> {
        let index = if stored.parts.is_empty() {
            Index::Rows(row::from_text(&stored.rows).ok_or(DirectoryError::Unreadable)?)
        } else if stored.rows.is_empty() {
            Index::Parts(part::from_text(&stored.parts).ok_or(DirectoryError::Unreadable)?)
        } else {
            return Err(DirectoryError::Unreadable);
        };
        Ok(Self { listed_at: stored.listed_at, index })
    }
}

impl From<Head> for Stored {
    fn from(head: Head) -> Self {
        let (rows, parts) = match head.index {
            Index::Rows(rows) => (row::to_text(&rows), String::new()),
            Index::Parts(references) => (String::new(), part::to_text(&references)),
        };
        Self { listed_at: head.listed_at, rows, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(number: usize) -> Identity {
        Identity::new(&["I1", "T1", &number.to_string()])
    }

    fn how(text: &str) -> Content {
        Content::new(&[text])
    }

    const fn at(millis: u64) -> UnixMillis {
        UnixMillis::new(millis)
    }

    fn put(number: usize, text: &str, millis: u64) -> Edit {
        Edit::put(who(number), how(text), at(millis))
    }

    fn list(numbers: impl IntoIterator<Item = usize>, text: &str, millis: u64) -> DirectoryChange {
        let entries = numbers.into_iter().map(|number| (who(number), how(text)));
        DirectoryChange::List(List::new(entries, at(millis)))
    }

    type Parts = BTreeMap<PartName, Vec<u8>>;

    fn names(parts: &Parts) -> impl FnMut() -> PartName + use<> {
        let mut number = u128::try_from(parts.len()).unwrap() << 64;
        move || {
            number += 1;
            PartName::new(number.to_be_bytes())
        }
    }

    /// Makes a change and writes it down; parts are never let go.
    fn make(head: &mut Head, parts: &mut Parts, change: &DirectoryChange) -> Changed {
        let changed = head.apply(change, parts, names(parts)).unwrap();
        parts.extend(changed.parts.clone());
        *head = changed.head.clone().unwrap_or_else(|| head.clone());
        changed
    }

    #[test]
    fn a_row_is_weighed_against_what_is_known() {
        use EntryOutcome::{Applied, Confirmed, Repeated, Stale};
        let state = |letter| match letter {
            'a' | 'b' => RowState::Present(how(&String::from(letter))),
            'd' => RowState::Deleted,
            _ => RowState::Revoked,
        };
        let row = |(letter, millis)| IndexRow::new(who(1), at(millis), state(letter));
        // What stands, the newest list's time, what arrives.
        let table = [
            (None, None, ('a', 5), Applied),
            (None, None, ('d', 5), Applied),
            (None, Some(4), ('a', 5), Applied),
            (None, Some(5), ('a', 5), Applied),
            (None, Some(6), ('a', 5), Stale),
            (Some(('a', 4)), None, ('b', 5), Applied),
            (Some(('a', 5)), None, ('b', 5), Applied),
            (Some(('a', 6)), None, ('b', 5), Stale),
            (Some(('a', 4)), None, ('a', 5), Confirmed),
            (Some(('a', 5)), None, ('a', 5), Repeated),
            (Some(('a', 6)), None, ('a', 5), Stale),
            (Some(('a', 4)), Some(5), ('a', 5), Repeated),
            (Some(('a', 4)), Some(5), ('b', 5), Applied),
            (Some(('a', 4)), Some(6), ('b', 5), Stale),
            (Some(('a', 6)), Some(4), ('b', 5), Stale),
            (Some(('d', 6)), None, ('a', 5), Stale),
            (Some(('d', 4)), None, ('a', 5), Applied),
            (Some(('d', 4)), None, ('d', 5), Confirmed),
            (Some(('r', 4)), None, ('d', 5), Applied),
        ];
        for (standing, floor, arriving, expected) in table {
            let outcome = weigh(standing.map(row).as_ref(), floor.map(at), &row(arriving));
            assert_eq!(outcome, expected, "{standing:?} {floor:?} {arriving:?}");
        }
    }

    #[test]
    fn what_is_stored_never_changes_its_form() {
        // SHA-256 over the length-prefixed parts, and the time, by another program.
        let text = "a165a1c6e21876ac902a07f0 01738f343bdf 3af84f09d4 00";
        let row = IndexRow::new(
            Identity::new(&["I1", "T1", "00000001"]),
            at(1_595_835_431_903),
            RowState::Present(how("部门")),
        );
        assert_eq!(hex::encode(row::to_bytes(&[row])), text.replace(' ', ""));
        let head = Head { listed_at: Some(at(7)), index: Index::Rows(vec![row]) };
        assert_eq!(
            serde_json::to_string(&head).unwrap(),
            r#"{"listedAt":7,"rows":"oWWhxuIYdqyQKgfwAXOPNDvfOvhPCdQA"}"#
        );
        assert_eq!(serde_json::to_string(&Head::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Head>("{}").unwrap(), Head::default());
    }

    #[test]
    fn every_state_outlives_its_store() {
        let states = [RowState::Present(how("a")), RowState::Deleted, RowState::Revoked];
        for state in states {
            // The last time that a row can tell, and one beyond it.
            let row = IndexRow::new(who(1), at(u64::MAX), state);
            assert_eq!(row.at.millis(), (1 << 48) - 1);
            assert_eq!(row::from_bytes(&row::to_bytes(&[row])), Some(vec![row]));
        }
    }

    #[test]
    fn a_time_beyond_all_rows_is_still_a_time() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        make(&mut head, &mut parts, &list([1], "a", u64::MAX));
        let again = make(&mut head, &mut parts, &list([1], "a", u64::MAX));
        assert_eq!(again.outcomes, [EntryOutcome::Repeated]);
    }

    #[test]
    fn what_is_unreadable_is_never_taken_for_nothing() {
        let rows = |rows: &[u8]| {
            use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
            format!(r#"{{"rows":"{}"}}"#, STANDARD_NO_PAD.encode(rows))
        };
        let one = [1_u8; 23];
        let with = |flag: u8| [one.as_slice(), &[flag]].concat();
        assert!(serde_json::from_str::<Head>(&rows(&with(0))).is_ok());
        let heads = [
            rows(&one),
            rows(&with(1)),
            rows(&with(3)),
            rows(&[with(0), with(0)].concat()),
            rows(&[with(0), vec![0; 24]].concat()),
            rows(&[0; 25]),
            r#"{"rows":"!"}"#.to_owned(),
            r#"{"parts":"AAAA"}"#.to_owned(),
            // A reference that begins too late, one without rows, and rows beside it.
            format!(r#"{{"parts":"AAAB{}AAAB"}}"#, "A".repeat(32)),
            format!(r#"{{"parts":"{}"}}"#, "A".repeat(40)),
            format!(r#"{{"rows":"{}","parts":"{}AAAB"}}"#, "A".repeat(32), "A".repeat(36)),
        ];
        for head in heads {
            assert!(serde_json::from_str::<Head>(&head).is_err(), "{head}");
        }
        let good = format!(r#"{{"parts":"{}AAAB"}}"#, "A".repeat(36));
        assert!(serde_json::from_str::<Head>(&good).is_ok());
    }

    #[test]
    fn a_part_that_is_missing_or_broken_is_a_fault() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        make(&mut head, &mut parts, &list(0..3000, "a", 1));
        let edit = DirectoryChange::Edits(vec![put(0, "b", 2)]);
        let name = *head.needs(&edit).first().unwrap();
        let apply = |parts: &Parts| head.apply(&edit, parts, names(parts)).unwrap_err();
        assert_eq!(apply(&Parts::new()), DirectoryError::Missing(name));

        let whole = parts.get(&name).unwrap().clone();
        let (short, odd) = (&whole[24..], &whole[1..]);
        let mut shuffled = whole.clone();
        shuffled.rotate_left(24);
        let other = parts.values().find(|other| **other != whole).unwrap();
        for broken in [short, odd, &shuffled, other, &[]] {
            let broken = Parts::from([(name, broken.to_vec())]);
            assert_eq!(apply(&broken), DirectoryError::Unreadable);
        }
    }

    #[test]
    fn a_name_is_never_used_twice() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        let one = || PartName::new([0; 16]);
        let many = list(0..3000, "a", 1);
        let twice = head.apply(&many, &parts, one);
        assert_eq!(twice.unwrap_err(), DirectoryError::NamedTwice(one()));
        make(&mut head, &mut parts, &many);
        let taken = *head.parts().first().unwrap();
        let again = head.apply(&list(0..3000, "b", 2), &parts, || taken);
        assert_eq!(again.unwrap_err(), DirectoryError::NamedTwice(taken));
    }

    #[test]
    fn a_directory_that_is_full_says_so() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        make(&mut head, &mut parts, &list(0..PART_ROWS, "a", 1));
        let Index::Parts(references) = &mut head.index else {
            panic!("{PART_ROWS} rows in a head");
        };
        let beyond = |number: usize| {
            let mut from = [0xff; 12];
            from[4..].copy_from_slice(&number.to_be_bytes());
            Reference::new(Identity::from_bytes(from), PartName::new([7; 16]), 1).unwrap()
        };
        references.extend((1..MAX_PARTS).map(beyond));
        let apply = |number, text| {
            let edit = DirectoryChange::Edits(vec![put(number, text, 2)]);
            head.apply(&edit, &parts, names(&parts))
        };
        assert!(apply(0, "b").is_ok());
        assert_eq!(apply(PART_ROWS, "a").unwrap_err(), DirectoryError::Full);
    }

    #[test]
    fn the_last_of_two_alike_counts() {
        for text in ["a", "b"] {
            let second = if text == "a" { EntryOutcome::Repeated } else { EntryOutcome::Applied };
            let edits = DirectoryChange::Edits(vec![put(1, "a", 5), put(1, text, 5)]);
            let entries = [(who(1), how("a")), (who(1), how(text))];
            for change in [edits, DirectoryChange::List(List::new(entries, at(5)))] {
                let (mut head, mut parts) = (Head::default(), Parts::new());
                let changed = make(&mut head, &mut parts, &change);
                assert_eq!(changed.outcomes, [EntryOutcome::Applied, second]);
                let again = DirectoryChange::Edits(vec![put(1, text, 5)]);
                let again = make(&mut head, &mut parts, &again);
                assert_eq!(again.outcomes, [EntryOutcome::Repeated]);
                assert_eq!((again.head, head.rows()), (None, 1));
            }
        }
    }

    #[test]
    fn a_list_rules_over_what_is_not_newer() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        let edits = vec![
            put(1, "a", 4),
            put(2, "a", 5),
            put(3, "a", 6),
            Edit::delete(who(4), at(4)),
            Edit::delete(who(5), at(6)),
            Edit::delete(who(6), at(6)),
            put(7, "b", 6),
        ];
        make(&mut head, &mut parts, &DirectoryChange::Edits(edits));
        let changed = make(&mut head, &mut parts, &list([4, 5, 7, 8], "a", 5));
        use EntryOutcome::{Applied, Stale};
        assert_eq!(changed.outcomes, [Applied, Stale, Stale, Applied]);
        // 1 and 2 are removed; 3 and the newer tombstones of 5 and 6 stay.
        assert_eq!((changed.removed, changed.spared), (2, 1));
        assert_eq!((head.rows(), head.listed_at()), (6, Some(at(5))));

        let older = make(&mut head, &mut parts, &list([1, 2], "a", 4));
        assert_eq!((older.head, older.outcomes), (None, vec![Stale, Stale]));
        let older = DirectoryChange::Edits(vec![put(1, "a", 4), Edit::delete(who(4), at(4))]);
        assert!(head.needs(&older).is_empty());
        let older = make(&mut head, &mut parts, &older);
        assert_eq!((older.head, older.outcomes), (None, vec![Stale, Stale]));
    }

    #[test]
    fn an_empty_list_changes_nothing() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        make(&mut head, &mut parts, &list(0..3000, "a", 1));
        let empty = list([], "a", 2);
        assert!(head.needs(&empty).is_empty());
        let changed = make(&mut head, &mut parts, &empty);
        assert_eq!((changed.has_effect(), changed.head), (false, None));
        assert_eq!((head.rows(), head.listed_at()), (3000, Some(at(1))));
    }

    #[test]
    fn a_list_that_says_the_same_again_writes_the_head_alone() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        make(&mut head, &mut parts, &list(0..3000, "a", 1));
        let same = make(&mut head, &mut parts, &list(0..3000, "a", 2));
        assert!(!same.has_effect() && same.parts.is_empty() && same.unreferenced.is_empty());
        assert_eq!(head.listed_at(), Some(at(2)));
        let repeat = make(&mut head, &mut parts, &list(0..3000, "a", 2));
        assert!(repeat.head.is_none());
        assert_eq!(repeat.outcomes, [EntryOutcome::Repeated; 3000]);
        // What the list confirmed counts from its time.
        let edits = DirectoryChange::Edits(vec![put(0, "b", 1), put(1, "a", 2)]);
        let edits = make(&mut head, &mut parts, &edits);
        assert_eq!(edits.outcomes, [EntryOutcome::Stale, EntryOutcome::Repeated]);
    }

    #[test]
    fn rows_that_moved_on_never_come_back() {
        let (mut head, mut parts) = (Head::default(), Parts::new());
        let mut numbers: Vec<usize> = (0..PART_ROWS + 3).collect();
        numbers.sort_by_key(|number| who(*number));
        // One part, full; the rows that split it fall into the upper half, then into the lower.
        for splitting in [PART_ROWS - 1, 1] {
            let mut full = numbers.clone();
            let added = full.drain(splitting..splitting + 3).collect::<Vec<_>>();
            make(&mut head, &mut parts, &list(full, "a", 1));
            assert_eq!(head.parts().len(), 1);
            let before = head.parts();
            let edits = added.into_iter().map(|number| put(number, "a", 2)).collect();
            let split = make(&mut head, &mut parts, &DirectoryChange::Edits(edits));
            assert_eq!((split.parts.len(), head.parts().len()), (1, 2));
            assert!(split.unreferenced.is_empty() && before.is_subset(&head.parts()));

            // The half that was written anew goes; the old part's range grows over its old rows.
            let (lower, upper) = numbers.split_at(head_rows(&head)[0]);
            let stays = if splitting == 1 { upper } else { lower };
            let shrunk = list(stays.iter().copied(), "a", 3);
            make(&mut head, &mut parts, &shrunk);
            assert_eq!((head.rows(), head.parts().len()), (stays.len(), 1));
            let repeat = make(&mut head, &mut parts, &shrunk);
            assert!(repeat.head.is_none());
            (head, parts) = (Head::default(), Parts::new());
        }
    }

    fn head_rows(head: &Head) -> Vec<usize> {
        match &head.index {
            Index::Rows(rows) => vec![rows.len()],
            Index::Parts(references) => references.iter().map(Reference::rows).collect(),
        }
    }
}
