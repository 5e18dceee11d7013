//! The IDs in log lines, by which an operator finds a call (decision I1). Only verified calls and
//! stored records give them.

use domain::entity::{Entity, Subject};
use domain::notice::Notice;
use domain::record::EntityRecord;
use protocol::message::{Fields, InstanceId};
use protocol::signature::Verified;
use serde_json::Value;

/// The IDs of a log line. Each has at most 64 characters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct LogIds {
    pub order_id: Option<String>,
    pub order_line_id: Option<String>,
    pub instance_id: Option<String>,
    pub tenant_id: Option<String>,
    pub app_id: Option<String>,
    pub business_id: Option<String>,
}

/// The most characters of an ID.
const MAX_CHARACTERS: usize = 64;

impl LogIds {
    /// The IDs that a verified call names.
    pub fn of_call(verified: &Verified) -> Self {
        let fields = Fields::of(verified);
        let id = |name| fields.text(name).filter(|text| !text.is_empty()).map(cut);
        Self {
            order_id: id("orderId"),
            order_line_id: id("orderLineId"),
            instance_id: id("instanceId"),
            tenant_id: id("tenantId"),
            app_id: id("appId"),
            business_id: id("businessId"),
        }
    }

    /// The ID of an instance.
    pub fn of_instance(id: &InstanceId) -> Self {
        Self { instance_id: Some(cut(id.as_str())), ..Self::default() }
    }

    /// What names the entity in a log line if nothing else does: its key in the store, a hash.
    pub fn only_entity<'k>(&self, key: &'k str) -> Option<&'k str> {
        Some(key).filter(|_| *self == Self::default())
    }

    /// Adds the instance of a purchase, which the call does not name.
    pub fn add_subject(&mut self, subject: &Subject) {
        if let Subject::Purchase(id, _) = subject {
            self.instance_id = Some(cut(id.as_str()));
        }
    }

    /// Adds the instance of a record.
    pub fn add_record(&mut self, record: Option<&EntityRecord>) {
        if let Some(Entity::Instance(instance)) = record.map(|record| &record.entity)
            && self.instance_id.as_deref() != Some(instance.id.as_str())
        {
            self.instance_id = Some(cut(instance.id.as_str()));
        }
    }

    /// The order of a notice, if it is not the order of the instance's purchase: a renewal's.
    pub fn order_of(&self, notice: &Notice) -> Option<String> {
        let order = notice.data.get("orderId").and_then(Value::as_str).map(cut);
        order.filter(|order| self.order_id.as_ref() != Some(order))
    }

    /// The IDs of a record: the instance and the order of its purchase, or the IDs of an entity of
    /// the kit. A record of schema 1 has no IDs of the kit.
    pub fn of_record(record: &EntityRecord) -> Self {
        if let Entity::Instance(instance) = &record.entity {
            let order_id = Some(cut(instance.order_id.as_str()));
            let instance_id = Some(cut(instance.id.as_str()));
            return Self { order_id, instance_id, ..Self::default() };
        }
        let Some(ids) = &record.ids else { return Self::default() };
        Self {
            instance_id: ids.instance_id.as_ref().map(|id| cut(id.as_str())),
            tenant_id: Some(cut(ids.tenant_id.as_str())),
            app_id: ids.app_id.as_ref().map(|id| cut(id.as_str())),
            ..Self::default()
        }
    }
}

fn cut(text: &str) -> String {
    if text.len() <= MAX_CHARACTERS {
        // Each character has at least one byte.
        return text.to_owned();
    }
    text.chars().take(MAX_CHARACTERS).collect()
}
