//! How far one connection is, and how long it may stay so (decision G6).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How far a connection is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
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
pub(super) struct Attendance {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    unwanted: Unwanted,
    /// The bytes of the head that is arriving, up to its end.
    head: Vec<u8>,
}

/// Whether the host wants the connection to end.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Unwanted {
    No,
    /// As soon as no request is under way.
    WhenIdle,
    /// Though a request is arriving.
    Now,
}

/// Which connections make room for others, the first ones first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Rank {
    /// Nothing is under way on it.
    Idle,
    /// Its head has not come at once.
    SlowHead,
    /// Its body has not come at once.
    SlowBody,
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

impl Attendance {
    /// A connection that was accepted now.
    pub fn new() -> Self {
        let state = State {
            phase: Phase::Silent,
            since: Instant::now(),
            unwanted: Unwanted::No,
            head: Vec::new(),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Bytes arrived. Between requests they begin a head, whose bytes are kept until it is whole;
    /// empty lines there mean nothing (RFC 9112, 2.2).
    pub fn arrived(&self, bytes: &[u8], max_head_len: usize) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Silent | Phase::Idle) {
            if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                return;
            }
            state.head.clear();
            self.enter(&mut state, Phase::Head);
        }
        if state.phase == Phase::Head {
            let rest = max_head_len.saturating_sub(state.head.len());
            state.head.extend(bytes.iter().take(rest));
        }
    }

    /// A head is whole; these are its bytes as they travelled, and what came right behind them.
    pub fn begun(&self) -> Vec<u8> {
        let mut state = self.lock();
        self.enter(&mut state, Phase::Body);
        std::mem::take(&mut state.head)
    }

    /// All of the request that the host reads is there.
    pub fn read(&self) {
        let mut state = self.lock();
        self.enter(&mut state, Phase::Busy);
    }

    /// The request is answered, and nothing of it is still arriving.
    pub fn answered(&self) {
        let mut state = self.lock();
        self.enter(&mut state, Phase::Idle);
    }

    /// Asks the connection to end as soon as no request is under way.
    pub fn dismiss(&self) {
        self.unwant(Unwanted::WhenIdle);
    }

    /// Asks the connection to end though a request is arriving.
    pub fn evict(&self) {
        self.unwant(Unwanted::Now);
    }

    fn unwant(&self, unwanted: Unwanted) {
        let mut state = self.lock();
        state.unwanted = unwanted.max(state.unwanted);
        drop(state);
        self.changed.notify_one();
    }

    /// Whether the host asked the connection to end.
    pub fn is_unwanted(&self) -> bool {
        self.lock().unwanted != Unwanted::No
    }

    /// How soon the connection is to make room for others; of one rank the oldest first. `None` if
    /// it is not to, or was asked already.
    pub fn rank(&self) -> Option<(Rank, Instant)> {
        let state = self.lock();
        let slow = AT_ONCE <= state.since.elapsed();
        let rank = match state.phase {
            _ if state.unwanted == Unwanted::Now => None,
            Phase::Silent | Phase::Idle if state.unwanted == Unwanted::No => Some(Rank::Idle),
            Phase::Head if slow => Some(Rank::SlowHead),
            Phase::Body if slow => Some(Rank::SlowBody),
            Phase::Silent | Phase::Idle | Phase::Head | Phase::Body | Phase::Busy => None,
        };
        rank.map(|rank| (rank, state.since))
    }

    /// How far the connection is.
    pub fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Waits until the connection has stayed as it is for too long.
    pub async fn over(&self) {
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
            Phase::Silent | Phase::Idle if state.unwanted != Unwanted::No => Some(state.since),
            Phase::Head | Phase::Body if state.unwanted == Unwanted::Now => Some(state.since),
            Phase::Silent => Some(state.since + SILENT),
            Phase::Head => Some(state.since + HEAD),
            Phase::Body | Phase::Busy => None,
            Phase::Idle => Some(state.since + KEPT),
        }
    }

    fn enter(&self, state: &mut State, phase: Phase) {
        state.phase = phase;
        state.since = Instant::now();
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
