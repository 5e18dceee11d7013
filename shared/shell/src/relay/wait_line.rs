//! The log line of a purchase that waits long for access data: who must act, and until when.

use domain::entity::Entity;
use domain::instance::{Instance, LongWait};
use domain::notice::NoticeType;
use domain::outbox::{Attempt, Outbox};
use domain::record::EntityRecord;
use protocol::time::UnixMillis;

use crate::log_ids::LogIds;

/// A purchase that waits long for access data.
pub(super) struct WaitLine {
    long: LongWait,
    /// How long it has waited, in minutes.
    minutes: u64,
    cause: WaitCause,
    /// The last attempt to deliver `instance.created` that failed.
    last: Option<Attempt>,
    /// Whether the marketplace calls by the V1 contract and got no `000000`.
    is_v1: bool,
}

/// Why the purchase has no access data.
#[derive(Clone, Copy)]
enum WaitCause {
    NotOffered,
    NotAccepted,
    DeadLetter,
    Accepted,
}

impl WaitLine {
    /// The wait of a record at a time.
    pub fn new(record: &EntityRecord, long: LongWait, now: UnixMillis) -> Self {
        let instance = match &record.entity {
            Entity::Instance(instance) => Some(instance),
            Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_) => None,
        };
        let wait = instance.and_then(|instance| instance.wait);
        let waited = wait.map_or(long.span(), |wait| now.since(wait.since));
        let (cause, last) = cause(&record.outbox);
        let is_v1 = instance.is_some_and(Instance::is_unsettled_v1);
        Self { long, minutes: waited.as_secs() / 60, cause, last: last.cloned(), is_v1 }
    }

    /// The name of the change.
    pub const fn name(&self) -> &'static str {
        match self.long {
            LongWait::Warning => "waits",
            LongWait::Error => "waits-longer",
        }
    }

    /// Writes the line.
    pub fn write(&self, ids: &LogIds) {
        let last = self.last.as_ref();
        let deadline = if self.is_v1 { V1_DEADLINE } else { "" };
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    orderId = ids.order_id,
                    instanceId = ids.instance_id,
                    minutes = self.minutes,
                    reason = self.cause.reason(),
                    status = last.and_then(|attempt| attempt.status),
                    fault = last.map(|attempt| attempt.fault.as_str()),
                    advice = format!("{}{deadline}", self.cause.advice()),
                    "purchase waits for access data"
                )
            };
        }
        match self.long {
            LongWait::Warning => line!(warn),
            LongWait::Error => line!(error),
        }
    }
}

impl WaitCause {
    const fn reason(self) -> &'static str {
        match self {
            Self::NotOffered => "koohook has not offered instance.created to the product",
            Self::NotAccepted => "the product has not accepted instance.created",
            Self::DeadLetter => "instance.created is a dead letter",
            Self::Accepted => "the product accepted instance.created without access data",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::NotOffered => {
                "check KOOHOOK_PRODUCT_URL and the relay; run koohook instances show with this orderId"
            }
            Self::NotAccepted => "repair the product; run koohook instances show with this orderId",
            Self::DeadLetter => {
                "repair the product, then run koohook notices replay; run koohook instances show with this orderId"
            }
            Self::Accepted => {
                "let the product send the access data; run koohook instances show with this orderId"
            }
        }
    }
}

/// Why the purchase has no access data, and the last failed attempt to deliver `instance.created`.
fn cause(outbox: &Outbox) -> (WaitCause, Option<&Attempt>) {
    let is_created = |kind| kind == NoticeType::Created;
    if let Some(created) = outbox.waiting.iter().rfind(|notice| is_created(notice.kind)) {
        let sequence = created.sequence();
        let delivery = outbox.delivery.as_ref().filter(|it| it.sequence == sequence);
        let was_offered = sequence <= outbox.offered;
        let cause = if was_offered { WaitCause::NotAccepted } else { WaitCause::NotOffered };
        return (cause, delivery.and_then(|delivery| delivery.attempts.last()));
    }
    match outbox.dead.iter().rfind(|dead| is_created(dead.notice.kind)) {
        Some(dead) => (WaitCause::DeadLetter, dead.delivery.attempts.last()),
        None => (WaitCause::Accepted, None),
    }
}

/// Follows the advice. The guide of V2 names no limit.
const V1_DEADLINE: &str = "; under V1 the marketplace refunds the buyer 3 hours after the purchase";
