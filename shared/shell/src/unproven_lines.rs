//! Limits the log lines of calls that are not verified. Anyone can send such calls, so at most ten
//! lines a second are written; the rest is counted (decisions I1, I2).

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The log lines of unverified calls, of one process.
pub struct UnprovenLines {
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The lines of the current second.
    second: Window,
    /// How many lines were not written since the last one that was.
    unlogged: u64,
    /// The refused signatures of the current minute.
    minute: Window,
    /// Whether a task will call [`UnprovenLines::write_rest`].
    is_awaited: bool,
}

/// A span of time, and what was counted in it. It begins with the first count.
#[derive(Debug, Default)]
struct Window {
    began: Option<Duration>,
    count: u64,
}

/// The most lines in a second.
const MAX_LINES: u64 = 10;
/// The most refused signatures in a minute without a warning.
const MAX_REFUSED: u64 = 10;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

impl UnprovenLines {
    /// Counts nothing yet. `clock` tells the time since a fixed start.
    pub fn new(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { clock: Box::new(clock), state: Mutex::default() }
    }

    /// Counts a line. If it may be written, returns how many lines were not written before it.
    pub fn begin(&self) -> Option<u64> {
        let now = (self.clock)();
        let mut state = self.lock();
        state.second.end_before(now, SECOND);
        if state.second.count < MAX_LINES {
            state.second.add(now);
            Some(std::mem::take(&mut state.unlogged))
        } else {
            state.unlogged += 1;
            None
        }
    }

    /// Counts a signature that was refused. If a minute with many of them has ended, writes a
    /// warning.
    pub fn signature_refused(&self) {
        let now = (self.clock)();
        let ended = {
            let mut state = self.lock();
            let ended = state.minute.end_before(now, MINUTE);
            state.minute.add(now);
            ended
        };
        warn_refused(ended);
    }

    /// How long to wait before [`Self::write_rest`] is called. `None` if there is nothing to write,
    /// or if a task already waits.
    pub fn wait(&self) -> Option<Duration> {
        let mut state = self.lock();
        let is_needed = state.unlogged > 0 || state.minute.count > MAX_REFUSED;
        if !is_needed || state.is_awaited {
            return None;
        }
        state.is_awaited = true;
        Some(SECOND)
    }

    /// Writes what the calls of the past second, and of the past minute, did not write.
    pub fn write_rest(&self) {
        self.lock().is_awaited = false;
        self.write((self.clock)(), SECOND, MINUTE);
    }

    /// Writes all that is left, at the end of the process.
    pub fn write_all(&self) {
        self.write((self.clock)(), Duration::ZERO, Duration::ZERO);
    }

    fn write(&self, now: Duration, second: Duration, minute: Duration) {
        let (unlogged, refused) = {
            let mut state = self.lock();
            let is_over = state.second.end_before(now, second).is_some();
            let unlogged = if is_over { std::mem::take(&mut state.unlogged) } else { 0 };
            (unlogged, state.minute.end_before(now, minute))
        };
        if unlogged > 0 {
            tracing::info!(unlogged, "more calls were not verified");
        }
        warn_refused(refused);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for UnprovenLines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UnprovenLines").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Window {
    fn add(&mut self, now: Duration) {
        self.began.get_or_insert(now);
        self.count += 1;
    }

    /// Ends a window that began at least `span` ago. Returns its count.
    fn end_before(&mut self, now: Duration, span: Duration) -> Option<u64> {
        let is_over = self.began.is_some_and(|began| span <= now.saturating_sub(began));
        is_over.then(|| std::mem::take(self).count)
    }
}

fn warn_refused(ended: Option<u64>) {
    if let Some(count) = ended.filter(|count| *count > MAX_REFUSED) {
        tracing::warn!(
            count,
            "many signatures were refused in a minute; if they are the marketplace's calls, check the \
             access key, and the proxy in front of koohook"
        );
    }
}
