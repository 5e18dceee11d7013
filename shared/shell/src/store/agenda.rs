//! Agendas: lists of keys with work to do, each with a time.

use protocol::time::UnixMillis;
#[cfg(any(feature = "dynamodb", feature = "redis"))]
use sha2::{Digest, Sha256};

/// An agenda.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Queue {
    /// Entities with work for the relay.
    Due,
    /// Entities with dead letters, for an operator.
    Dead,
    /// Parts of lists for which the relay must check whether a record refers to them.
    Sweep,
    /// Usage of instances that the relay must send or delete.
    Usage,
}

/// An entry of an agenda.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The key of the value with the work.
    pub key: String,
    /// The time when the work is due.
    pub at: UnixMillis,
}

impl Queue {
    /// All agendas. A value is on at most one of them.
    pub const ALL: [Self; 4] = [Self::Due, Self::Dead, Self::Sweep, Self::Usage];

    /// The agenda's name in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Dead => "dead",
            Self::Sweep => "sweep",
            Self::Usage => "usage",
        }
    }
}

impl Entry {
    /// Sorts entries by time, and entries of the same time by the bytes of their keys. Keeps the
    /// first `limit` entries.
    pub(super) fn earliest(entries: impl IntoIterator<Item = Self>, limit: usize) -> Vec<Self> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        entries.truncate(limit);
        entries
    }
}

/// The byte of a key that determines its shard: the first byte of its SHA-256. This rule must never
/// change: under another rule a store would look for every value in the wrong shard.
#[cfg(any(feature = "dynamodb", feature = "redis"))]
pub(super) fn shard_byte(key: &str) -> u8 {
    let [first, ..] = <[u8; 32]>::from(Sha256::digest(key));
    first
}
