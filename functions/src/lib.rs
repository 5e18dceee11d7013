//! Each page of the marketplace's guides is one module here: it answers one callback. A row
//! connects an activity with its page. A binary in `src/bin` serves one row or several.

#[cfg(feature = "application-sync")]
pub mod application_sync;

mod all_org_sync;
mod auth_sync;
mod change_instance_check;
mod expire_instance;
mod new_instance;
mod query_instance;
mod refresh_instance;
mod release_instance;
mod single_org_sync;
mod tenant_sync;
mod update_instance_status;
mod upgrade_instance;

use domain::page::Row;
use protocol::message::Activity;

/// A purchase (V1 guide "subscription", V2 guide "creating an instance").
pub const NEW_INSTANCE: Row = Row::new(Activity::NewInstance, |settings| {
    Ok(Box::new(new_instance::Purchases::new(settings)))
});
/// A change of the expiry (V1 guide "renewal", V2 guide "updating an instance").
pub const REFRESH_INSTANCE: Row =
    Row::new(Activity::RefreshInstance, |_| Ok(Box::new(refresh_instance::Refresh)));
/// The end of the term (V1 guide "expiration").
pub const EXPIRE_INSTANCE: Row =
    Row::new(Activity::ExpireInstance, |_| Ok(Box::new(expire_instance::Expire)));
/// A freeze or an unfreeze (V1 guide "changing the resource status", V2 guide "updating the
/// instance status").
pub const UPDATE_INSTANCE_STATUS: Row = Row::new(Activity::UpdateInstanceStatus, |_| {
    Ok(Box::new(update_instance_status::UpdateStatus))
});
/// A change of the specification (V1 guide "upgrade", V2 guide "upgrading an instance").
pub const UPGRADE_INSTANCE: Row =
    Row::new(Activity::UpgradeInstance, |_| Ok(Box::new(upgrade_instance::Upgrade)));
/// The release of an instance (both guides, "releasing an instance").
pub const RELEASE_INSTANCE: Row =
    Row::new(Activity::ReleaseInstance, |_| Ok(Box::new(release_instance::Release)));
/// A query for access data and usage (both guides, "querying an instance").
pub const QUERY_INSTANCE: Row = Row::new(Activity::QueryInstance, |settings| {
    Ok(Box::new(query_instance::Query::new(settings)))
});
/// The call that asks whether an instance may change at its renewal (V2 guide, "checking a
/// change").
pub const CHANGE_INSTANCE_CHECK: Row = Row::new(Activity::ChangeInstanceCheck, |settings| {
    Ok(Box::new(change_instance_check::Check { renewal_change: settings.renewal_change }))
});

/// An enterprise (kit guide, "synchronising tenants").
pub const TENANT_SYNC: Row =
    Row::new(Activity::TenantSync, |_| Ok(Box::new(tenant_sync::SyncTenant)));
/// An enterprise's credentials for an application (kit guide, "synchronising applications").
#[cfg(feature = "application-sync")]
pub const APPLICATION_SYNC: Row = Row::new(Activity::ApplicationSync, |settings| {
    Ok(Box::new(application_sync::Applications::new(settings)?))
})
.keeping_secrets();
/// The people that an enterprise authorises for an application (kit guide, "synchronising
/// authorisations").
pub const AUTH_SYNC: Row = Row::new(Activity::AuthSync, |_| Ok(Box::new(auth_sync::SyncUsers)));
/// One department of an enterprise (kit guide, "synchronising departments, single").
pub const SINGLE_ORG_SYNC: Row =
    Row::new(Activity::SingleOrgSync, |_| Ok(Box::new(single_org_sync::SyncDepartment)));
/// All departments of an enterprise (kit guide, "synchronising departments, all").
pub const ALL_ORG_SYNC: Row =
    Row::new(Activity::AllOrgSync, |_| Ok(Box::new(all_org_sync::SyncAllDepartments)));

/// The rows of all base interfaces, for one address. The marketplace sends all base calls of a
/// product to one address with different `activity`. One process serves them all: a second network
/// hop could cost a cold start, and the marketplace waits only a few seconds (decision A2).
pub const BASE: [Row; 8] = [
    NEW_INSTANCE,
    REFRESH_INSTANCE,
    EXPIRE_INSTANCE,
    UPDATE_INSTANCE_STATUS,
    UPGRADE_INSTANCE,
    RELEASE_INSTANCE,
    QUERY_INSTANCE,
    CHANGE_INSTANCE_CHECK,
];

/// The rows of the joint-operations kit.
#[cfg(feature = "application-sync")]
pub const KIT: [Row; 5] = [TENANT_SYNC, APPLICATION_SYNC, AUTH_SYNC, SINGLE_ORG_SYNC, ALL_ORG_SYNC];

/// The rows of all pages, for a process that serves everything on one machine.
#[cfg(feature = "application-sync")]
pub fn everything() -> Vec<Row> {
    BASE.into_iter().chain(KIT).collect()
}
