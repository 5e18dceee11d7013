//! The log line of a message about the usage of a package (decision I1).

use std::sync::Arc;
use std::time::Duration;

use super::usage_refusal::UsageRefusal;
use crate::call_origin::CallOrigin;
use crate::endpoint::product_call::may_log_unproven;
use crate::log_ids::LogIds;
use crate::trouble_log::TroubleLog;

/// The values of one message's line that do not depend on its outcome.
pub(super) struct InfoLine {
    /// The IDs that the message proves; none if the message is not proven.
    pub ids: LogIds,
    /// Where the message comes from. `None` if no host made the request.
    pub origin: Option<Arc<CallOrigin>>,
    pub took: Duration,
}

impl InfoLine {
    /// Writes the line of an accepted message, and a line if a trouble is over.
    pub fn write_accepted(&self, has_changed: bool, trouble: &TroubleLog, now: Duration) {
        let origin = self.origin.as_deref();
        tracing::info!(
            requestId = origin.and_then(|origin| origin.request_id.as_deref()),
            address = origin.and_then(|origin| origin.address).map(tracing::field::display),
            function = origin.map(|origin| origin.process.function),
            orderId = self.ids.order_id,
            instanceId = self.ids.instance_id,
            outcome = if has_changed { "applied" } else { "no-effect" },
            status = 200,
            millis = self.millis(),
            "usage info accepted"
        );
        if let Some(count) = trouble.succeeded(now) {
            tracing::info!(count, "product sends usable usage info again");
        }
    }

    /// Writes the line of a message that was not accepted: a warning at the start of this trouble,
    /// and once a minute (decision I2). Of the messages that are not proven, only some have a line.
    pub fn write_rejected(&self, refusal: UsageRefusal, trouble: &TroubleLog, now: Duration) {
        let origin = self.origin.as_deref();
        let unlogged = if refusal.is_unproven() { may_log_unproven(origin) } else { Some(None) };
        let Some(unlogged) = unlogged else { return };
        let times = if refusal.is_unproven() { None } else { trouble.occurred(now) };
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    requestId = origin.and_then(|origin| origin.request_id.as_deref()),
                    address = origin.and_then(|origin| origin.address).map(tracing::field::display),
                    function = origin.map(|origin| origin.process.function),
                    orderId = self.ids.order_id,
                    instanceId = self.ids.instance_id,
                    outcome = refusal.outcome(),
                    fault = %refusal,
                    status = refusal.status().as_u16(),
                    repeated = times.filter(|count| *count > 1),
                    unlogged,
                    millis = self.millis(),
                    "usage info rejected"
                )
            };
        }
        if times.is_some() {
            line!(warn);
        } else {
            line!(info);
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)
    }
}
