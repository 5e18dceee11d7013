//! `flag` of a kit call: put or delete.

use super::{Fields, Malformed};

/// Whether a kit call puts or deletes its entity. Modifying an entity that does not exist creates
/// it (decision F4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SyncFlag {
    /// `0`: deleted.
    Delete,
    /// `1`: added, `2`: modified.
    Put,
}

impl SyncFlag {
    /// Reads `flag`, a number or a numeric text.
    ///
    /// # Errors
    /// If it is missing or unknown.
    pub fn read(fields: Fields<'_>) -> Result<Self, Malformed> {
        fields.word("flag", &[("0", Self::Delete), ("1", Self::Put), ("2", Self::Put)])
    }
}
