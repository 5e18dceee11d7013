//! How far one connection is, and how long it may stay there (decision G6).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How far a connection is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ConnectionPhase {
    /// It is open and has sent nothing.
    Silent,
    /// Some of a request's head has arrived.
    Head,
    /// A request's body is arriving, even if the host does not use it.
    Body,
    /// A request is being answered.
    Busy,
    /// A request was answered; the next one has not begun.
    Idle,
}

/// What the host knows of one connection.
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
    /// The bytes of the head that is arriving, up to its end.
    head: Vec<u8>,
}

/// Whether the host wants the connection to end.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum CloseRequest {
    None,
    /// As soon as no request is under way.
    WhenIdle,
    /// Though a request is arriving.
    Now,
}

/// Which connections make room for others, the first ones first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum EvictionRank {
    /// Nothing is under way on it.
    Idle,
    /// Its head has not come at once.
    SlowHead,
    /// Its body has not come at once.
    SlowBody,
}

/// A request of which bytes may still arrive, even if it is answered. When this is dropped, the next
/// byte begins another request.
pub(super) struct ArrivingRequest(pub Arc<ConnectionState>);

impl ConnectionState {
    /// A connection that was accepted now.
    pub fn new() -> Self {
        let state = State {
            phase: ConnectionPhase::Silent,
            since: Instant::now(),
            close: CloseRequest::None,
            head: Vec::new(),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Bytes arrived. Between requests they begin a head, whose bytes are kept until it is whole;
    /// empty lines there mean nothing (RFC 9112, 2.2).
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

    /// A head is whole; these are its bytes as they travelled, and what came right behind them.
    pub fn take_head(&self) -> Vec<u8> {
        let mut state = self.lock();
        self.enter(&mut state, ConnectionPhase::Body);
        std::mem::take(&mut state.head)
    }

    /// All of the request that the host reads is there.
    pub fn body_read(&self) {
        let mut state = self.lock();
        self.enter(&mut state, ConnectionPhase::Busy);
    }

    /// The request is answered, and nothing of it is still arriving.
    pub fn answered(&self) {
        let mut state = self.lock();
        self.enter(&mut state, ConnectionPhase::Idle);
    }

    /// Asks the connection to end as soon as no request is under way.
    pub fn close_when_idle(&self) {
        self.request_close(CloseRequest::WhenIdle);
    }

    /// Asks the connection to end though a request is arriving.
    pub fn close_now(&self) {
        self.request_close(CloseRequest::Now);
    }

    fn request_close(&self, close: CloseRequest) {
        let mut state = self.lock();
        state.close = close.max(state.close);
        drop(state);
        self.changed.notify_one();
    }

    /// Whether the host asked the connection to end.
    pub fn is_to_close(&self) -> bool {
        self.lock().close != CloseRequest::None
    }

    /// How soon the connection is to make room for others; of one rank the oldest first. `None` if
    /// it is not to, or was asked already.
    pub fn eviction_rank(&self) -> Option<(EvictionRank, Instant)> {
        let state = self.lock();
        let slow = AT_ONCE <= state.since.elapsed();
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

    /// How far the connection is.
    pub fn phase(&self) -> ConnectionPhase {
        self.lock().phase
    }

    /// Waits until the connection has stayed as it is for too long.
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

/// How long a connection may be open and send nothing.
const SILENT: Duration = Duration::from_secs(10);
/// How long a head may take from its first byte.
const HEAD: Duration = Duration::from_secs(3);
/// A head and a body that come at once have come by then.
const AT_ONCE: Duration = Duration::from_millis(200);
/// How long a connection is kept for the next request. Longer than proxies keep theirs (nginx 60 s,
/// most load balancers 60 s), so that the proxy closes first and sends nothing into a closed one.
const KEPT: Duration = Duration::from_secs(75);
