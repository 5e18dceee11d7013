//! How many lines this process logged at WARN and ERROR, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many lines were logged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LoggedLines {
    /// Lines at WARN.
    pub warn: u64,
    /// Lines at ERROR.
    pub error: u64,
}

static WARN: AtomicU64 = AtomicU64::new(0);
static ERROR: AtomicU64 = AtomicU64::new(0);

/// Counts a line. Only the two highest levels count.
#[cfg(feature = "runtime")]
pub(crate) fn count(level: tracing::Level) {
    if level == tracing::Level::WARN {
        WARN.fetch_add(1, Ordering::Relaxed);
    } else if level == tracing::Level::ERROR {
        ERROR.fetch_add(1, Ordering::Relaxed);
    }
}

impl LoggedLines {
    /// The lines of this process so far.
    pub fn so_far() -> Self {
        let [warn, error] = [&WARN, &ERROR].map(|count| count.load(Ordering::Relaxed));
        Self { warn, error }
    }
}
