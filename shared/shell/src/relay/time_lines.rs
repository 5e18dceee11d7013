//! The log lines of the changes that only depend on time: a purchase that waits long for access data
//! or was abandoned, and a notice that was given up. An operator must act.

use domain::outbox::DeadLetter;
use domain::record::Passed;
use protocol::time::UnixMillis;

use super::wait_line::WaitLine;
use crate::delivery::{GIVEN_UP, NoticeOutcome};
use crate::log_ids::LogIds;
use crate::metrics::Metrics;

/// What an operator can do about an abandoned purchase.
const ABANDONED: &str =
    "check the order in the console; if the buyer was refunded, close the account in your product";
/// The outcome if the store did not say whether the change was written.
const UNKNOWN: &str = "outcome-unknown";

/// The changes of one record, until it is known whether they were written.
pub(super) struct TimeLines {
    ids: LogIds,
    /// The entity's key, if the record has no IDs.
    entity: Option<String>,
    given_up: Option<DeadLetter>,
    pub abandoned: bool,
    wait: Option<WaitLine>,
}

impl TimeLines {
    /// The changes that time made to a record.
    pub fn new(key: &str, passed: &Passed, now: UnixMillis) -> Self {
        let Passed { record, abandoned, given_up, long_wait, .. } = passed;
        let wait = long_wait.map(|long| WaitLine::new(record, long, now));
        let ids = LogIds::of_record(record);
        let entity = ids.only_entity(key).map(str::to_owned);
        let given_up = record.outbox.dead.last().filter(|_| *given_up).cloned();
        Self { ids, entity, given_up, abandoned: *abandoned, wait }
    }

    /// Whether a notice was given up.
    pub const fn gives_up(&self) -> bool {
        self.given_up.is_some()
    }

    /// Whether a purchase waits long for access data.
    pub const fn waits(&self) -> bool {
        self.wait.is_some()
    }

    /// The names of the changes.
    pub fn names(&self) -> Vec<&'static str> {
        let wait = self.wait.as_ref().map(WaitLine::name);
        let given_up = self.gives_up().then_some("given-up");
        let abandoned = self.abandoned.then_some("abandoned");
        [wait, given_up, abandoned].into_iter().flatten().collect()
    }

    /// Counts a notice that was given up because of time. Every other notice is counted when it is
    /// offered.
    pub fn count(&self, metrics: &Metrics) {
        if let Some(dead) = &self.given_up {
            metrics.notice(dead.notice.kind.as_str(), NoticeOutcome::GivenUp.as_str());
        }
    }

    /// Writes the lines. They are also written if the outcome of the write is unknown, since no later
    /// run would write them.
    pub fn write(&self, is_unknown: bool) {
        if self.abandoned {
            self.write_abandoned(is_unknown);
        }
        if let Some(dead) = &self.given_up {
            self.write_given_up(dead, is_unknown);
        }
        if let Some(wait) = &self.wait {
            wait.write(&self.ids);
        }
    }

    fn write_abandoned(&self, is_unknown: bool) {
        tracing::error!(
            orderId = self.ids.order_id,
            instanceId = self.ids.instance_id,
            outcome = if is_unknown { UNKNOWN } else { "abandoned" },
            advice = ABANDONED,
            "purchase abandoned"
        );
    }

    fn write_given_up(&self, dead: &DeadLetter, is_unknown: bool) {
        let last = dead.delivery.attempts.last();
        tracing::error!(
            orderId = self.ids.order_id,
            instanceId = self.ids.instance_id,
            tenantId = self.ids.tenant_id,
            appId = self.ids.app_id,
            entity = self.entity,
            noticeOrderId = self.ids.order_of(&dead.notice),
            "type" = dead.notice.kind.as_str(),
            sequence = dead.notice.sequence(),
            attempt = dead.delivery.count,
            status = last.and_then(|attempt| attempt.status),
            fault = last.map(|attempt| attempt.fault.as_str()),
            outcome = if is_unknown { UNKNOWN } else { "given-up" },
            advice = GIVEN_UP,
            "notice given up"
        );
    }
}
