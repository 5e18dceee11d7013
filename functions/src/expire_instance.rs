//! `expireInstance` (V1): the term ended (V1 guide "expiration").
//!
//! The instance is frozen, and its data is kept: the buyer may renew it within the retention
//! period. The renewal unfreezes the instance. V2 has no such call. It sends `updateInstanceStatus`
//! instead.

use domain::decision::Decision;
use domain::entity::Subject;
use domain::instance::{FreezeCause, Instance};
use domain::notice::NoticeDraft;
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use protocol::message::{Activity, Malformed, StatusChange};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct Expire;

impl Page for Expire {
    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::Instance(Box::new(Expiry(StatusChange::read_expiry(call)?))))
    }
}

struct Expiry(StatusChange);

impl Change<Instance> for Expiry {
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
        let Self(call) = self;
        let before = current.ok_or(Refusal::InstanceUnknown)?;
        let after = before.clone().freeze(FreezeCause::Expiry, at, now);
        let order = (call.order_id.as_ref(), None);
        let draft = |kind| {
            NoticeDraft::of_call(kind, Activity::ExpireInstance, order, &call.details)
                .with("cause", FreezeCause::Expiry.as_str())
        };
        Ok(Decision::of(&before, after, draft))
    }
}
