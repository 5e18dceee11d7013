//! `tenantSync` (kit): an enterprise (kit guide, "synchronising tenants").
//!
//! Who the enterprise is and where its people log in. Order between the kit's calls is not
//! promised, and no call looks at the instance: a seller who applies for credentials has none.

use domain::entity::Subject;
use domain::instance::effective;
use domain::notice::NoticeDraft;
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::settings::{SettingError, Settings};
use domain::tenant::{Dated, Tenant};
use protocol::message::{Activity, Fields, Flag, Malformed, Reply, TenantSync};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Changes<Tenants>;

/// The page.
pub struct Tenants;

impl Page for Tenants {
    const ACTIVITY: Activity = Activity::TenantSync;
    type Request = TenantSync;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, verified: &Verified) -> Result<Reply, Malformed> {
        Flag::read(Fields::of(verified))?;
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<TenantSync, Malformed> {
        TenantSync::read(verified)
    }
}

impl Change for Tenants {
    type Entity = Dated<Tenant>;

    fn subject(&self, request: &TenantSync) -> Subject {
        Subject::Tenant(request.instance_id.clone(), request.tenant_id.clone())
    }

    fn decide(
        &self,
        request: &TenantSync,
        current: Option<Dated<Tenant>>,
        now: UnixMillis,
    ) -> Result<Decision<Dated<Tenant>>, Refusal> {
        let (at, ahead) = effective(request.at, now);
        let synced = Dated::sync(current.clone(), Tenant::of(request), at);
        let draft = |told| {
            NoticeDraft::of_call(
                Tenant::notice(told),
                Self::ACTIVITY,
                (None, None),
                &request.details,
            )
        };
        Ok(Decision::of_synced(current.as_ref(), synced, draft).with_remark(ahead))
    }

    fn reply(&self, _: &TenantSync, _: &Dated<Tenant>) -> Reply {
        Reply::success()
    }
}
