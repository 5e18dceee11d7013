//! A world for tests: its clock stands still until told, its chance is counted, its store can be
//! made to fail.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use protocol::time::UnixMillis;
use shell::store::{Entry, Put, Queue, Search, Store, Stored, Unavailable, Value, Version};
use shell::world::{Unanswered, Web, World};

use crate::halt::Halt;

/// The moment at which every test begins: 2026-10-05T21:09:27Z.
pub const NOW: u64 = 1_791_234_567_000;

/// A world with a clock in the test's hand.
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

    /// Lets time pass, on both clocks.
    pub fn pass(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap();
        self.now.fetch_add(millis, Ordering::SeqCst);
        self.elapsed.fetch_add(millis, Ordering::SeqCst);
    }

    /// How long every operation takes from now on; more than the caller waits, and it happens
    /// unseen.
    pub fn lag(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap();
        self.lag.store(millis, Ordering::SeqCst);
    }

    /// Sets the time of day alone, as a correction of the clock does.
    pub fn set_now(&self, millis: u64) {
        self.now.store(millis, Ordering::SeqCst);
    }

    /// How many calls over the web were ever under way at once.
    pub fn most_called(&self) -> usize {
        self.web.most.load(Ordering::SeqCst)
    }

    /// The time of day in milliseconds.
    pub fn now_millis(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }
}

impl<S: Store + Clone> TestWorld<Watched<S>> {
    /// The same world as another process finds it: the store, the time of day, and chance that
    /// never repeats itself; nobody is called there yet, and nothing fails.
    pub fn of_another_process(&self) -> Self {
        let other = Self::watched(self.store.inner.clone());
        other.now.store(self.now_millis(), Ordering::SeqCst);
        // Far from whatever this process draws.
        let drawn = self.drawn.fetch_add(1 << 40, Ordering::SeqCst) + (1 << 39);
        other.drawn.store(drawn, Ordering::SeqCst);
        other
    }
}

impl<S: Store> TestWorld<Watched<S>> {
    /// A world whose store is watched, and which can be made to halt.
    pub fn watched(store: S) -> Self {
        let halt = Arc::new(Halt::default());
        let mut world = Self::new(Watched::new(store, Arc::clone(&halt)));
        world.web.halt = halt;
        world
    }

    /// Lets everything halt at a point of its operations; see [`Halt`].
    pub fn halt_at(&self, point: usize) {
        self.store.halt.set(Some(point));
    }

    /// Lets everything go on.
    pub fn go_on(&self) {
        self.store.halt.set(None);
    }

    /// Whether the world has halted, and nothing is under way any more.
    pub fn has_halted(&self) -> bool {
        self.store.halt.is_over()
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

    /// Never the same twice, and the same in every run.
    fn random<const N: usize>(&self) -> [u8; N] {
        let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
        let mut bytes = [0; N];
        bytes.iter_mut().zip(drawn.to_le_bytes()).for_each(|(to, from)| *to = from);
        bytes
    }

    /// A future takes as long as the world lags, and whoever is called; without a limit left it
    /// is not begun. Those that are under way at once take their time at once.
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
        let took = Duration::from_millis(self.web.took.swap(0, Ordering::SeqCst));
        self.pause(took.min(limit.saturating_sub(lag))).await;
        (lag.saturating_add(took) < limit).then_some(output)
    }

    /// Time passes for who waits least, once nobody has anything else to do. How long a real store
    /// takes is no time of this world.
    async fn pause(&self, span: Duration) {
        let until = self.elapsed().saturating_add(span);
        let waiting = Waiting::new(&self.waiting, until);
        let mut idle = 0;
        while self.elapsed() < until && idle < PATIENCE {
            idle = match (self.web.halt.is_idle(), waiting.is_first()) {
                (false, _) => 0,
                (true, true) => idle + PATIENCE / FIRST,
                // Whoever waits less may be a process that is paused.
                (true, false) => idle + 1,
            };
            yield_now().await;
        }
        self.pass(until.saturating_sub(self.elapsed()));
    }
}

/// How many turns others have to begin an operation before time passes for who waits least, and for
/// anybody else.
const FIRST: usize = 4;
const PATIENCE: usize = 256;

/// Who waits until when.
#[derive(Default)]
struct Waits(Mutex<Vec<Duration>>);

/// One who waits, until it is over or dropped.
struct Waiting<'a> {
    all: &'a Waits,
    until: Duration,
}

impl<'a> Waiting<'a> {
    fn new(all: &'a Waits, until: Duration) -> Self {
        all.0.lock().unwrap_or_else(PoisonError::into_inner).push(until);
        Self { all, until }
    }

