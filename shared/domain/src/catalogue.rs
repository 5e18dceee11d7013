//! The catalogue: one entry for each instance, enterprise and application, in a list by kind and
//! state (decision I4). Commands page through it. It is a hint; the record decides.

use protocol::digest;
use protocol::message::OrderId;
use protocol::time::UnixMillis;

use crate::entity::Entity;
use crate::instance::{Access, Instance, InstanceState};

/// An entry of the catalogue. It is written in the same write as the record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CatalogueEntry {
    /// The list that contains it.
    pub list: CatalogueList,
    /// When the entity last changed.
    pub changed: UnixMillis,
    /// The digest of the order of the purchase, if the entity is an instance.
    pub order: Option<OrderDigest>,
}

/// A list of the catalogue.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CatalogueList {
    /// Instances that wait for access data.
    PendingInstances,
    /// Instances whose order the product refused.
    RefusedInstances,
    /// Instances whose purchase the relay abandoned.
    AbandonedInstances,
    /// Instances in use.
    ActiveInstances,
    /// Frozen instances.
    FrozenInstances,
    /// Released instances.
    ReleasedInstances,
    /// Enterprises.
    ActiveTenants,
    /// Deleted enterprises.
    DeletedTenants,
    /// Applications.
    ActiveApplications,
    /// Deleted applications.
    DeletedApplications,
}

/// The kind of the entities that a list contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CatalogueKind {
    /// Instances.
    Instance,
    /// Enterprises.
    Tenant,
    /// Credentials of an enterprise for an application.
    Application,
}

/// A digest of an order's ID. It finds the instances of an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OrderDigest(pub [u8; 12]);

impl CatalogueList {
    /// All lists. The order must never change: Redis stores the place of a list in it.
    pub const ALL: [Self; 10] = [
        Self::PendingInstances,
        Self::RefusedInstances,
        Self::AbandonedInstances,
        Self::ActiveInstances,
        Self::FrozenInstances,
        Self::ReleasedInstances,
        Self::ActiveTenants,
        Self::DeletedTenants,
        Self::ActiveApplications,
        Self::DeletedApplications,
    ];

    /// The list's name in a store. It must never change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingInstances => "instance-pending",
            Self::RefusedInstances => "instance-refused",
            Self::AbandonedInstances => "instance-abandoned",
            Self::ActiveInstances => "instance-active",
            Self::FrozenInstances => "instance-frozen",
            Self::ReleasedInstances => "instance-released",
            Self::ActiveTenants => "tenant-active",
            Self::DeletedTenants => "tenant-deleted",
            Self::ActiveApplications => "application-active",
            Self::DeletedApplications => "application-deleted",
        }
    }

    /// The list with this name in a store.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == name)
    }

    /// The kind of its entities.
    pub const fn kind(self) -> CatalogueKind {
        match self {
            Self::PendingInstances
            | Self::RefusedInstances
            | Self::AbandonedInstances
            | Self::ActiveInstances
            | Self::FrozenInstances
            | Self::ReleasedInstances => CatalogueKind::Instance,
            Self::ActiveTenants | Self::DeletedTenants => CatalogueKind::Tenant,
            Self::ActiveApplications | Self::DeletedApplications => CatalogueKind::Application,
        }
    }

    /// The state of its entities, as commands print it.
    pub const fn state(self) -> &'static str {
        match self {
            Self::PendingInstances => "pending",
            Self::RefusedInstances => "refused",
            Self::AbandonedInstances => "abandoned",
            Self::ActiveInstances | Self::ActiveTenants | Self::ActiveApplications => "active",
            Self::FrozenInstances => "frozen",
            Self::ReleasedInstances => "released",
            Self::DeletedTenants | Self::DeletedApplications => "deleted",
        }
    }

    /// The list of an instance.
    pub const fn of_instance(instance: &Instance) -> Self {
        match (instance.state, &instance.access) {
            (InstanceState::Released, _) => Self::ReleasedInstances,
            (_, Access::Abandoned) => Self::AbandonedInstances,
            (_, Access::Refused(_)) => Self::RefusedInstances,
            (_, Access::Pending) => Self::PendingInstances,
            (InstanceState::Frozen(_), Access::Ready(_)) => Self::FrozenInstances,
            (InstanceState::Active, Access::Ready(_)) => Self::ActiveInstances,
        }
    }

    /// The list of an entity. Pointers and long lists are in no list.
    pub const fn of(entity: &Entity) -> Option<Self> {
        match entity {
            Entity::Instance(instance) => Some(Self::of_instance(instance)),
            Entity::Tenant(tenant) if tenant.standing.is_some() => Some(Self::ActiveTenants),
            Entity::Tenant(_) => Some(Self::DeletedTenants),
            Entity::Application(application) if application.standing.is_some() => {
                Some(Self::ActiveApplications)
            }
            Entity::Application(_) => Some(Self::DeletedApplications),
            Entity::MovedTo(_) | Entity::KitList(_) => None,
        }
    }
}

impl OrderDigest {
    /// The digest of an order's ID. It must never change.
    pub fn of(order: &OrderId) -> Self {
        Self(digest::of(&["order", order.as_str()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_its_own_name() {
        for list in CatalogueList::ALL {
            assert_eq!(CatalogueList::named(list.as_str()), Some(list));
        }
        assert_eq!(CatalogueList::named("instance"), None);
    }

    /// Python computed the digest over the length-prefixed texts.
    #[test]
    fn the_digest_of_an_order_does_not_change() {
        let order = OrderId::parse("CS1").unwrap();
        assert_eq!(hex::encode(OrderDigest::of(&order).0), "16b334234864638785148284");
    }
}
