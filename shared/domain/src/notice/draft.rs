//! Notices that a decision makes.

use protocol::message::{Activity, Details, OrderId, OrderLineId};
use protocol::time::UnixMillis;
use serde_json::{Map, Value, json};

use super::contacts::remove_contacts;
use super::kind::NoticeType;

/// A notice that a decision makes. The outbox gives it a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeDraft {
    /// Its type.
    pub kind: NoticeType,
    /// Its members, without `sequence`.
    pub members: Map<String, Value>,
}

impl NoticeDraft {
    /// The notice of a call: its activity, its order, and every field of the call.
    pub fn of_call(
        kind: NoticeType,
        activity: Activity,
        order: (Option<&OrderId>, Option<&OrderLineId>),
        details: &Details,
    ) -> Self {
        let mut members = details.named.clone();
        members.insert("activity".to_owned(), json!(activity));
        let (order_id, order_line_id) = order;
        members.extend(order_id.map(|id| ("orderId".to_owned(), json!(id))));
        members.extend(order_line_id.map(|id| ("orderLineId".to_owned(), json!(id))));
        if !details.other.is_empty() {
            members.insert("other".to_owned(), details.other.clone().into());
        }
        Self { kind, members }
    }

    /// The notice of a list. The list is stored in parts. `at` is the time of the list.
    pub fn of_list(kind: NoticeType, activity: Activity, at: UnixMillis) -> Self {
        let draft = Self { kind, members: Map::new() };
        draft.with("activity", activity.as_str()).with("listTime", at.to_rfc3339())
    }

    /// A notice without the fields of a call, for example a notice that only time causes.
    pub fn of_time(kind: NoticeType) -> Self {
        Self { kind, members: Map::new() }
    }

    /// The same notice with one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same notice without the buyer's phone and e-mail (decision D1).
    #[must_use]
    pub fn without_contacts(mut self) -> Self {
        remove_contacts(&mut self.members);
        self
    }
}
