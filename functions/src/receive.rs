//! The one public endpoint: the marketplace knows one address per product and tells its calls apart
//! by `activity`. Every lifecycle function is linked, and one is picked in process: a second
//! network hop would cost a cold start inside a budget of seconds.

use domain::page::{Bundle, Page, Visit};
use domain::settings::{SettingError, Settings};
use protocol::message::Activity;

/// What this function serves.
pub type Function = Door;

/// Every page of the base interfaces.
pub struct Door {
    new_instance: crate::new_instance::Purchase,
    refresh_instance: crate::refresh_instance::Refresh,
    expire_instance: crate::expire_instance::Expiry,
    update_instance_status: crate::update_instance_status::Status,
    upgrade_instance: crate::upgrade_instance::Upgrade,
    release_instance: crate::release_instance::Release,
    query_instance: crate::query_instance::Query,
    change_instance_check: crate::change_instance_check::Check,
}

impl Bundle for Door {
    fn new(settings: &Settings) -> Result<Self, SettingError> {
        Ok(Self {
            new_instance: Page::new(settings)?,
            refresh_instance: Page::new(settings)?,
            expire_instance: Page::new(settings)?,
            update_instance_status: Page::new(settings)?,
            upgrade_instance: Page::new(settings)?,
            release_instance: Page::new(settings)?,
            query_instance: Page::new(settings)?,
            change_instance_check: Page::new(settings)?,
        })
    }

    fn pick<'p, V: Visit<'p>>(&'p self, activity: Option<Activity>, visit: V) -> V::Output {
        match activity {
            Some(Activity::NewInstance) => visit.change(&self.new_instance),
            Some(Activity::RefreshInstance) => visit.change(&self.refresh_instance),
            Some(Activity::ExpireInstance) => visit.change(&self.expire_instance),
            Some(Activity::UpdateInstanceStatus) => visit.change(&self.update_instance_status),
            Some(Activity::UpgradeInstance) => visit.change(&self.upgrade_instance),
            Some(Activity::ReleaseInstance) => visit.change(&self.release_instance),
            Some(Activity::QueryInstance) => visit.look(&self.query_instance),
            Some(Activity::ChangeInstanceCheck) => visit.look(&self.change_instance_check),
            // The kit's calls come to paths of their own, and to functions of their own.
            Some(
                Activity::TenantSync
                | Activity::ApplicationSync
                | Activity::AuthSync
                | Activity::SingleOrgSync
                | Activity::AllOrgSync,
            )
            | None => visit.nowhere(),
        }
    }
}
