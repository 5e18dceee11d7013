//! Ends or pauses a process of a test at a chosen point. An operation is a call to a store or a
//! request that is sent. Each operation has two points: before it begins, and after it is done but
//! before its caller sees the result. Polls in between are not counted: their number depends on the
//! machine.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::future::poll_fn;

/// The points of a world, and the point at which it halts.
#[derive(Debug, Default)]
pub struct Halt(Mutex<Points>);

#[derive(Debug, Default)]
struct Points {
    /// How many points remain before the halt, if there is one.
    left: Option<usize>,
    /// Whether the world has halted: no operation passes another point.
    is_reached: bool,
    /// How many operations have begun and are not done.
    under_way: usize,
}

impl Halt {
    /// Sets the point at which all operations halt, counted from 0. `None` lifts the halt.
    pub fn set(&self, point: Option<usize>) {
        let mut points = self.lock();
        (points.left, points.is_reached) = (point, false);
    }

    /// Whether the point was reached, and every operation that had begun is done.
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

    /// Passes a point. At the halting point it waits until the halt is lifted.
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

/// An operation that has begun, until it is done or dropped.
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
