//! `updateInstanceStatus` (V1 `instanceStatus`): freezes or unfreezes an instance (V1 guide
//! "changing the resource status", V2 guide "updating the instance status").
//!
//! The call contains no reason: under V2 a freeze may be an expiry or a violation. An unfreeze ends
//! a freeze of any cause. If this call froze an instance, only this call can unfreeze it.

use domain::decision::Decision;
use domain::entity::Subject;
use domain::instance::{FreezeCause, Instance};
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use protocol::message::{Activity, Malformed, StatusChange};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct UpdateStatus;

impl Page for UpdateStatus {
    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::Instance(Box::new(Status(StatusChange::read_status(call)?))))
    }
}

struct Status(StatusChange);

impl Change<Instance> for Status {
    fn subject(&self) -> Subject {
        Subject::Instance(self.0.instance_id.clone())
    }

    fn at(&self) -> Option<UnixMillis> {
        Some(self.0.signed_at)
    }

    fn decide(
        &self,
        current: Option<Instance>,
        Moment { at, now }: Moment,
    ) -> Result<Decision<Instance>, Refusal> {
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let after = match self.0.freeze {
            Some(freeze) => before.clone().freeze(freeze.into(), at, now),
            None => before.clone().thaw(at, now)?,
        };
        Ok(Decision::of(&before, after, |kind| self.draft(kind)))
    }
}

impl Status {
    fn draft(&self, kind: NoticeType) -> NoticeDraft {
        let activity = Activity::UpdateInstanceStatus;
        let draft = NoticeDraft::of_call(kind, activity, (None, None), &self.0.details);
        match kind {
            NoticeType::Frozen => draft.with("cause", FreezeCause::Status.as_str()),
            _ => draft,
        }
    }
}
