//! The web of a world for tests.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use shell::world::{Unanswered, Web};

use crate::halt::Halt;
use crate::yielding::yield_now;

/// Answers every call with a closure. Without a closure, no call arrives.
#[derive(Default)]
pub struct Scripted {
    peer: Mutex<Option<Peer>>,
    /// How long the last call took, until a caller has waited for it.
    took: AtomicU64,
    halt: Arc<Halt>,
    /// How many calls are under way, and the highest such number so far.
    calls: AtomicUsize,
    most: AtomicUsize,
}

/// Answers a call, after a while.
pub type Peer = Box<dyn FnMut(Request<Bytes>) -> (Duration, PeerAnswer) + Send + 'static>;

/// The outcome of a call.
pub type PeerAnswer = Result<Response<Bytes>, Unanswered>;

impl Scripted {
    /// A web without a closure, which halts with `halt`.
    pub(crate) fn with_halt(halt: Arc<Halt>) -> Self {
        Self { halt, ..Self::default() }
    }

    /// The highest number of concurrent calls so far.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// How long the last call took, if no caller has waited for it yet.
    pub(crate) fn take_span(&self) -> Duration {
        Duration::from_millis(self.took.swap(0, Ordering::SeqCst))
    }

    /// Whether no operation is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.halt.is_idle()
    }

    /// Sets the closure that answers from now on, without delay.
    pub fn answer(&self, mut peer: impl FnMut(Request<Bytes>) -> PeerAnswer + Send + 'static) {
        self.answer_after(move |request| (Duration::ZERO, peer(request)));
    }

    /// Sets the closure that answers from now on, with a delay for each answer. The closure runs
    /// even if the caller does not wait for the answer.
    pub fn answer_after(
        &self,
        peer: impl FnMut(Request<Bytes>) -> (Duration, PeerAnswer) + Send + 'static,
    ) {
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(peer));
    }

    async fn call(&self, request: Request<Bytes>) -> (Duration, PeerAnswer) {
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

/// A call under way, until it is done or dropped.
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
