//! The history of an entity: what happened to it, newest last (decision I4). An operator reads it;
//! no decision depends on it.

use protocol::message::{Activity, AppId, InstanceId, OrderId, OrderLineId, TenantId};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::entity::Subject;

/// One thing that happened to an entity.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Event {
    /// When the call was signed. Without a call: when it happened.
    pub at: UnixMillis,
    /// What happened.
    pub what: EventKind,
    /// The order of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The order line of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<OrderLineId>,
    /// Its outcome.
    pub outcome: CallOutcome,
}

/// What happened to an entity.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EventKind {
    /// The marketplace called.
    Call(Activity),
    /// Something else.
    Other(OtherEvent),
}

/// Something that happened to an entity without a call of the marketplace.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherEvent {
    /// The product answered `instance.created` with access data.
    AccessAnswered,
    /// The product answered `instance.created` with a refusal.
    RefusalAnswered,
    /// The product sent access data in its own message.
    AccessSent,
    /// The product sent a refusal in its own message.
    RefusalSent,
    /// The relay abandoned the purchase.
    Abandoned,
    /// An operator imported the instance.
    Imported,
    /// An operator sent notices again.
    Replayed,
    /// An operator made waiting notices due.
    HurriedUp,
}

/// The outcome of a verified, well-formed call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallOutcome {
    /// The call changed the entity.
    Applied,
    /// The order was carried out before.
    Repeated,
    /// The call changed nothing.
    NoEffect,
}

/// The order of a call, for the history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventCall {
    /// The activity.
    pub activity: Activity,
    /// The order.
    pub order: Option<OrderId>,
    /// The order line.
    pub line: Option<OrderLineId>,
}

/// The IDs of an entity of the kit. Its key contains only a digest of them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KitIds {
    /// The instance; `None` while a seller applies for credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The application; `None` for an enterprise and for its departments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
}

/// The most events that a record keeps.
pub const MAX_EVENTS: usize = 32;

impl EventKind {
    /// The word that commands print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call(activity) => activity.as_str(),
            Self::Other(OtherEvent::AccessAnswered) => "access data answered",
            Self::Other(OtherEvent::RefusalAnswered) => "refusal answered",
            Self::Other(OtherEvent::AccessSent) => "access data sent",
            Self::Other(OtherEvent::RefusalSent) => "refusal sent",
            Self::Other(OtherEvent::Abandoned) => "abandoned",
            Self::Other(OtherEvent::Imported) => "imported",
            Self::Other(OtherEvent::Replayed) => "notices sent again",
            Self::Other(OtherEvent::HurriedUp) => "notices made due",
        }
    }
}

impl CallOutcome {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Repeated => "repeated",
            Self::NoEffect => "no-effect",
        }
    }
}

impl EventCall {
    /// The event of this call.
    pub fn event(&self, at: UnixMillis, outcome: CallOutcome) -> Event {
        let Self { activity, order, line } = self.clone();
        Event { at, what: EventKind::Call(activity), order, line, outcome }
    }
}

impl Event {
    /// An event without a call.
    pub const fn other(what: OtherEvent, at: UnixMillis) -> Self {
        let (what, outcome) = (EventKind::Other(what), CallOutcome::Applied);
        Self { at, what, order: None, line: None, outcome }
    }
}

impl KitIds {
    /// The IDs of a subject of the kit.
    pub fn of(subject: &Subject) -> Option<Self> {
        let (instance_id, tenant_id, app_id) = match subject.clone() {
            Subject::Instance(_) | Subject::Purchase(..) => return None,
            Subject::Tenant(id, tenant) | Subject::Departments(id, tenant) => (id, tenant, None),
            Subject::Application(id, tenant, app) | Subject::Users(id, tenant, app) => {
                (id, tenant, Some(app))
            }
        };
        Some(Self { instance_id, tenant_id, app_id })
    }
}

/// Adds an event, and deletes the oldest one if there is no room.
pub fn add_event(events: &mut Vec<Event>, event: Event) {
    events.push(event);
    let extra = events.len().saturating_sub(MAX_EVENTS);
    events.drain(..extra);
}
