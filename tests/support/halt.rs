//! Where a process ends, in a test: at a point of its operations, which are what is asked of a
//! store and what is sent. Each has a point before it begins, and one after it was done and before
//! its caller sees it. How often a store must be polled in between is the machine's to say, and
//! counts for nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::future::poll_fn;

/// The points of a world, and at which of them it halts.
#[derive(Debug, Default)]
pub struct Halt(Mutex<Points>);

#[derive(Debug, Default)]
struct Points {
    /// How many points are passed yet, if it halts at all.
    left: Option<usize>,
    /// Whether the last of them was reached: nothing goes past another one.
    is_reached: bool,
    /// How many operations were begun and are not done.
    under_way: usize,
}

impl Halt {
    /// Sets the point at which everything halts, the first being 0; or that nothing does.
    pub fn set(&self, point: Option<usize>) {
        let mut points = self.lock();
        (points.left, points.is_reached) = (point, false);
    }

    /// Whether the point was reached, and all that had been begun by then was done.
    pub fn is_over(&self) -> bool {
        let points = self.lock();
        points.is_reached && points.under_way == 0
    }

    /// Whether no operation is under way.
    pub fn is_idle(&self) -> bool {
        self.lock().under_way == 0
    }

    /// Does one operation, with its two points.
    pub async fn operation<F: Future>(&self, operation: F) -> F::Output {
        self.pass().await;
        let output = {
            let _under_way = UnderWay::new(self);
            operation.await
        };
        self.pass().await;
        output
    }

    /// Passes a point; the one at which everything halts, only once that is lifted.
    async fn pass(&self) {
        if self.ends_here() {
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if self.lock().is_reached { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
        }
    }

    fn ends_here(&self) -> bool {
        let mut points = self.lock();
        match points.left {
            None => return false,
            Some(0) => points.is_reached = true,
            Some(left) => points.left = Some(left - 1),
        }
        points.is_reached
    }

    fn lock(&self) -> MutexGuard<'_, Points> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation that was begun, until it is done or dropped.
struct UnderWay<'a>(&'a Halt);

impl<'a> UnderWay<'a> {
    fn new(halt: &'a Halt) -> Self {
        halt.lock().under_way += 1;
        Self(halt)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
    }
}
