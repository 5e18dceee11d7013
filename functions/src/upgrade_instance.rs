//! `upgradeInstance` (V1 `upgrade`): another specification (V1 guide "upgrade", V2 guide
//! "upgrading an instance").
//!
//! Each order is carried out once. V1 says what the instance becomes; V2 only names the order.

use domain::entity::Subject;
use domain::idempotency::Order;
use domain::instance::{Instance, effective};
use domain::notice::NoticeDraft;
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, Malformed, Reply, UpgradeInstance};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Changes<Upgrade>;

/// The page.
pub struct Upgrade;

impl Page for Upgrade {
    const ACTIVITY: Activity = Activity::UpgradeInstance;
    type Request = UpgradeInstance;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, _: &Verified) -> Result<Reply, Malformed> {
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<UpgradeInstance, Malformed> {
        UpgradeInstance::read(verified)
    }
}

impl Change for Upgrade {
    type Entity = Instance;

    fn subject(&self, request: &UpgradeInstance) -> Subject {
        Subject::Instance(request.instance_id.clone())
    }

    fn order(&self, request: &UpgradeInstance) -> Option<Order> {
        let UpgradeInstance { order_id, order_line_id, details, .. } = request;
        Some(Order::new(Self::ACTIVITY, "", order_id, order_line_id.as_ref(), details))
    }

    fn decide(
        &self,
        request: &UpgradeInstance,
        current: Option<Instance>,
        now: UnixMillis,
    ) -> Result<Decision<Instance>, Refusal> {
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let (at, ahead) = effective(request.signed_at, now);
        let after = before.clone().upgrade(at, now)?;
        let order = (Some(&request.order_id), request.order_line_id.as_ref());
        let draft = |kind| NoticeDraft::of_call(kind, Self::ACTIVITY, order, &request.details);
        Ok(Decision::of(&before, after, draft).with_remark(ahead))
    }

    fn reply(&self, _: &UpgradeInstance, _: &Instance) -> Reply {
        Reply::success()
    }
}
