//! The change that a call requests: edits of some rows, or a full list.

use protocol::time::UnixMillis;

use super::row::{self, Content, Identity, IndexRow, RowState};

/// The change that a call requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KitListChange {
    /// Edits of some rows, applied one by one in this order. If two edits name the same subject at
    /// the same time, the last edit counts. JSON readers treat a repeated member in the same way.
    Edits(Vec<Edit>),
    /// A full list of departments or people.
    List(List),
}

/// The change of one row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Edit {
    pub(super) row: IndexRow,
}

/// A full list. It sets the subjects that it names and removes all others. Subjects with a newer
/// time stay. An empty list changes nothing, and the caller logs a warning.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List {
    pub(super) at: UnixMillis,
    pub(super) rows: Vec<IndexRow>,
}

impl Edit {
    /// The subject exists, with this content.
    pub fn put(identity: Identity, content: Content, at: UnixMillis) -> Self {
        Self::new(identity, RowState::Present(content), at)
    }

    /// The subject is deleted. The row stays, so that an older put has no effect.
    pub fn delete(identity: Identity, at: UnixMillis) -> Self {
        Self::new(identity, RowState::Deleted, at)
    }

    /// The person may no longer log in. The row stays, so that an older put has no effect.
    pub fn revoke(identity: Identity, at: UnixMillis) -> Self {
        Self::new(identity, RowState::Revoked, at)
    }

    fn new(identity: Identity, state: RowState, at: UnixMillis) -> Self {
        Self { row: IndexRow::new(identity, at, state) }
    }
}

impl List {
    /// A list with this time. If two entries name the same subject, the last entry counts.
    pub fn new(entries: impl IntoIterator<Item = (Identity, Content)>, at: UnixMillis) -> Self {
        let row = |(identity, content)| IndexRow::new(identity, at, RowState::Present(content));
        Self { at: row::storable(at), rows: entries.into_iter().map(row).collect() }
    }
}
