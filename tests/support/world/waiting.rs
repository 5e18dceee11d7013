//! Which of the futures that wait is the first for which time passes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Until when each future waits that waits.
#[derive(Default)]
pub struct Waits(Mutex<Vec<Duration>>);

/// A future that waits; it ends to wait when this is dropped.
pub struct Waiting<'a> {
    all: &'a Waits,
    until: Duration,
}

impl<'a> Waiting<'a> {
    pub fn new(all: &'a Waits, until: Duration) -> Self {
        all.0.lock().unwrap_or_else(PoisonError::into_inner).push(until);
        Self { all, until }
    }

    /// Whether no other future waits for less.
    pub fn is_first(&self) -> bool {
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
