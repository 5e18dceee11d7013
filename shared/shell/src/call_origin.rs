//! Where a request comes from, and the process that answers it. Every host knows this differently,
//! so it puts a [`CallOrigin`] into the extensions of each request.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::trouble_log::TroubleLog;
use crate::unproven_lines::UnprovenLines;

/// Where a request comes from, for its log line (decision I1).
#[derive(Clone, Debug)]
pub struct CallOrigin {
    /// The ID of the request: the platform's, or random.
    pub request_id: Option<String>,
    /// The caller's address, if the host knows it.
    pub address: Option<IpAddr>,
    /// The process that answers.
    pub process: Arc<ServingProcess>,
}

/// What the log lines of one process share.
#[derive(Debug)]
pub struct ServingProcess {
    /// The name of the program, such as `new-instance`.
    pub function: &'static str,
    /// Limits the lines of calls that are not verified.
    pub unproven: UnprovenLines,
    /// Calls are signed correctly, but their timestamps cannot be accepted.
    pub(crate) untimely: TroubleLog,
    has_answered: AtomicBool,
}

impl ServingProcess {
    /// A process that has not answered a call yet. `clock` tells the time since a fixed start.
    pub fn new(
        function: &'static str,
        clock: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let unproven = UnprovenLines::new(clock);
        let untimely = TroubleLog::default();
        Self { function, unproven, untimely, has_answered: AtomicBool::new(false) }
    }

    /// Whether this is the first call of the process. Counts the call.
    pub fn is_cold_start(&self) -> bool {
        !self.has_answered.swap(true, Ordering::Relaxed)
    }
}
