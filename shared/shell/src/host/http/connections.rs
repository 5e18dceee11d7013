//! All open connections: how many are allowed, which one is closed first, and how they are closed
//! when the host stops (decision G6).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::connection_state::{ConnectionState, EvictionRank};
use super::log_throttle::LogThrottle;

/// The open connections and the open requests of a host.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    changed: Notify,
    stopping: AtomicBool,
    limit: usize,
    full: LogThrottle,
}

#[derive(Debug, Default)]
struct Open {
    connections: BTreeMap<u64, Arc<ConnectionState>>,
    next: u64,
    requests: usize,
}

/// Registers a connection among the open ones until it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    pub connections: Arc<Connections>,
    pub state: Arc<ConnectionState>,
    number: u64,
}

/// An open request. It is finished even if its caller closes the connection.
#[derive(Debug)]
pub(super) struct OpenRequest(Arc<Connections>);

impl Open {
    fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.requests == 0
    }
}

impl Connections {
    /// Allows at most `limit` connections.
    pub fn new(limit: usize) -> Self {
        Self {
            open: Mutex::default(),
            changed: Notify::new(),
            stopping: AtomicBool::new(false),
            limit,
            full: LogThrottle::default(),
        }
    }

    /// Waits until there is room for one more connection. Closes others if there is none.
    pub async fn room(&self) {
        while self.limit <= self.lock().connections.len() {
            if self.full.is_due() {
                tracing::warn!(
                    limit = self.limit,
                    "too many connections; each new one closes the one that was idle longest; if the \
                     callers are yours, raise KOOHOOK_MAX_CONNECTIONS and the limit of open files"
                );
            }
            self.close_one().await;
        }
    }

    /// Asks the connection that was idle longest to close; if none is idle, the slowest sender.
    /// Waits a moment. Returns whether a connection has closed.
    pub async fn close_one(&self) -> bool {
        let (first, count) = {
            let open = self.lock();
            let ranked = open.connections.values();
            let ranked =
                ranked.filter_map(|it| it.eviction_rank().map(|rank| (rank, Arc::clone(it))));
            (ranked.min_by_key(|(rank, _)| *rank), open.connections.len())
        };
        match first {
            Some(((EvictionRank::Idle, _), state)) => state.close_when_idle(),
            Some(((EvictionRank::SlowHead | EvictionRank::SlowBody, _), state)) => {
                state.close_now()
            }
            None => (),
        }
        let fewer = self.until(|open| open.connections.len() < count);
        timeout(PATIENCE, fewer).await.is_ok()
    }

    /// Registers a connection that was just accepted.
    pub fn open(self: &Arc<Self>) -> OpenConnection {
        let state = Arc::new(ConnectionState::new());
        let mut open = self.lock();
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, Arc::clone(&state));
        OpenConnection { connections: Arc::clone(self), state, number }
    }

    /// Counts an open request.
    pub fn begin(self: &Arc<Self>) -> OpenRequest {
        self.lock().requests += 1;
        OpenRequest(Arc::clone(self))
    }

    /// Whether the host is stopping. If it is, each answer contains `Connection: close`.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Closes idle connections and finishes open requests, up to a time limit. Returns how many
    /// connections and requests were cut off.
    pub async fn stop(&self, limit: Duration) -> (usize, usize) {
        self.stopping.store(true, Ordering::Relaxed);
        let all: Vec<_> = self.lock().connections.values().map(Arc::clone).collect();
        all.iter().for_each(|state| state.close_when_idle());
        let _ = timeout(limit, self.until(Open::is_empty)).await;
        let open = self.lock();
        (open.connections.len(), open.requests)
    }

    /// Waits until a condition is true for the open connections.
    async fn until(&self, is_true: impl Fn(&Open) -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_true(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.lock().connections.remove(&self.number);
        self.connections.changed.notify_waiters();
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.lock().requests -= 1;
        self.0.changed.notify_waiters();
    }
}

/// How long to wait for a connection to close before another one is asked.
const PATIENCE: Duration = Duration::from_millis(100);
