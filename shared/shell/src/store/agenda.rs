//! Agendas: lists of keys with work to do, each with a time.

use protocol::time::UnixMillis;
#[cfg(any(feature = "dynamodb", feature = "redis"))]
use sha2::{Digest, Sha256};

/// An agenda.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Queue {
    /// There is something to do.
    Due,
    /// An operator should look.
    Dead,
    /// A part of a list waits for the relay to see whether anything refers to it.
    Sweep,
}

/// A line of an agenda.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The value with the work.
    pub key: String,
    /// Since when the work is due.
    pub at: UnixMillis,
}

impl Queue {
    /// Every agenda. A value is on one of them at most.
    pub const ALL: [Self; 3] = [Self::Due, Self::Dead, Self::Sweep];

    /// The agenda's name in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Dead => "dead",
            Self::Sweep => "sweep",
        }
    }
}

impl Entry {
    /// Sorts entries as an agenda is read: the earliest first; of one time, in the order of their
    /// keys' bytes. Keeps the first ones, up to a limit.
    pub(super) fn earliest(entries: impl IntoIterator<Item = Self>, limit: usize) -> Vec<Self> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        entries.truncate(limit);
        entries
    }
}

/// The byte of a key that its shard follows from: the first of its SHA-256. The rule is for ever:
/// under another rule a store would look for every value elsewhere.
#[cfg(any(feature = "dynamodb", feature = "redis"))]
pub(super) fn shard_byte(key: &str) -> u8 {
    let [first, ..] = <[u8; 32]>::from(Sha256::digest(key));
    first
}
