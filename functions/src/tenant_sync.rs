//! `tenantSync` (kit): an enterprise (kit guide, "synchronising tenants").
//!
//! The call contains the enterprise's name and the address where its people log in. The marketplace
//! does not guarantee the order of kit calls. No kit call reads the instance, because a seller that
//! applies for credentials has no instance.

use domain::decision::Decision;
use domain::entity::Subject;
use domain::notice::NoticeDraft;
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use domain::tenant::{Dated, Tenant};
use protocol::message::{Activity, Fields, Malformed, Reply, SyncFlag, TenantSync};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct SyncTenant;

impl Page for SyncTenant {
    fn rehearse(&self, call: &Verified, _: UnixMillis) -> Result<Reply, Malformed> {
        SyncFlag::read(Fields::of(call))?;
        Ok(Reply::success())
    }

    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::Tenant(Box::new(Enterprise(TenantSync::read(call)?))))
    }
}

struct Enterprise(TenantSync);

impl Change<Dated<Tenant>> for Enterprise {
    fn subject(&self) -> Subject {
        Subject::Tenant(self.0.instance_id.clone(), self.0.tenant_id.clone())
    }

    fn at(&self) -> Option<UnixMillis> {
        Some(self.0.at)
    }

    fn decide(
        &self,
        current: Option<Dated<Tenant>>,
        Moment { at, .. }: Moment,
    ) -> Result<Decision<Dated<Tenant>>, Refusal> {
        let Self(call) = self;
        let synced = Dated::sync(current.clone(), Tenant::of(call), at);
        let draft = |change| {
            let kind = Tenant::notice(change);
            NoticeDraft::of_call(kind, Activity::TenantSync, (None, None), &call.details)
        };
        Ok(Decision::of_synced(current.as_ref(), synced, draft))
    }
}
