//! One notice as the commands print it.

use domain::entity::Entity;
use domain::notice::{Notice, NoticeType};
use domain::outbox::{Attempt, NoticeWait};
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use super::notice_state::NoticeState;
use super::owner::Owner;
use crate::counted::counted;
use crate::local_time::{local_time, span_text};

/// One notice, or one purchase that waits for access data.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeLine {
    /// The entity.
    pub owner: Owner,
    /// Its sequence; `None` for access data.
    pub sequence: Option<u64>,
    /// Its type; `None` for access data.
    pub kind: Option<NoticeType>,
    /// Its state.
    pub state: NoticeState,
    /// The time of its change; of a purchase, since when it waits.
    pub since: UnixMillis,
    /// When the relay gave it up, if it is a dead letter.
    pub dead_since: Option<UnixMillis>,
    /// What it waits for, if it waits.
    pub wait: Option<NoticeWait>,
    /// The number of counted attempts.
    attempts: u32,
    /// The last attempt that failed.
    last: Option<Attempt>,
    /// The order in the notice. It may be a renewal's.
    order: Option<String>,
}

/// The columns of a table of notices.
pub const HEADS: [&str; 8] =
    ["SINCE", "ORDER", "PURCHASE", "INSTANCE", "SEQUENCE", "TYPE", "STATE", "WHY"];

impl NoticeLine {
    /// Every line of an entity: dead letters, waiting notices, and the wait for access data.
    pub fn all(key: &str, record: &EntityRecord, now: UnixMillis) -> Vec<Self> {
        let owner = Owner::of(key, record);
        let outbox = &record.outbox;
        let dead = outbox.dead.iter().map(|dead| {
            let line = Self::of(&owner, &dead.notice, NoticeState::Dead);
            Self {
                dead_since: Some(dead.at),
                attempts: dead.delivery.count,
                last: dead.delivery.attempts.last().cloned(),
                ..line
            }
        });
        let waiting = outbox.waiting.iter().map(|notice| {
            let sequence = notice.sequence();
            let delivery = outbox.delivery.as_ref().filter(|it| it.sequence == sequence);
            Self {
                wait: outbox.wait_of(sequence, now),
                attempts: delivery.map_or(0, |delivery| delivery.count),
                last: delivery.and_then(|delivery| delivery.attempts.last().cloned()),
                ..Self::of(&owner, notice, NoticeState::Waiting)
            }
        });
        let access = access_wait(record).map(|since| Self::access_data(&owner, since));
        dead.chain(waiting).chain(access).collect()
    }

    fn of(owner: &Owner, notice: &Notice, state: NoticeState) -> Self {
        Self {
            sequence: Some(notice.sequence()),
            kind: Some(notice.kind),
            state,
            order: notice.data.get("orderId").and_then(Value::as_str).map(str::to_owned),
            ..Self::access_data(owner, notice.at)
        }
    }

    fn access_data(owner: &Owner, since: UnixMillis) -> Self {
        Self {
            owner: owner.clone(),
            sequence: None,
            kind: None,
            state: NoticeState::AccessData,
            since,
            dead_since: None,
            wait: None,
            attempts: 0,
            last: None,
            order: None,
        }
    }

    /// Whether the notice is about an order, or its instance was bought with this order.
    pub fn is_about_order(&self, order: &str) -> bool {
        [&self.order, &self.owner.order].into_iter().any(|it| it.as_deref() == Some(order))
    }

    /// Whether an attempt failed.
    pub const fn has_failed(&self) -> bool {
        self.attempts > 0
    }

    /// The order of the change, which may be a renewal. Else the order of the purchase.
    pub fn order(&self) -> String {
        self.order.as_ref().or(self.owner.order.as_ref()).cloned().unwrap_or_default()
    }

