//! A world for tests. The test sets the time, and random values are the same in every run.

mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::time::UnixMillis;
use shell::store::Store;
use shell::world::World;

use self::waiting::{Waiting, Waits};
pub use crate::watched_store::{StoreFault, Watched};
pub use crate::web::Scripted;
use crate::yielding::yield_now;

/// The moment at which every test begins: 2026-10-05T21:09:27Z.
pub const NOW: u64 = 1_791_234_567_000;

/// A world whose clock the test sets.
pub struct TestWorld<S> {
    store: S,
    web: Scripted,
    now: AtomicU64,
    elapsed: AtomicU64,
    lag: AtomicU64,
    drawn: AtomicU64,
    waiting: Waits,
}

impl<S: Store> TestWorld<S> {
    /// A world that begins at [`NOW`].
    pub fn new(store: S) -> Self {
        let [now, elapsed, lag, drawn] = [NOW, 0, 0, 0].map(AtomicU64::new);
        let waiting = Waits::default();
        Self { store, web: Scripted::default(), now, elapsed, lag, drawn, waiting }
    }

    /// Advances both clocks.
    pub fn pass(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap();
        self.now.fetch_add(millis, Ordering::SeqCst);
        self.elapsed.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets how long every later operation takes. If that is longer than the caller waits,
    /// the operation is done but its caller does not see the result.
    pub fn lag(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap();
        self.lag.store(millis, Ordering::SeqCst);
    }

    /// Sets only the time of day, as a correction of the clock does.
    pub fn set_now(&self, millis: u64) {
        self.now.store(millis, Ordering::SeqCst);
    }

    /// The highest number of concurrent calls over the web so far.
    pub fn most_called(&self) -> usize {
        self.web.most_at_once()
    }

    /// The time of day in milliseconds.
    pub fn now_millis(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }
}

impl<S: Store + Clone> TestWorld<Watched<S>> {
    /// A world for another process. It has the same store and time of day, but other random values,
    /// no closure that answers calls, and no planned fault.
    pub fn of_another_process(&self) -> Self {
        let other = Self::watched(self.store.inner().clone());
        other.now.store(self.now_millis(), Ordering::SeqCst);
        // The other process must draw other numbers, so it starts far away.
        let drawn = self.drawn.fetch_add(1 << 40, Ordering::SeqCst) + (1 << 39);
        other.drawn.store(drawn, Ordering::SeqCst);
        other
    }
}

impl<S: Store> TestWorld<Watched<S>> {
    /// A world whose store is watched, and which can be made to halt.
    pub fn watched(store: S) -> Self {
        let store = Watched::new(store);
        let web = Scripted::with_halt(Arc::clone(store.halt()));
        Self { web, ..Self::new(store) }
    }

    /// Halts all operations at a point; see [`crate::halt::Halt`].
    pub fn halt_at(&self, point: usize) {
        self.store.halt().set(Some(point));
    }

    /// Lifts the halt.
    pub fn go_on(&self) {
        self.store.halt().set(None);
    }

    /// Whether the world has halted, and no operation is under way.
    pub fn has_halted(&self) -> bool {
        self.store.halt().is_over()
    }
}

impl<S: Store> World for TestWorld<S> {
    type Store = S;
    type Web = Scripted;

    fn store(&self) -> &S {
        &self.store
    }

    fn web(&self) -> &Scripted {
        &self.web
    }

    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.now_millis())
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed.load(Ordering::SeqCst))
    }

    /// Returns a new value at each call, and the same values in every run.
    fn random<const N: usize>(&self) -> [u8; N] {
        let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
        let mut bytes = [0; N];
        bytes.iter_mut().zip(drawn.to_le_bytes()).for_each(|(to, from)| *to = from);
        bytes
    }

    /// A future takes the world's lag plus the time of its call over the web. If the limit is zero,
    /// the future does not begin. Concurrent futures share the time that passes.
    async fn within<F>(&self, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        if limit.is_zero() {
            return None;
        }
        let lag = Duration::from_millis(self.lag.load(Ordering::SeqCst));
        self.pause(lag.min(limit)).await;
        let output = future.await;
        let took = self.web.take_span();
        self.pause(took.min(limit.saturating_sub(lag))).await;
        (lag.saturating_add(took) < limit).then_some(output)
    }

    /// Time passes for the future with the shortest wait, after all other futures are idle. The
    /// real time that a real store takes does not count.
    async fn pause(&self, span: Duration) {
        let until = self.elapsed().saturating_add(span);
        let waiting = Waiting::new(&self.waiting, until);
        let mut idle = 0;
        while self.elapsed() < until && idle < PATIENCE {
            idle = match (self.web.is_idle(), waiting.is_first()) {
                (false, _) => 0,
                (true, true) => idle + PATIENCE / FIRST,
                // A future with a shorter wait may belong to a paused process.
                (true, false) => idle + 1,
            };
            yield_now().await;
        }
        self.pass(until.saturating_sub(self.elapsed()));
    }
}

/// How many times other futures may run before time passes. `FIRST` is for the
/// future with the shortest wait, `PATIENCE` for any other future.
const FIRST: usize = 4;
const PATIENCE: usize = 256;
