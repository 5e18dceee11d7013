//! `releaseInstance`: the end (both guides, "releasing an instance").
//!
//! Accepted in any state, for ever, and answered alike when it is repeated. What stays is a
//! tombstone, so that nothing late brings the instance back.

use domain::entity::Subject;
use domain::instance::Instance;
use domain::notice::NoticeDraft;
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, Malformed, ReleaseInstance, Reply};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Changes<Release>;

/// The page.
pub struct Release;

impl Page for Release {
    const ACTIVITY: Activity = Activity::ReleaseInstance;
    type Request = ReleaseInstance;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, _: &Verified) -> Result<Reply, Malformed> {
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<ReleaseInstance, Malformed> {
        ReleaseInstance::read(verified)
    }
}

impl Change for Release {
    type Entity = Instance;

    fn subject(&self, request: &ReleaseInstance) -> Subject {
        Subject::Instance(request.instance_id.clone())
    }

    fn decide(
        &self,
        request: &ReleaseInstance,
        current: Option<Instance>,
        _: UnixMillis,
    ) -> Result<Decision<Instance>, Refusal> {
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let after = before.clone().release();
        let order = (request.order_id.as_ref(), request.order_line_id.as_ref());
        let draft = |kind| NoticeDraft::of_call(kind, Self::ACTIVITY, order, &request.details);
        Ok(Decision::of(&before, after, draft))
    }

    fn reply(&self, _: &ReleaseInstance, _: &Instance) -> Reply {
        Reply::success()
    }
}
