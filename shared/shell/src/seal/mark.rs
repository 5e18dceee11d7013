//! The state of a store's seal mark, as this process last read it. The repository reads and puts
//! the mark.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Whether the process has read the mark, whether its keys decrypt it, and when to read it again.
#[derive(Debug, Default)]
pub(crate) struct SealMark(Mutex<MarkState>);

/// What a process knows of the mark.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum MarkState {
    /// The process has not read the mark yet.
    #[default]
    Unknown,
    /// This process's keys decrypted the mark. It is read again at this time of the process: its
    /// key may be out of use since.
    Ours(Duration),
    /// The store had no mark. The process looks for one again at this time.
    Missing(Duration),
    /// This process's keys had decrypted the mark, and it exists no more: the store was emptied, or
    /// replaced.
    Lost,
    /// There is a mark, and this process has no key.
    Theirs,
}

impl SealMark {
    pub(crate) fn is_unknown(&self) -> bool {
        self.state() == MarkState::Unknown
    }

    /// Whether the store had no mark when the process last read it.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.state(), MarkState::Missing(_))
    }

    pub(crate) fn is_theirs(&self) -> bool {
        self.state() == MarkState::Theirs
    }

    pub(crate) fn is_to_be_read(&self, elapsed: Duration) -> bool {
        match self.state() {
            MarkState::Unknown | MarkState::Lost => true,
            MarkState::Ours(until) | MarkState::Missing(until) => until <= elapsed,
            MarkState::Theirs => false,
        }
    }

    pub(crate) fn set_ours(&self, elapsed: Duration) {
        self.set(MarkState::Ours(elapsed.saturating_add(SEAL_MARK_READ_EVERY)));
    }

    /// Makes the next read or write of this process read the mark again. A process without a key
    /// keeps its state: it looks for a mark once a minute.
    pub(crate) fn doubt(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, MarkState::Ours(_)) {
            *state = MarkState::Ours(Duration::ZERO);
        }
    }

    /// Notes that the store has no mark. Returns whether this process has seen one before.
    pub(crate) fn lose(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, MarkState::Ours(_)) {
            *state = MarkState::Lost;
        }
        *state == MarkState::Lost
    }

    pub(crate) fn set_missing(&self, elapsed: Duration) {
        self.set(MarkState::Missing(elapsed.saturating_add(SEAL_MARK_READ_EVERY)));
    }

    /// Remembers whether a process without a key found a mark.
    pub(crate) fn set_keyless(&self, is_sealed: bool) {
        self.set(if is_sealed { MarkState::Theirs } else { MarkState::Unknown });
    }

    fn state(&self) -> MarkState {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: MarkState) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// How often a process reads the mark. `koohook store reseal` waits for longer than this and a call
/// before its last pass.
pub const SEAL_MARK_READ_EVERY: Duration = Duration::from_mins(1);
