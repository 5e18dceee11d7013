//! Whose notice it is: an instance, or an entity of the kit.

use domain::entity::Entity;
use domain::record::EntityRecord;
use serde_json::{Value, json};

/// The entity that a notice is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Owner {
    /// The key of its record.
    pub key: String,
    /// The order of the purchase.
    pub order: Option<String>,
    /// The instance.
    pub instance: Option<String>,
    tenant: Option<String>,
    app: Option<String>,
    /// Whether it is an instance.
    pub is_instance: bool,
}

impl Owner {
    /// The owner of a record.
    pub fn of(key: &str, record: &EntityRecord) -> Self {
        let key = key.to_owned();
        if let Entity::Instance(instance) = &record.entity {
            let order = Some(instance.order_id.as_str().to_owned());
            let id = Some(instance.id.to_string());
            return Self { key, order, instance: id, is_instance: true, ..Self::default() };
        }
        let Some(ids) = &record.ids else { return Self { key, ..Self::default() } };
        Self {
            key,
            instance: ids.instance_id.as_ref().map(ToString::to_string),
            tenant: Some(ids.tenant_id.as_str().to_owned()),
            app: ids.app_id.as_ref().map(|id| id.as_str().to_owned()),
            ..Self::default()
        }
    }

    /// The IDs, separated by slashes. A record of an older koohook has only its key.
    pub fn text(&self) -> String {
        let Some(tenant) = &self.tenant else {
            return self.instance.clone().unwrap_or_else(|| self.key.clone());
        };
        let instance = self.instance.as_deref().unwrap_or("-");
        let ids = [Some(instance), Some(tenant), self.app.as_deref()];
        ids.into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// The members of the JSON of a notice.
    pub fn json(&self) -> Value {
        json!({
            "key": self.key,
            "orderId": self.order,
            "instanceId": self.instance,
            "tenantId": self.tenant,
            "appId": self.app,
        })
    }
}
