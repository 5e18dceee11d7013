//! The seller's access key of the open APIs (AK/SK), and who may use it when (decision E7).

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::order_query_gate::QueryGate;
use futures_util::future::select_all;
use futures_util::lock;
use protocol::signature::sdk::OpenApiCredentials;

/// The seller's access key. The order query and usage share its gate: the gateway locks a key after
/// five failures in a row, whatever it signed.
#[derive(Debug)]
pub struct OpenApiKey {
    credentials: OpenApiCredentials,
    gate: Mutex<QueryGate>,
    /// Locked by the one running call, until the access key has worked.
    first: lock::Mutex<()>,
    /// One lock for each call that may run concurrently.
    turns: [lock::Mutex<()>; AT_ONCE],
}

/// Allows one call until it is dropped.
pub(crate) struct KeyTurn<'a> {
    _first: Option<lock::MutexGuard<'a, ()>>,
    _turn: lock::MutexGuard<'a, ()>,
}

/// How many calls may run concurrently after the access key has worked (decision E7).
pub const AT_ONCE: usize = 3;

impl OpenApiKey {
    /// Makes a key that has not worked yet.
    pub fn new(credentials: OpenApiCredentials) -> Self {
        let turns = std::array::from_fn(|_| lock::Mutex::default());
        Self { credentials, gate: Mutex::default(), first: lock::Mutex::default(), turns }
    }

    /// The key itself.
    pub const fn credentials(&self) -> &OpenApiCredentials {
        &self.credentials
    }

    /// Waits for a turn: one call at a time until the key has worked, then a few.
    pub(crate) async fn turn(&self) -> KeyTurn<'_> {
        let has_worked = || self.gate().has_worked();
        let first = if has_worked() { None } else { Some(self.first.lock().await) };
        // The key may have worked while this call waited.
        let first = first.filter(|_| !has_worked());
        let (turn, ..) = select_all(self.turns.iter().map(lock::Mutex::lock)).await;
        KeyTurn { _first: first, _turn: turn }
    }

    /// Whether the key may be used now, and what was learned about it.
    pub(crate) fn gate(&self) -> MutexGuard<'_, QueryGate> {
        // Each statement leaves the gate consistent: a panic under the lock does no harm.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
