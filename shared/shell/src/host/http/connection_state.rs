//! The phase of one connection, and how long it may last (decision G6).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// The phase of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ConnectionPhase {
    /// The caller has sent nothing yet.
    Silent,
    /// Part of a request line and headers has arrived.
    Head,
    /// A request's body is arriving, even if the host does not use it.
    Body,
    /// A request is being answered.
    Busy,
    /// A request was answered; the next one has not begun.
    Idle,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct ConnectionState {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    phase: ConnectionPhase,
    since: Instant,
    close: CloseRequest,
    /// The bytes of the request line and headers that have arrived.
    head: Vec<u8>,
}

/// Whether the host has asked the connection to close.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum CloseRequest {
    None,
    /// Close as soon as no request is open.
    WhenIdle,
    /// Close even if a request is arriving.
    Now,
}

/// Which connections are closed to make room for others, in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum EvictionRank {
    /// It has no open request.
    Idle,
    /// Its request line and headers arrive slowly.
    SlowHead,
    /// Its body arrives slowly.
    SlowBody,
}

/// A request whose bytes may still arrive, even if it is answered. When this is dropped, the next
/// byte starts another request.
pub(super) struct ArrivingRequest(pub Arc<ConnectionState>);

impl ConnectionState {
    /// The state of a connection that was just accepted.
    pub fn new() -> Self {
        let state = State {
            phase: ConnectionPhase::Silent,
            since: Instant::now(),
            close: CloseRequest::None,
            head: Vec::new(),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Records that bytes arrived. Between requests they start a request line and headers, whose
    /// bytes are kept until all have arrived. Empty lines between requests mean nothing (RFC 9112,
    /// 2.2).
    pub fn arrived(&self, bytes: &[u8], max_head_len: usize) {
        let mut state = self.lock();
        if matches!(state.phase, ConnectionPhase::Silent | ConnectionPhase::Idle) {
            if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                return;
            }
            state.head.clear();
            self.enter(&mut state, ConnectionPhase::Head);
        }
        if state.phase == ConnectionPhase::Head {
            let rest = max_head_len.saturating_sub(state.head.len());
            state.head.extend(bytes.iter().take(rest));
        }
    }

    /// Records that the request line and headers are complete. Returns their bytes as received, and
    /// the bytes that came directly after them.
    pub fn take_head(&self) -> Vec<u8> {
        let mut state = self.lock();
        self.enter(&mut state, ConnectionPhase::Body);
        std::mem::take(&mut state.head)
    }

    /// Records that the host has read the body.
    pub fn body_read(&self) {
        let mut state = self.lock();
        self.enter(&mut state, ConnectionPhase::Busy);
    }

    /// Records that the request is answered, and that none of its bytes is still arriving.
    pub fn answered(&self) {
        let mut state = self.lock();
        self.enter(&mut state, ConnectionPhase::Idle);
    }

    /// Asks the connection to close as soon as no request is open.
    pub fn close_when_idle(&self) {
        self.request_close(CloseRequest::WhenIdle);
    }

    /// Asks the connection to close even if a request is arriving.
    pub fn close_now(&self) {
        self.request_close(CloseRequest::Now);
    }

    fn request_close(&self, close: CloseRequest) {
        let mut state = self.lock();
        state.close = close.max(state.close);
        drop(state);
        self.changed.notify_one();
    }

    /// Whether the host has asked the connection to close.
    pub fn is_to_close(&self) -> bool {
        self.lock().close != CloseRequest::None
    }

    /// The connection's rank for closing; the oldest of one rank is first. `None` if it must stay
    /// open, or was already asked to close.
    pub fn eviction_rank(&self) -> Option<(EvictionRank, Instant)> {
        let state = self.lock();
        let slow = SLOW <= state.since.elapsed();
        let rank = match state.phase {
            _ if state.close == CloseRequest::Now => None,
            ConnectionPhase::Silent | ConnectionPhase::Idle
                if state.close == CloseRequest::None =>
            {
                Some(EvictionRank::Idle)
            }
            ConnectionPhase::Head if slow => Some(EvictionRank::SlowHead),
            ConnectionPhase::Body if slow => Some(EvictionRank::SlowBody),
            ConnectionPhase::Silent
            | ConnectionPhase::Idle
            | ConnectionPhase::Head
            | ConnectionPhase::Body
            | ConnectionPhase::Busy => None,
        };
        rank.map(|rank| (rank, state.since))
    }

    /// The phase of the connection.
    pub fn phase(&self) -> ConnectionPhase {
        self.lock().phase
    }

    /// Waits until the connection has been in its phase for too long.
    pub async fn timed_out(&self) {
        loop {
            match self.until() {
                Some(until) if until <= Instant::now() => return,
                Some(until) => drop(timeout_at(until, self.changed.notified()).await),
                None => self.changed.notified().await,
            }
        }
    }

    fn until(&self) -> Option<Instant> {
        let state = self.lock();
        match state.phase {
            ConnectionPhase::Silent | ConnectionPhase::Idle
                if state.close != CloseRequest::None =>
            {
                Some(state.since)
            }
            ConnectionPhase::Head | ConnectionPhase::Body if state.close == CloseRequest::Now => {
                Some(state.since)
            }
            ConnectionPhase::Silent => Some(state.since + SILENT),
            ConnectionPhase::Head => Some(state.since + HEAD),
            ConnectionPhase::Body | ConnectionPhase::Busy => None,
            ConnectionPhase::Idle => Some(state.since + KEPT),
        }
    }

    fn enter(&self, state: &mut State, phase: ConnectionPhase) {
        state.phase = phase;
        state.since = Instant::now();
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ArrivingRequest {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// How long a new connection may send nothing.
const SILENT: Duration = Duration::from_secs(10);
/// How long a request line and headers may take, from their first byte.
const HEAD: Duration = Duration::from_secs(3);
/// A request line with headers, or a body, is slow after this time.
const SLOW: Duration = Duration::from_millis(200);
/// How long an idle connection stays open for the next request. This is longer than proxies keep
/// theirs (nginx 60 s, most load balancers 60 s). So the proxy closes first, and never sends a
/// request into a closed connection.
const KEPT: Duration = Duration::from_secs(75);
