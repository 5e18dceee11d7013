//! Whether this process can carry out calls now (decision I5). The process probes itself; `/readyz`
//! only reports the result of the last probe.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;

use crate::failure::Failure;
use crate::trouble_log::TroubleLog;

/// The result of this process's last probe.
#[derive(Debug, Default)]
pub struct Readiness {
    state: AtomicU8,
    /// When the relay last ended a run, in milliseconds of the process's time plus one. Zero: the
    /// relay does not run in this process.
    relayed: AtomicU64,
    trouble: TroubleLog,
}

/// What `/readyz` reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadinessState {
    /// This process does not probe itself.
    Unprobed,
    /// The last probe found that koohook can carry out calls.
    Ready,
    /// The last probe found a fault, or the first probe has not ended.
    NotReady,
}

/// The state of the last probe, in a word for the metrics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadinessWord {
    /// This process does not probe itself.
    Unprobed,
    /// The first probe has not ended.
    Starting,
    /// koohook can carry out calls.
    Ready,
    /// The store cannot be read, or the keys do not decrypt it.
    StoreUnreadable,
    /// The store cannot be written.
    StoreUnwritable,
    /// The relay in this process ended no run for too long.
    RelayStuck,
}

/// Why koohook cannot carry out calls.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum NotReady {
    /// The store cannot be read, or the keys do not decrypt it.
    #[error("store cannot be read: {0}")]
    Read(Failure),
    /// The store cannot be written.
    #[error("store cannot be written: {0}")]
    Write(Failure),
    /// The relay runs in this process, and ended no run for too long.
    #[error("relay has ended no run for five minutes")]
    Relay,
}

impl Readiness {
    /// What `/readyz` reports.
    pub fn state(&self) -> ReadinessState {
        match self.state.load(Ordering::Relaxed) {
            UNPROBED => ReadinessState::Unprobed,
            READY => ReadinessState::Ready,
            _ => ReadinessState::NotReady,
        }
    }

    /// The state in a word.
    pub fn word(&self) -> ReadinessWord {
        match self.state.load(Ordering::Relaxed) {
            UNPROBED => ReadinessWord::Unprobed,
            READY => ReadinessWord::Ready,
            UNREADABLE => ReadinessWord::StoreUnreadable,
            UNWRITABLE => ReadinessWord::StoreUnwritable,
            RELAY_STUCK => ReadinessWord::RelayStuck,
            _ => ReadinessWord::Starting,
        }
    }

    /// Notes that this process probes itself. Until the first probe ends, it is not ready.
    pub fn begin(&self) {
        self.state.store(STARTING, Ordering::Relaxed);
    }

    /// Notes that the relay runs in this process, or that a run has ended now. `now` is the time
    /// since the process's start.
    pub fn note_relay(&self, now: Duration) {
        self.relayed.store(millis(now).saturating_add(1), Ordering::Relaxed);
    }

    /// Checks that the relay works, if it runs in this process.
    ///
    /// # Errors
    /// [`NotReady::Relay`] if it has ended no run for too long.
    pub fn check_relay(&self, now: Duration) -> Result<(), NotReady> {
        let relayed = self.relayed.load(Ordering::Relaxed);
        let is_late = relayed != 0 && millis(now).saturating_sub(relayed) > millis(RELAYED_WITHIN);
        if is_late { Err(NotReady::Relay) } else { Ok(()) }
    }

    /// Records the result of a probe, and logs the beginning and the end of a trouble.
    pub fn record(&self, found: Result<(), NotReady>, now: Duration) {
        let state = match found {
            Ok(()) => READY,
            Err(NotReady::Read(_)) => UNREADABLE,
            Err(NotReady::Write(_)) => UNWRITABLE,
            Err(NotReady::Relay) => RELAY_STUCK,
        };
        self.state.store(state, Ordering::Relaxed);
        match found {
            Ok(()) => {
                if let Some(count) = self.trouble.ended() {
                    tracing::info!(count, "ready again");
                }
            }
            Err(fault) => {
                if let Some(count) = self.trouble.occurred(now) {
                    tracing::warn!(fault = %fault, advice = fault.advice(), count, "not ready");
                }
            }
        }
    }
}

impl ReadinessWord {
    /// Every word.
    pub const ALL: [Self; 6] = [
        Self::Unprobed,
        Self::Starting,
        Self::Ready,
        Self::StoreUnreadable,
        Self::StoreUnwritable,
        Self::RelayStuck,
    ];

    /// The word in the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unprobed => "unprobed",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::StoreUnreadable => "store-unreadable",
            Self::StoreUnwritable => "store-unwritable",
            Self::RelayStuck => "relay-stuck",
        }
    }
}

impl NotReady {
    /// What an operator can do.
    const fn advice(self) -> &'static str {
        match self {
            Self::Read(Failure::SealedElsewhere | Failure::Unopened) => {
                "set KOOHOOK_SEAL_KEY, or KOOHOOK_SEAL_KEY_PREVIOUS, to the key that sealed the store"
            }
            Self::Read(Failure::MarkLost) => LOST,
            Self::Read(_) | Self::Write(_) => "run koohook check with the settings of this process",
            Self::Relay => "read the log for relay failed, then restart this process",
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

const LOST: &str = "the store was emptied or replaced; restore a backup into it; only if it was meant, restart \
     every koohook to begin a new store";
/// The states that [`Readiness`] stores.
const UNPROBED: u8 = 0;
const READY: u8 = 1;
const STARTING: u8 = 2;
const UNREADABLE: u8 = 3;
const UNWRITABLE: u8 = 4;
const RELAY_STUCK: u8 = 5;
/// The longest time without a run of the relay (decision I5).
const RELAYED_WITHIN: Duration = Duration::from_mins(5);
