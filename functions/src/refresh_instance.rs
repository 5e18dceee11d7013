//! `refreshInstance`: the expiry changes (V1 guide "renewal", V2 guide "updating an instance").
//!
//! A renewal, a trial that was paid for, either taken back, or a renewal together with another
//! specification. The expiry is absolute: it is set, never added to, and a renewal never moves
//! it back.

use domain::entity::Subject;
use domain::idempotency::Order;
use domain::instance::{self, Instance};
use domain::notice::NoticeDraft;
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, Malformed, RefreshInstance, Reply};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Changes<Refresh>;

/// The page.
pub struct Refresh;

impl Page for Refresh {
    const ACTIVITY: Activity = Activity::RefreshInstance;
    type Request = RefreshInstance;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, _: &Verified) -> Result<Reply, Malformed> {
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<RefreshInstance, Malformed> {
        RefreshInstance::read(verified)
    }
}

impl Change for Refresh {
    type Entity = Instance;

    fn subject(&self, request: &RefreshInstance) -> Subject {
        Subject::Instance(request.instance_id.clone())
    }

    fn order(&self, request: &RefreshInstance) -> Option<Order> {
        let RefreshInstance { order_id, order_line_id, details, .. } = request;
        let scene = request.scene.as_str();
        Some(Order::new(Self::ACTIVITY, scene, order_id, order_line_id.as_ref(), details))
    }

    fn decide(
        &self,
        request: &RefreshInstance,
        current: Option<Instance>,
        now: UnixMillis,
    ) -> Result<Decision<Instance>, Refusal> {
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let (at, ahead) = instance::effective(request.signed_at, now);
        let after = before.clone().refresh(request, at, now)?;
        let order = (Some(&request.order_id), request.order_line_id.as_ref());
        let draft = |kind| {
            NoticeDraft::of_call(kind, Self::ACTIVITY, order, &request.details)
                .with("scene", request.scene.as_str())
        };
        Ok(Decision::of(&before, after, draft).with_remark(ahead))
    }

    fn reply(&self, _: &RefreshInstance, _: &Instance) -> Reply {
        Reply::success()
    }
}
