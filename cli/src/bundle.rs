//! Everything at one address: the endpoint, and the kit beside it. For this machine; on a function
//! platform each is a function of its own.

use std::sync::Arc;

use domain::page::{Bundle, Page, Visit};
use domain::settings::{SettingError, Settings};
use protocol::message::Activity;
use shell::config::Config;
use shell::endpoint::Either;
use shell::endpoint::Endpoint;
use shell::endpoint::app_info::AppInfoEndpoint;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::endpoint::relay::RelayEndpoint;
use shell::host::{MachineContext, open_proven_desk};

use crate::error::CommandError;

/// The endpoint and the kit's functions.
pub struct Everything {
    endpoint: functions::receive::Function,
    tenant_sync: functions::tenant_sync::Tenants,
    application_sync: functions::application_sync::Applications,
    auth_sync: functions::auth_sync::Users,
    single_org_sync: functions::single_org_sync::Department,
    all_org_sync: functions::all_org_sync::Departments,
}

impl Bundle for Everything {
    const KEEPS_SECRETS: bool = true;

    fn new(settings: &Settings) -> Result<Self, SettingError> {
        Ok(Self {
            endpoint: Bundle::new(settings)?,
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
            base => self.endpoint.pick(base, visit),
        }
    }
}

/// A bundle, the product's own way in, and the relay's bell, at one address; and the context that
/// they share.
pub async fn open<B: Bundle>(
    config: Config,
) -> Result<(Arc<impl Endpoint>, Arc<MachineContext>), CommandError> {
    let Config { endpoint, context, relay_secret, store, .. } = config;
    let has_product = context.product.is_some();
    let context = open_proven_desk(context, &store, false).await?;
    let endpoint = CallbackEndpoint::<B, _>::new(endpoint, Arc::clone(&context))?;
    let access = has_product
        .then(|| AppInfoEndpoint::new(functions::app_info::Access, Arc::clone(&context)));
    let relay = relay_secret.map(|secret| RelayEndpoint::new(Arc::clone(&context), secret));
    Ok((Arc::new(Either(endpoint, Either(access, relay))), context))
}
