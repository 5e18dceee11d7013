//! Every page of the marketplace's guides as a page of Rust, and the rows by which a function is
//! made of one page or several. `src/bin` says where each function runs.

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

/// A buyer bought.
pub const NEW_INSTANCE: Row = Row::new(Activity::NewInstance, |settings| {
    Ok(Box::new(new_instance::Purchases::new(settings)))
});
/// The expiry changes.
pub const REFRESH_INSTANCE: Row =
    Row::new(Activity::RefreshInstance, |_| Ok(Box::new(refresh_instance::Refresh)));
/// The term is over (V1).
pub const EXPIRE_INSTANCE: Row =
    Row::new(Activity::ExpireInstance, |_| Ok(Box::new(expire_instance::Expire)));
/// Freeze and thaw.
pub const UPDATE_INSTANCE_STATUS: Row = Row::new(Activity::UpdateInstanceStatus, |_| {
    Ok(Box::new(update_instance_status::UpdateStatus))
});
/// Another specification.
pub const UPGRADE_INSTANCE: Row =
    Row::new(Activity::UpgradeInstance, |_| Ok(Box::new(upgrade_instance::Upgrade)));
/// The end.
pub const RELEASE_INSTANCE: Row =
    Row::new(Activity::ReleaseInstance, |_| Ok(Box::new(release_instance::Release)));
/// The marketplace asks for access data.
pub const QUERY_INSTANCE: Row = Row::new(Activity::QueryInstance, |settings| {
    Ok(Box::new(query_instance::Query { rehearsal: settings.rehearsal_template() }))
});
/// May this instance change at its renewal (V2)?
pub const CHANGE_INSTANCE_CHECK: Row = Row::new(Activity::ChangeInstanceCheck, |settings| {
    Ok(Box::new(change_instance_check::Check { renewal_change: settings.renewal_change }))
});

/// An enterprise (kit).
pub const TENANT_SYNC: Row =
    Row::new(Activity::TenantSync, |_| Ok(Box::new(tenant_sync::SyncTenant)));
/// An enterprise's credentials for an application (kit).
#[cfg(feature = "application-sync")]
pub const APPLICATION_SYNC: Row = Row::new(Activity::ApplicationSync, |settings| {
    Ok(Box::new(application_sync::Applications::new(settings)?))
})
.keeping_secrets();
/// The people whom an enterprise authorises (kit).
pub const AUTH_SYNC: Row = Row::new(Activity::AuthSync, |_| Ok(Box::new(auth_sync::SyncUsers)));
/// One department of an enterprise (kit).
pub const SINGLE_ORG_SYNC: Row =
    Row::new(Activity::SingleOrgSync, |_| Ok(Box::new(single_org_sync::SyncDepartment)));
/// All departments of an enterprise (kit).
pub const ALL_ORG_SYNC: Row =
    Row::new(Activity::AllOrgSync, |_| Ok(Box::new(all_org_sync::SyncAllDepartments)));

/// The base interfaces, at one address. The marketplace knows one address for a product and tells
/// its calls apart by `activity`; a second network hop would cost a cold start within seconds.
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

/// The joint-operations kit.
#[cfg(feature = "application-sync")]
pub const KIT: [Row; 5] = [TENANT_SYNC, APPLICATION_SYNC, AUTH_SYNC, SINGLE_ORG_SYNC, ALL_ORG_SYNC];

/// Every page at one address, as on one machine.
#[cfg(feature = "application-sync")]
pub fn everything() -> Vec<Row> {
    BASE.into_iter().chain(KIT).collect()
}
