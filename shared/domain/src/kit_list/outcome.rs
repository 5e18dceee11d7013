//! The outcome of a change of a list. Each arriving row is compared with the known row.

use std::collections::{BTreeMap, BTreeSet};

use protocol::time::UnixMillis;

use super::head::Head;
use super::part::PartName;
use super::row::IndexRow;

/// The result of a change of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changed {
    /// The head to write over the one that was read; `None` if nothing changed.
    pub head: Option<Head>,
    /// The new parts, which must be written over absence before the head.
    pub parts: BTreeMap<PartName, Vec<u8>>,
    /// The parts that are unused after the head is written.
    pub unreferenced: BTreeSet<PartName>,
    /// The outcome of each edit or entry, in the order of the call.
    pub outcomes: Vec<EntryOutcome>,
    /// The number of subjects that a list removed because it does not name them.
    pub removed: usize,
    /// The number of subjects that a list does not name but keeps, because their time is newer.
    pub spared: usize,
}

/// The outcome of an edit, or of one entry of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryOutcome {
    /// The known state changed.
    Applied,
    /// The entry is newer and has the same state. Its time is stored (decision D5).
    Confirmed,
    /// The entry has the known state and the known time. It changes nothing.
    Repeated,
    /// The entry is older than the known state. It changes nothing.
    Stale,
}

impl Changed {
    pub(super) fn nothing(outcomes: Vec<EntryOutcome>) -> Self {
        Self {
            head: None,
            parts: BTreeMap::new(),
            unreferenced: BTreeSet::new(),
            outcomes,
            removed: 0,
            spared: 0,
        }
    }

    /// Whether koohook must notify the product. An entry that is only confirmed has no effect, even
    /// if its time must be stored.
    pub fn has_effect(&self) -> bool {
        self.removed > 0 || self.outcomes.contains(&EntryOutcome::Applied)
    }
}

/// Compares an arriving row with the known row and the time of the newest list.
pub(super) fn weigh(
    known: Option<&IndexRow>,
    floor: Option<UnixMillis>,
    arriving: &IndexRow,
) -> EntryOutcome {
    let known_at = known.map(|row| row.at).max(floor);
    let same = known.is_some_and(|row| row.state == arriving.state);
    if Some(arriving.at) < known_at {
        EntryOutcome::Stale
    } else if !same {
        EntryOutcome::Applied
    } else if Some(arriving.at) == known_at {
        EntryOutcome::Repeated
    } else {
        EntryOutcome::Confirmed
    }
}
