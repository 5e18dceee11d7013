//! What a call decided: the entity to store, the notices to the product, and remarks for the log.

use protocol::message::Activity;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use crate::instance::{Instance, Transition};
use crate::notice::{NoticeDraft, NoticeType};
use crate::remark::Remark;
use crate::tenant::{Dated, KitChange, Synced};

/// What a change decided.
#[derive(Clone, Debug)]
pub struct Decision<E> {
    /// The entity to store; `None` if nothing changes and nothing is written.
    pub entity: Option<E>,
    /// The notices to the product, in order.
    pub notices: Vec<NoticeDraft>,
    /// Why there was less effect than the call asked for, and what was odd about it.
    pub remarks: Vec<Remark>,
}

impl<E> Decision<E> {
    /// Nothing changes.
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
    /// The decision of a transition: nothing if the instance is as it was and there is no notice.
    /// (A second upgrade of one signed time leaves the instance as it was.) `draft` writes a notice;
    /// each notice carries what was known before the call.
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
        let tell = |draft: NoticeDraft| {
            draft.with("instanceId", instance.id.as_str()).with("before", known.clone())
        };
        let notices: Vec<_> = drafts.map(tell).collect();
        let entity = Some(instance.clone());
        let entity = entity.filter(|after| after != before || !notices.is_empty());
        Self { entity, notices, remarks }
    }
}

/// The notice of a purchase that was abandoned and is wanted after all. The call that says so may
/// be of another activity, and its fields may be of another order.
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
    /// The list items that it is about: too many to be in it, they are sent as parts.
    pub records: Vec<Value>,
}
