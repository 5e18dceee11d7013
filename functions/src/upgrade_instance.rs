//! `upgradeInstance` (V1 `upgrade`): the instance gets another specification (V1 guide "upgrade",
//! V2 guide "upgrading an instance").
//!
//! Each order is applied once. A V1 call contains the new specification. A V2 call contains only
//! the order's IDs.

use domain::decision::Decision;
use domain::entity::Subject;
use domain::idempotency::Order;
use domain::instance::Instance;
use domain::notice::NoticeDraft;
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use protocol::message::{Activity, Malformed, UpgradeInstance};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct Upgrade;

impl Page for Upgrade {
    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::Instance(Box::new(Specification(UpgradeInstance::read(call)?))))
    }
}

struct Specification(UpgradeInstance);

impl Change<Instance> for Specification {
    fn subject(&self) -> Subject {
        Subject::Instance(self.0.instance_id.clone())
    }

    fn at(&self) -> Option<UnixMillis> {
        Some(self.0.signed_at)
    }

    fn order(&self) -> Option<Order> {
        let UpgradeInstance { order_id, order_line_id, details, .. } = &self.0;
        let activity = Activity::UpgradeInstance;
        Some(Order::new(activity, "", order_id, order_line_id.as_ref(), details))
    }

    fn decide(
        &self,
        current: Option<Instance>,
        Moment { at, now }: Moment,
    ) -> Result<Decision<Instance>, Refusal> {
        let Self(call) = self;
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let after = before.clone().upgrade(at, now)?;
        let order = (Some(&call.order_id), call.order_line_id.as_ref());
        let draft =
            |kind| NoticeDraft::of_call(kind, Activity::UpgradeInstance, order, &call.details);
        Ok(Decision::of(&before, after, draft))
    }
}
