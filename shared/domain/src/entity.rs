//! The subject of a callback, and the entity that is stored for it.

use protocol::message::{AppId, InstanceId, OrderId, TenantId};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::instance::Instance;
use crate::kit_list::KitList;
use crate::store_keys::entity_key;
use crate::tenant::{Application, Dated, Tenant};

/// The subject of a callback.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// An instance, by the ID that the marketplace knows.
    Instance(InstanceId),
    /// A purchase, by the ID that is derived from its order line, and its order. If an older server
    /// gave the instance another ID, this ID has a pointer. It is followed once (decision C7).
    Purchase(InstanceId, OrderId),
    /// An enterprise, as the buyer of an instance. There is no instance ID while a seller applies
    /// for credentials.
    Tenant(Option<InstanceId>, TenantId),
    /// An enterprise's credentials for an application.
    Application(Option<InstanceId>, TenantId, AppId),
    /// The people that an enterprise authorises for an application.
    Users(Option<InstanceId>, TenantId, AppId),
    /// The departments of an enterprise.
    Departments(Option<InstanceId>, TenantId),
}

impl Subject {
    /// The key of its record in every store. It must never change.
    pub fn key(&self) -> String {
        let instance = |id: &Option<InstanceId>| id.clone().map(String::from).unwrap_or_default();
        match self {
            Self::Instance(id) | Self::Purchase(id, _) => entity_key("instance", &[id.as_str()]),
            Self::Tenant(id, tenant) => entity_key("tenant", &[&instance(id), tenant.as_str()]),
            Self::Application(id, tenant, app) => {
                entity_key("application", &[&instance(id), tenant.as_str(), app.as_str()])
            }
            Self::Users(id, tenant, app) => {
                entity_key("users", &[&instance(id), tenant.as_str(), app.as_str()])
            }
            Self::Departments(id, tenant) => {
                entity_key("departments", &[&instance(id), tenant.as_str()])
            }
        }
    }

    /// Whether an entity has the kind of this subject. A pointer counts as an instance, and a call
    /// that names the pointer's ID finds no instance.
    pub const fn holds(&self, entity: &Entity) -> bool {
        matches!(
            (self, entity),
            (Self::Instance(_) | Self::Purchase(..), Entity::Instance(_) | Entity::MovedTo(_))
                | (Self::Tenant(..), Entity::Tenant(_))
                | (Self::Application(..), Entity::Application(_))
                | (Self::Users(..) | Self::Departments(..), Entity::KitList(_))
        )
    }

    /// Whether the instance behind a pointer is this purchase. If an import used an ID that already
    /// existed, the pointer may lead to another purchase.
    pub fn is_led_to(&self, entity: &Entity) -> bool {
        match (self, entity) {
            (Self::Purchase(_, order), Entity::Instance(instance)) => instance.order_id == *order,
            _ => false,
        }
    }

    /// The subject behind a pointer; `None` if the entity is not a pointer.
    pub fn follow(&self, entity: &Entity) -> Option<Self> {
        match (self, entity) {
            (Self::Purchase(..), Entity::MovedTo(id)) => Some(Self::Instance(id.clone())),
            _ => None,
        }
    }
}

/// The entity that is stored for a subject.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "most are instances, and few exist at a time")]
pub enum Entity {
    /// A purchase.
    Instance(Instance),
    /// A pointer: the purchase of this order line is stored under this ID.
    MovedTo(InstanceId),
    /// An enterprise.
    Tenant(Dated<Tenant>),
    /// An enterprise's credentials for an application.
    Application(Dated<Application>),
    /// The people of an application, or the departments of an enterprise.
    #[serde(rename = "directory")]
    KitList(KitList),
}

impl Entity {
    /// The signed time of the newest call that the entity contains. Long lists have a time for each
    /// of their rows, and none for the list.
    pub fn newest_call(&self) -> Option<UnixMillis> {
        match self {
            Self::Instance(Instance { newest, .. }) => {
                [newest.status, newest.refresh, newest.upgrade].into_iter().flatten().max()
            }
            Self::Tenant(tenant) => Some(tenant.at),
            Self::Application(application) => Some(application.at),
            Self::MovedTo(_) | Self::KitList(_) => None,
        }
    }
}

macro_rules! entity {
    ($variant:ident, $kind:ty) => {
        impl From<$kind> for Entity {
            fn from(entity: $kind) -> Self {
                Self::$variant(entity)
            }
        }

        impl TryFrom<Entity> for $kind {
            type Error = Entity;

            fn try_from(entity: Entity) -> Result<Self, Entity> {
                match entity {
                    Entity::$variant(entity) => Ok(entity),
                    other => Err(other),
                }
            }
        }
    };
}

entity!(Instance, Instance);
entity!(Tenant, Dated<Tenant>);
entity!(Application, Dated<Application>);
entity!(KitList, KitList);
