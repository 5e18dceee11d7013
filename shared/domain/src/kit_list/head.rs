//! The head of a list: its rows, or references to the parts that contain them.

use std::collections::BTreeSet;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::change::KitListChange;
use super::error::KitListError;
use super::index::Index;
use super::part::{self, PartName, Reference};
use super::row::{self, Identity};

/// The known departments or people of a list, and the time of the newest full list.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Head {
    pub(super) listed_at: Option<UnixMillis>,
    pub(super) index: Index,
}

impl Head {
    /// The time of the newest full list.
    pub const fn listed_at(&self) -> Option<UnixMillis> {
        self.listed_at
    }

    /// The number of rows, including the rows of deleted subjects.
    pub fn rows(&self) -> usize {
        match &self.index {
            Index::Rows(rows) => rows.len(),
            Index::Parts(references) => references.iter().map(Reference::rows).sum(),
        }
    }

    /// The parts to which the head refers.
    pub fn parts(&self) -> BTreeSet<PartName> {
        match &self.index {
            Index::Rows(_) => BTreeSet::new(),
            Index::Parts(references) => references.iter().map(|to| to.part).collect(),
        }
    }

    /// The parts to read before a change can be applied. A single edit needs one part, and a list
    /// needs all parts. A change that the head shows to be too old needs no part.
    pub fn needs(&self, change: &KitListChange) -> BTreeSet<PartName> {
        match change {
            KitListChange::List(list) if list.rows.is_empty() || self.is_too_old(list.at) => {
                BTreeSet::new()
            }
            KitListChange::List(_) => self.parts(),
            KitListChange::Edits(edits) => edits
                .iter()
                .filter(|edit| !self.is_too_old(edit.row.at))
                .filter_map(|edit| self.part_of(edit.row.identity))
                .collect(),
        }
    }

    pub(super) fn is_too_old(&self, at: UnixMillis) -> bool {
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

/// The stored form: the rows or the references in one base64 text.
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
    type Error = KitListError;

    /// An unreadable head is an error: without its rows, old calls would count as new.
    fn try_from(stored: Stored) -> Result<Self, KitListError> {
        let index = if stored.parts.is_empty() {
            Index::Rows(row::from_text(&stored.rows).ok_or(KitListError::Unreadable)?)
        } else if stored.rows.is_empty() {
            Index::Parts(part::from_text(&stored.parts).ok_or(KitListError::Unreadable)?)
        } else {
            return Err(KitListError::Unreadable);
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
