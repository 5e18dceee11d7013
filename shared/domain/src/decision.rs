//! The decision on a call: the entity to store, the notices to the product, and remarks for the
//! log.

use protocol::message::Activity;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use crate::instance::{Instance, Transition};
use crate::notice::{NoticeDraft, NoticeType};
use crate::remark::Remark;
use crate::tenant::{Dated, KitChange, Synced};

/// The decision on a call.
#[derive(Clone, Debug)]
pub struct Decision<E> {
    /// The entity to store; `None` if the call changes no entity. Then nothing is written.
    pub entity: Option<E>,
    /// The notices to the product, in order.
    pub notices: Vec<NoticeDraft>,
    /// Why the call had less effect than it requested, or what was unusual about it.
    pub remarks: Vec<Remark>,
}

impl<E> Decision<E> {
    /// The decision that changes nothing.
    pub const fn nothing() -> Self {
        Self { entity: None, notices: Vec::new(), remarks: Vec::new() }
    }
}

impl<T: Clone + PartialEq> Decision<Dated<T>> {
    /// The decision of a kit call about one enterprise or one application.
    pub fn of_synced(
        before: Option<&Dated<T>>,
        synced: Synced<T>,
        draft: impl Fn(KitChange) -> NoticeDraft,
    ) -> Self {
        let Synced { dated, notice, remark } = synced;
        let notices = notice.map(draft).into_iter().collect();
        let remarks = remark.into_iter().collect();
        Self { entity: Some(dated).filter(|after| Some(after) != before), notices, remarks }
    }
}

impl Decision<Instance> {
    /// The decision of a transition. The entity is `None` if the instance is unchanged and there is
    /// no notice. (A second upgrade with the same signed time leaves the instance unchanged and has
    /// a notice.) `draft` writes a notice. Each notice contains what was known before the call.
    pub fn of(
        before: &Instance,
        transition: Transition,
        draft: impl Fn(NoticeType) -> NoticeDraft,
    ) -> Self {
        let Transition { instance, notices, revived, remarks } = transition;
        let known = json!({
            "state": before.state.as_str(),
            "expireTime": before.expires.map(UnixMillis::to_rfc3339),
        });
        let drafts = notices.into_iter().map(draft);
        let drafts = revived.then(|| purchase(&instance)).into_iter().chain(drafts);
        let complete = |draft: NoticeDraft| {
            draft.with("instanceId", instance.id.as_str()).with("before", known.clone())
        };
        let notices: Vec<_> = drafts.map(complete).collect();
        let entity = Some(instance.clone());
        let entity = entity.filter(|after| after != before || !notices.is_empty());
        Self { entity, notices, remarks }
    }
}

/// The notice of an abandoned purchase that a later call revived. That call may have another
/// activity, and its fields may name another order, so the notice does not contain them.
fn purchase(instance: &Instance) -> NoticeDraft {
    NoticeDraft::of_time(NoticeType::Created)
        .with("activity", Activity::NewInstance.as_str())
        .with("orderId", instance.order_id.as_str())
}

/// The notice of a change to a list.
#[derive(Clone, Debug)]
pub struct ListNotice {
    /// The notice.
    pub notice: NoticeDraft,
    /// The list items. They are too many for one notice, so they are sent in parts.
    pub records: Vec<Value>,
}
