//! `expireInstance` (V1): the term is over (V1 guide "expiration").
//!
//! The instance is frozen and its data kept: the buyer may renew within the retention period,
//! and the renewal thaws it. V2 has no such call; there an expiry is a status.

use domain::entity::Subject;
use domain::instance::{FreezeCause, Instance, effective};
use domain::notice::NoticeDraft;
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, Malformed, Reply, StatusChange};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Changes<Expiry>;

/// The page.
pub struct Expiry;

impl Page for Expiry {
    const ACTIVITY: Activity = Activity::ExpireInstance;
    type Request = StatusChange;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, _: &Verified) -> Result<Reply, Malformed> {
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<StatusChange, Malformed> {
        StatusChange::read_expiry(verified)
    }
}

impl Change for Expiry {
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
        let after = before.clone().freeze(FreezeCause::Expiry, at, now);
        let order = (request.order_id.as_ref(), None);
        let draft = |kind| {
            NoticeDraft::of_call(kind, Self::ACTIVITY, order, &request.details)
                .with("cause", FreezeCause::Expiry.as_str())
        };
        Ok(Decision::of(&before, after, draft).with_remark(ahead))
    }

    fn reply(&self, _: &StatusChange, _: &Instance) -> Reply {
        Reply::success()
    }
}
