//! Everything at one address: the door, and the kit beside it. For this machine; on a function
//! platform each is a function of its own.

use marketplace::message::Activity;
use marketplace::page::{Bundle, Page, Settings, Unfit, Visit};

/// The door and the kit's functions.
pub struct Everything {
    door: receive::Function,
    tenant_sync: tenant_sync::Tenants,
    application_sync: application_sync::Applications,
    auth_sync: auth_sync::Users,
    single_org_sync: single_org_sync::Department,
    all_org_sync: all_org_sync::Departments,
}

impl Bundle for Everything {
    const KEEPS_SECRETS: bool = true;

    fn new(settings: &Settings) -> Result<Self, Unfit> {
        Ok(Self {
            door: Bundle::new(settings)?,
            tenant_sync: Page::new(settings)?,
            application_sync: Page::new(settings)?,
            auth_sync: Page::new(settings)?,
            single_org_sync: Page::new(settings)?,
            all_org_sync: Page::new(settings)?,
        })
    }

    fn pick<'p, V: Visit<'p>>(&'p self, activity: Option<Activity>, visit: V) -> V::Output {
        match activity {
            Some(Activity::TenantSync) => visit.change(&self.tenant_sync),
            Some(Activity::ApplicationSync) => visit.change(&self.application_sync),
            Some(Activity::AuthSync) => visit.change_list(&self.auth_sync),
            Some(Activity::SingleOrgSync) => visit.change_list(&self.single_org_sync),
            Some(Activity::AllOrgSync) => visit.change_list(&self.all_org_sync),
            base => self.door.pick(base, visit),
        }
    }
}
