//! The log line of a message of the product about access data. It never contains the access data.

use std::fmt::Display;
use std::time::Duration;

use crate::log_ids::LogIds;
use crate::trouble_log::TroubleLog;

/// The values of one message's line.
pub(super) struct AccessLine {
    /// The IDs that the message proves; none if the message is not proven.
    pub ids: LogIds,
    /// The HTTP status of the answer.
    pub status: u16,
    pub took: Duration,
}

impl AccessLine {
    /// Writes the line of an accepted message, and a line if a trouble is over.
    pub fn write_accepted(&self, changed: bool, trouble: &TroubleLog, now: Duration) {
        tracing::info!(
            orderId = self.ids.order_id,
            instanceId = self.ids.instance_id,
            outcome = if changed { "applied" } else { "no-effect" },
            status = self.status,
            millis = self.millis(),
            "access data accepted"
        );
        if let Some(count) = trouble.succeeded(now) {
            tracing::info!(count, "product sends usable access data again");
        }
    }

    /// Writes the line of a message that was not accepted: a warning if `repeated` says how many
    /// times this has happened, at the start and once a minute (decision I2).
    pub fn write_rejected(
        &self,
        outcome: &'static str,
        fault: impl Display,
        repeated: Option<u64>,
    ) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    orderId = self.ids.order_id,
                    instanceId = self.ids.instance_id,
                    outcome,
                    fault = %fault,
                    status = self.status,
                    repeated = repeated.filter(|count| *count > 1),
                    millis = self.millis(),
                    "access data rejected"
                )
            };
        }
        if repeated.is_some() {
            line!(warn);
        } else {
            line!(info);
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)
    }
}
