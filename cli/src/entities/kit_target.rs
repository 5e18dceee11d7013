//! What an operator types to find an entity of the kit: its IDs, separated by slashes.

use domain::entity::Subject;
use domain::history::KitIds;
use protocol::message::{AppId, InstanceId, TenantId};
use shell::store::CatalogueItem;

use super::FoundEntity;
use super::lookup::{Candidates, LookupTarget};

/// An enterprise or application by its IDs. A slash may also belong to an ID, so several readings are
/// possible.
pub struct KitTarget {
    readings: Vec<Reading>,
}

/// One reading of the text.
struct Reading {
    /// `None` if the text does not name it; `Some(None)` if it is empty.
    instance: Option<Option<InstanceId>>,
    tenant: TenantId,
    app: Option<AppId>,
}

impl KitTarget {
    /// Reads `TENANT` or `INSTANCE/TENANT`.
    pub fn tenant(text: &str) -> Self {
        let whole = tenant_id(text).map(|tenant| Reading { instance: None, tenant, app: None });
        let pairs = splits(text).filter_map(|(instance, tenant)| {
            Some(Reading {
                instance: Some(instance_id(instance)?),
                tenant: tenant_id(tenant)?,
                app: None,
            })
        });
        Self { readings: whole.into_iter().chain(pairs).collect() }
    }

    /// Reads the same, or `INSTANCE/TENANT/APPLICATION`.
    pub fn application(text: &str) -> Self {
        let mut target = Self::tenant(text);
        for (rest, app) in splits(text) {
            let triples = splits(rest).filter_map(|(instance, tenant)| {
                let (instance, app) = (Some(instance_id(instance)?), Some(AppId::parse(app).ok()?));
                Some(Reading { instance, tenant: tenant_id(tenant)?, app })
            });
            target.readings.extend(triples);
        }
        target
    }
}

impl LookupTarget for KitTarget {
    /// A reading with every ID leads to a key.
    fn candidates(&self) -> Candidates {
        let named = self.readings.iter().flat_map(|reading| {
            let Reading { instance, tenant, app } = reading;
            let (instance, tenant) = (instance.clone()?, tenant.clone());
            Some(match app.clone() {
                Some(app) => Subject::Application(instance, tenant, app),
                None => Subject::Tenant(instance, tenant),
            })
        });
        Candidates { named: named.collect(), derived: Vec::new() }
    }

    fn may_be(&self, _: &CatalogueItem) -> bool {
        true
    }

    fn is(&self, found: &FoundEntity) -> bool {
        let Some(KitIds { instance_id, tenant_id, app_id }) = &found.record.ids else {
            return false;
        };
        self.readings.iter().any(|reading| {
            reading.tenant == *tenant_id
                && reading.instance.as_ref().is_none_or(|instance| instance == instance_id)
                && (reading.app.is_none() || reading.app == *app_id)
        })
    }
}

/// Every way to split a text at a slash.
fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let slashes = text.match_indices('/');
    slashes.filter_map(|(at, _)| {
        let (before, rest) = text.split_at_checked(at)?;
        Some((before, rest.strip_prefix('/')?))
    })
}

/// No text means that the call named no instance.
fn instance_id(text: &str) -> Option<Option<InstanceId>> {
    if text.is_empty() { Some(None) } else { InstanceId::parse(text).ok().map(Some) }
}

fn tenant_id(text: &str) -> Option<TenantId> {
    TenantId::parse(text).ok()
}
