//! `updateInstanceStatus` (V1 `instanceStatus`): freeze and thaw (V1 guide "changing the
//! resource status", V2 guide "updating the instance status").
//!
//! Neither contract sends a reason: under V2 a freeze may be an expiry or a violation. What a
//! status froze, a status thaws.

use domain::entity::Subject;
use domain::instance::{FreezeCause, Instance, effective};
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, Malformed, Reply, StatusChange};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Changes<Status>;

/// The page.
pub struct Status;

impl Page for Status {
    const ACTIVITY: Activity = Activity::UpdateInstanceStatus;
    type Request = StatusChange;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, _: &Verified) -> Result<Reply, Malformed> {
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<StatusChange, Malformed> {
        StatusChange::read_status(verified)
    }
}

impl Change for Status {
    type Entity = Instance;

    fn subject(&self, request: &StatusChange) -> Subject {
        Subject::Instance(request.instance_id.clone())
    }

    fn decide(
        &self,
        request: &StatusChange,
        current: Option<Instance>,
        now: UnixMillis,
    ) -> Result<Decision<Instance>, Refusal> {
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let (at, ahead) = effective(request.signed_at, now);
        let after = match request.freeze {
            Some(cause) => before.clone().freeze(cause.into(), at, now),
            None => before.clone().thaw(at, now)?,
        };
        let draft = |kind| {
            let draft = NoticeDraft::of_call(kind, Self::ACTIVITY, (None, None), &request.details);
            match kind {
                NoticeType::Frozen => draft.with("cause", FreezeCause::Status.as_str()),
                _ => draft,
            }
        };
        Ok(Decision::of(&before, after, draft).with_remark(ahead))
    }

    fn reply(&self, _: &StatusChange, _: &Instance) -> Reply {
        Reply::success()
    }
}
