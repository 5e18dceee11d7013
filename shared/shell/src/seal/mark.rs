//! The state of a store's seal mark, as this process last read it. The repository reads and puts
//! the mark.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Whether the process has read the mark, whether its keys decrypt it, and when to read it again.
#[derive(Debug, Default)]
pub(crate) struct SealMark(AtomicU64);

impl SealMark {
    pub(crate) fn is_unknown(&self) -> bool {
        self.0.load(Ordering::Relaxed) == UNKNOWN
    }

    /// Whether the store had no mark when the process last read it.
    pub(crate) fn is_missing(&self) -> bool {
        !matches!(self.0.load(Ordering::Relaxed), UNKNOWN | OURS | THEIRS)
    }

    pub(crate) fn is_theirs(&self) -> bool {
        self.0.load(Ordering::Relaxed) == THEIRS
    }

    pub(crate) fn is_to_be_read(&self, elapsed: Duration) -> bool {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => true,
            OURS => false,
            until => until <= millis(elapsed),
        }
    }

    pub(crate) fn set_ours(&self) {
        self.0.store(OURS, Ordering::Relaxed);
    }

    /// Makes the next read or write of this process read the mark again. A process without a key
    /// keeps its state: it looks for a mark once a minute.
    pub(crate) fn doubt(&self) {
        let _ = self.0.compare_exchange(OURS, UNKNOWN, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(crate) fn set_missing(&self, elapsed: Duration) {
        self.0.store(millis(elapsed.saturating_add(MINUTE)), Ordering::Relaxed);
    }

    /// Remembers whether a process without a key found a mark.
    pub(crate) fn set_keyless(&self, is_sealed: bool) {
        self.0.store(if is_sealed { THEIRS } else { UNKNOWN }, Ordering::Relaxed);
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).clamp(1, THEIRS - 1)
}

/// How often a process looks for a missing mark.
const MINUTE: Duration = Duration::from_mins(1);
/// The process has not read the mark yet.
const UNKNOWN: u64 = 0;
/// This process's keys decrypt the mark. A number between `UNKNOWN` and `THEIRS` is the time of the
/// next look for a missing mark.
const OURS: u64 = u64::MAX;
/// There is a mark, and this process has no key.
const THEIRS: u64 = u64::MAX - 1;
