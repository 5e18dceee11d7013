//! `releaseInstance`: the instance ends (both guides, "releasing an instance").
//!
//! The call is accepted in every state, and the release is final. A repeated call gets the same
//! answer. The store keeps a tombstone, so that a late call cannot restore the instance. The product
//! of a pay-per-use instance learns until when it may still report usage (decision J5).

use domain::decision::Decision;
use domain::entity::Subject;
use domain::instance::Instance;
use domain::notice::NoticeDraft;
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use protocol::message::{Activity, Malformed, ReleaseInstance};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct Release;

impl Page for Release {
    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::Instance(Box::new(End(ReleaseInstance::read(call)?))))
    }
}

struct End(ReleaseInstance);

impl Change<Instance> for End {
    fn subject(&self) -> Subject {
        Subject::Instance(self.0.instance_id.clone())
    }

    fn at(&self) -> Option<UnixMillis> {
        self.0.signed_at
    }

    fn decide(
        &self,
        current: Option<Instance>,
        Moment { at, .. }: Moment,
    ) -> Result<Decision<Instance>, Refusal> {
        let Self(call) = self;
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let after = before.clone().release(at);
        let order = (call.order_id.as_ref(), call.order_line_id.as_ref());
        let usage_until = after.instance.usage_until();
        let draft = |kind| {
            let draft = NoticeDraft::of_call(kind, Activity::ReleaseInstance, order, &call.details);
            match usage_until {
                Some(until) => draft.with("usageUntil", until.to_rfc3339()),
                None => draft,
            }
        };
        Ok(Decision::of(&before, after, draft))
    }
}
