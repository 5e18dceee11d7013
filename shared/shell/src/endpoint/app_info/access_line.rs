//! The log line of a message of the product about access data. It never contains the access data.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use crate::call_origin::CallOrigin;
use crate::endpoint::product_call::may_log_unproven;
use crate::log_ids::LogIds;
use crate::trouble_log::TroubleLog;

/// The values of one message's line.
pub(super) struct AccessLine {
    /// The IDs that the message proves; none if the message is not proven.
    pub ids: LogIds,
    /// Where the message comes from. `None` if no host made the request.
    pub origin: Option<Arc<CallOrigin>>,
    /// The HTTP status of the answer.
    pub status: u16,
    pub took: Duration,
}

impl AccessLine {
    /// Writes the line of an accepted message, and a line if a trouble is over.
    pub fn write_accepted(&self, changed: bool, trouble: &TroubleLog, now: Duration) {
        let origin = self.origin.as_deref();
        tracing::info!(
            requestId = origin.and_then(|origin| origin.request_id.as_deref()),
            address = origin.and_then(|origin| origin.address).map(tracing::field::display),
            function = origin.map(|origin| origin.process.function),
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
        self.write_fault(outcome, fault, repeated, None);
    }

    /// Writes the line of a message that is not proven. Anyone can send it, so it is not a warning,
    /// and has a line only if there are few of them.
    pub fn write_unproven(&self, fault: impl Display) {
        if let Some(unlogged) = may_log_unproven(self.origin.as_deref()) {
            self.write_fault("rejected", fault, None, unlogged);
        }
    }

    fn write_fault(
        &self,
        outcome: &'static str,
        fault: impl Display,
        repeated: Option<u64>,
        unlogged: Option<u64>,
    ) {
        let origin = self.origin.as_deref();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    requestId = origin.and_then(|origin| origin.request_id.as_deref()),
                    address = origin.and_then(|origin| origin.address).map(tracing::field::display),
                    function = origin.map(|origin| origin.process.function),
                    orderId = self.ids.order_id,
                    instanceId = self.ids.instance_id,
                    outcome,
                    fault = %fault,
                    status = self.status,
                    repeated = repeated.filter(|count| *count > 1),
                    unlogged = unlogged,
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
