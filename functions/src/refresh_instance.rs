//! `refreshInstance`: the expiry changes (V1 guide "renewal", V2 guide "updating an instance").
//!
//! The cause is a renewal, a paid trial, a cancellation of one of them, or a renewal with another
//! specification. The new expiry is an absolute time. It replaces the old one and is never added to
//! it. A renewal never moves the expiry back.

use domain::decision::Decision;
use domain::entity::Subject;
use domain::idempotency::Order;
use domain::instance::Instance;
use domain::notice::NoticeDraft;
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use protocol::message::{Activity, Malformed, RefreshInstance};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct Refresh;

impl Page for Refresh {
    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::Instance(Box::new(Renewal(RefreshInstance::read(call)?))))
    }
}

struct Renewal(RefreshInstance);

impl Change<Instance> for Renewal {
    fn subject(&self) -> Subject {
        Subject::Instance(self.0.instance_id.clone())
    }

    fn at(&self) -> Option<UnixMillis> {
        Some(self.0.signed_at)
    }

    fn order(&self) -> Option<Order> {
        let RefreshInstance { order_id, order_line_id, details, scene, .. } = &self.0;
        let (activity, line) = (Activity::RefreshInstance, order_line_id.as_ref());
        Some(Order::new(activity, scene.as_str(), order_id, line, details))
    }

    fn decide(
        &self,
        current: Option<Instance>,
        Moment { at, now }: Moment,
    ) -> Result<Decision<Instance>, Refusal> {
        let Self(call) = self;
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let after = before.clone().refresh(call, at, now)?;
        let order = (Some(&call.order_id), call.order_line_id.as_ref());
        let draft = |kind| {
            NoticeDraft::of_call(kind, Activity::RefreshInstance, order, &call.details)
                .with("scene", call.scene.as_str())
        };
        Ok(Decision::of(&before, after, draft))
    }
}
