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
    /// A request is being read or answered.
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
    /// The host wants the connection to end as soon as no request is under way.
    unwanted: bool,
    /// The bytes of the head that is arriving.
    head: Vec<u8>,
}

/// How long a connection may be open and send nothing.
const SILENT: Duration = Duration::from_secs(10);
/// How long a head may take from its first byte.
const HEAD: Duration = Duration::from_secs(3);
/// How long a connection is kept for the next request. Longer than proxies keep theirs (nginx 60 s,
/// most load balancers 60 s), so that the proxy closes first and sends nothing into a closed one.
const IDLE: Duration = Duration::from_secs(75);

impl Attendance {
    /// A connection that was accepted now.
    pub fn new() -> Self {
        let state = State {
            phase: Phase::Silent,
            since: Instant::now(),
            unwanted: false,
            head: Vec::new(),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Bytes arrived. Between requests they begin a head, whose bytes are kept until it is whole.
    pub fn arrived(&self, bytes: &[u8], max_head_len: usize) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Silent | Phase::Idle) {
            self.enter(&mut state, Phase::Head);
        }
        if state.phase == Phase::Head && state.head.len() < max_head_len {
            let rest = max_head_len - state.head.len();
            state.head.extend(bytes.iter().take(rest));
        }
    }

    /// A head is whole; these are its bytes as they travelled, and what came right behind them.
    pub fn begun(&self) -> Vec<u8> {
        let mut state = self.lock();
        self.enter(&mut state, Phase::Busy);
        std::mem::take(&mut state.head)
    }

    /// The request is answered.
    pub fn answered(&self) {
        let mut state = self.lock();
        self.enter(&mut state, Phase::Idle);
    }

    /// Asks the connection to end as soon as no request is under way.
    pub fn dismiss(&self) {
        self.lock().unwanted = true;
        self.changed.notify_one();
    }

    /// Whether the host asked the connection to end.
    pub fn is_unwanted(&self) -> bool {
        self.lock().unwanted
    }

    /// Since when nothing has happened, if nothing is under way and nobody asked it to end yet.
    pub fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        let idle = matches!(state.phase, Phase::Silent | Phase::Idle) && !state.unwanted;
        idle.then_some(state.since)
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
            Phase::Silent | Phase::Idle if state.unwanted => Some(state.since),
            Phase::Silent => Some(state.since + SILENT),
            Phase::Head => Some(state.since + HEAD),
            Phase::Busy => None,
            Phase::Idle => Some(state.since + IDLE),
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