    /// The type, or the access data.
    pub fn kind_text(&self) -> &'static str {
        self.kind.map_or(ACCESS_DATA, NoticeType::as_str)
    }

    /// The row of a table. The purchase is only there if it is another order.
    pub fn row(&self, now: UnixMillis) -> [String; 8] {
        let order = self.order();
        let purchase = self.owner.order.as_ref().filter(|purchase| **purchase != order);
        [
            local_time(self.since),
            order.clone(),
            purchase.cloned().unwrap_or_default(),
            self.owner.text(),
            self.sequence.map(|sequence| sequence.to_string()).unwrap_or_default(),
            self.kind_text().to_owned(),
            self.state.as_str().to_owned(),
            self.why(now),
        ]
    }

    /// Why the product has not accepted the notice yet.
    pub fn why(&self, now: UnixMillis) -> String {
        let fault =
            || self.last.as_ref().map(|last| format!(": {}", fault(last))).unwrap_or_default();
        match (self.state, self.wait) {
            (NoticeState::AccessData, _) => {
                let span = span_text(now.since(self.since));
                format!("waits {span} for the product's PUT of the access data")
            }
            (NoticeState::Dead, _) => {
                let since = self.dead_since.map(local_time).unwrap_or_default();
                let count = attempts(self.attempts);
                format!("given up after {count}, dead since {since}{}", fault())
            }
            (NoticeState::Waiting, Some(NoticeWait::Attempt { number })) => {
                format!("attempt {number} is running")
            }
            (NoticeState::Waiting, Some(NoticeWait::Pause { attempts: count, until })) => {
                let next = local_time(until);
                format!("next attempt {next} after {}{}", attempts(count), fault())
            }
            (NoticeState::Waiting, Some(NoticeWait::OrderQuery { until })) => {
                let last = self.last.as_ref().map(|last| last.fault.as_str()).unwrap_or_default();
                let reason = last.strip_prefix("order query: ").unwrap_or(last);
                format!("waits for the order query ({reason}), next query {}", local_time(until))
            }
            (NoticeState::Waiting, Some(NoticeWait::Notice { sequence })) => {
                format!("waits for notice {sequence}")
            }
            (NoticeState::Waiting, Some(NoticeWait::DeadPurchase)) => {
                "blocked by the dead instance.created; replay that one first".to_owned()
            }
            (NoticeState::Waiting, Some(NoticeWait::Due) | None) if self.attempts > 0 => {
                format!("due now, after {}{}", attempts(self.attempts), fault())
            }
            (NoticeState::Waiting, Some(NoticeWait::Due) | None) => "due now".to_owned(),
        }
    }

    /// The element of a JSON array. A time is RFC 3339 in UTC.
    pub fn json(&self, now: UnixMillis) -> Value {
        let next = match self.wait {
            Some(NoticeWait::Pause { until, .. } | NoticeWait::OrderQuery { until }) => Some(until),
            _ => None,
        };
        let mut json = self.owner.json();
        for (name, value) in [
            ("since", json!(self.since.to_rfc3339())),
            ("deadSince", json!(self.dead_since.map(UnixMillis::to_rfc3339))),
            ("noticeOrderId", json!(self.order)),
            ("sequence", json!(self.sequence)),
            ("type", json!(self.kind)),
            ("state", json!(self.state.as_str())),
            ("why", json!(self.why(now))),
            ("attempts", json!(self.attempts)),
            ("nextAttempt", json!(next.map(UnixMillis::to_rfc3339))),
            ("status", json!(self.last.as_ref().and_then(|last| last.status))),
            ("fault", json!(self.last.as_ref().map(|last| &last.fault))),
        ] {
            if let Some(members) = json.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        }
        json
    }
}

/// Since when the product has accepted a purchase without its access data.
fn access_wait(record: &EntityRecord) -> Option<UnixMillis> {
    let Entity::Instance(instance) = &record.entity else { return None };
    let outbox = &record.outbox;
    let dead = outbox.dead.iter().map(|dead| &dead.notice);
    let is_offered = outbox.waiting.iter().chain(dead).any(|it| it.kind == NoticeType::Created);
    let wait = instance.wait.map(|wait| wait.since).or(record.changed);
    wait.filter(|_| instance.is_waiting() && !is_offered)
}

/// A fault with what an operator should know.
fn fault(Attempt { fault, status, .. }: &Attempt) -> String {
    match status {
        Some(401) => {
            "product answered 401; if it accepts other notices, check its log, else compare KOOHOOK_PRODUCT_SECRET with its secret"
                .to_owned()
        }
        Some(status @ 200..=299) => format!("product answered {status}, but {fault}"),
        Some(status) => format!("product answered {status}"),
        None => fault.clone(),
    }
}

fn attempts(count: u32) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "attempt", "attempts")
}

const ACCESS_DATA: &str = "access data";
