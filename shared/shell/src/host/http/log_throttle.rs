//! Logs a repeating error when it begins and then at most once a minute (decision I2).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The time when a repeating error was last logged.
#[derive(Debug, Default)]
pub(super) struct LogThrottle {
    logged: Mutex<Option<Instant>>,
}

impl LogThrottle {
    /// Whether to log the error now. If so, it counts as logged.
    pub fn is_due(&self) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let due = logged.is_none_or(|at| EVERY <= at.elapsed());
        if due {
            *logged = Some(Instant::now());
        }
        due
    }
}

const EVERY: Duration = Duration::from_mins(1);
