//! What a change of a list amounts to: a row that arrives is compared with what is known.

use std::collections::{BTreeMap, BTreeSet};

use protocol::time::UnixMillis;

use super::head::Head;
use super::part::PartName;
use super::row::IndexRow;

/// What a change makes of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changed {
    /// The head to write over the one that was read; `None` if nothing changed.
    pub head: Option<Head>,
    /// The new parts, to be written over absence before it.
    pub parts: BTreeMap<PartName, Vec<u8>>,
    /// The parts that are unused once the head is written.
    pub unreferenced: BTreeSet<PartName>,
    /// What each edit or entry amounted to, in the order of the call.
    pub outcomes: Vec<EntryOutcome>,
    /// How many subjects a list removed because it does not name them.
    pub removed: usize,
    /// How many subjects a list does not name and still leaves: their own time is newer.
    pub spared: usize,
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

    /// Whether there is anything that the product does not know yet. A repeat has no effect, even
    /// if its time must be kept.
    pub fn has_effect(&self) -> bool {
        self.removed > 0 || self.outcomes.contains(&EntryOutcome::Applied)
    }
}

/// Compares a row that arrives with the row that stands and the time of the newest list.
pub(super) fn weigh(
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