    fn is_first(&self) -> bool {
        let all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().all(|until| self.until <= *until)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.iter().position(|until| *until == self.until) {
            all.swap_remove(place);
        }
    }
}

/// A call that somebody waits for, until it is done or dropped.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whoever is called in a test: a closure that answers, or nobody.
#[derive(Default)]
pub struct Scripted {
    peer: Mutex<Option<Peer>>,
    /// How long the last call took, until somebody has waited for it.
    took: AtomicU64,
    halt: Arc<Halt>,
    /// How many calls are under way, and how many ever were at once.
    calls: AtomicUsize,
    most: AtomicUsize,
}

/// Answers a call, after a while.
pub type Peer = Box<dyn FnMut(Request<Bytes>) -> (Duration, Answered) + Send + 'static>;

/// What came of a call.
pub type Answered = Result<Response<Bytes>, Unanswered>;

impl Scripted {
    /// Sets who answers from now on, at once.
    pub fn answer(&self, mut peer: impl FnMut(Request<Bytes>) -> Answered + Send + 'static) {
        self.answer_after(move |request| (Duration::ZERO, peer(request)));
    }

    /// Sets who answers from now on, each after a while; what they do is done all the same.
    pub fn answer_after(
        &self,
        peer: impl FnMut(Request<Bytes>) -> (Duration, Answered) + Send + 'static,
    ) {
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(peer));
    }

    async fn call(&self, request: Request<Bytes>) -> (Duration, Answered) {
        yield_now().await;
        let outcome = {
            let mut peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
            match peer.as_mut() {
                Some(peer) => peer(request),
                None => return (Duration::ZERO, Err(Unanswered::NotReached)),
            }
        };
        yield_now().await;
        outcome
    }
}

impl Web for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Unanswered> {
        let calls = UnderWay::begin(&self.calls);
        self.most.fetch_max(self.calls.load(Ordering::SeqCst), Ordering::SeqCst);
        let (after, answered) = self.halt.operation(self.call(request)).await;
        drop(calls);
        // Only a caller that sees the answer has waited for it.
        self.took.store(u64::try_from(after.as_millis()).unwrap(), Ordering::SeqCst);
        answered
    }
}

/// What is to go wrong with one operation of a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// It works.
    None,
    /// It is refused, and nothing happened.
    Refused,
    /// It happens, and the reply is lost.
    ReplyLost,
}

/// A store that counts what is asked of it, and fails as planned.
pub struct Watched<S> {
    inner: S,
    reads: AtomicUsize,
    writes: AtomicUsize,
    plan: Mutex<VecDeque<Trouble>>,
    halt: Arc<Halt>,
}

impl<S: Store> Watched<S> {
    /// A store over another one, with nothing planned.
    fn new(inner: S, halt: Arc<Halt>) -> Self {
        let [reads, writes] = [0, 0].map(AtomicUsize::new);
        Self { inner, reads, writes, plan: Mutex::default(), halt }
    }

    /// Plans the next operations, in order, reads and writes alike; after them all goes well.
    pub fn plan(&self, troubles: impl IntoIterator<Item = Trouble>) {
        *self.plan.lock().unwrap() = troubles.into_iter().collect();
    }

    /// Reads and writes since the last time this was asked.
    pub fn take_counts(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::SeqCst), self.writes.swap(0, Ordering::SeqCst))
    }

    /// The store beneath, to look without being counted.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    fn next(&self) -> Trouble {
        self.plan.lock().unwrap().pop_front().unwrap_or(Trouble::None)
    }
}

impl<S: Store> Store for Watched<S> {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let operation = async {
            self.reads.fetch_add(1, Ordering::SeqCst);
            match self.next() {
                Trouble::None => self.inner.get(key, now).await,
                Trouble::Refused | Trouble::ReplyLost => Err(Unavailable),
            }
        };
        self.halt.operation(operation).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        let operation = async {
            self.writes.fetch_add(1, Ordering::SeqCst);
            match self.next() {
                Trouble::None => self.inner.put(key, value, over, now).await,
                Trouble::Refused => Err(Unavailable),
                Trouble::ReplyLost => {
                    self.inner.put(key, value, over, now).await?;
                    Err(Unavailable)
                }
            }
        };
        self.halt.operation(operation).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.halt.operation(self.inner.agenda(queue, span, limit)).await
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        self.halt.operation(self.inner.is_empty()).await
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        self.halt.operation(self.inner.find(first)).await
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.inner.clock(now).await
    }
}

/// Lets whoever else is under way go on: here a caller may be interrupted.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
