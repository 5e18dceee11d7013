//! Finds the waiting future for which time passes first.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The moment until which each waiting future waits.
#[derive(Default)]
pub struct Waits(Mutex<Vec<Duration>>);

/// A waiting future. Its wait ends when this is dropped.
pub struct Waiting<'a> {
    all: &'a Waits,
    until: Duration,
}

impl<'a> Waiting<'a> {
    pub fn new(all: &'a Waits, until: Duration) -> Self {
        all.0.lock().unwrap_or_else(PoisonError::into_inner).push(until);
        Self { all, until }
    }

    /// Whether no other future has a shorter wait.
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
