//! What a callback is about, and the one value that is kept of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::app_info::Template;
use crate::digest;
use crate::directory::{Head, PartName};
use crate::idempotency::Ledger;
use crate::instance::{Instance, Remark};
use crate::message::{AppId, InstanceId, TenantId};
use crate::notice::{Draft, NoticeType};
use crate::order_query::{self, OrderDetails};
use crate::outbox::{Claim, Offered, Outbox, Reader, Settled};
use crate::product::Told;
use crate::tenant::{Application, Dated, Tenant};
use crate::time::UnixMillis;

/// What a callback is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// An instance, by the ID that the marketplace knows.
    Instance(InstanceId),
    /// A purchase, by the ID derived from its order line: where an older server had given the
    /// instance another ID, a pointer stands there and is followed once (decision C7).
    Purchase(InstanceId),
    /// An enterprise, as the buyer of an instance; none while a seller applies for credentials.
    Tenant(Option<InstanceId>, TenantId),
    /// An enterprise's credentials for an application.
    Application(Option<InstanceId>, TenantId, AppId),
    /// The people whom an enterprise authorises for an application.
    Users(Option<InstanceId>, TenantId, AppId),
    /// The departments of an enterprise.
    Departments(Option<InstanceId>, TenantId),
}

impl Subject {
    /// Where it lies in every store, for ever: a name of fixed length and plain letters, so that
    /// no value of the marketplace's can reach beyond it.
    pub fn key(&self) -> String {
        let instance = |id: &Option<InstanceId>| id.clone().map(String::from).unwrap_or_default();
        match self {
            Self::Instance(id) | Self::Purchase(id) => key("instance", &[id.as_str()]),
            Self::Tenant(id, tenant) => key("tenant", &[&instance(id), tenant.as_str()]),
            Self::Application(id, tenant, app) => {
                key("application", &[&instance(id), tenant.as_str(), app.as_str()])
            }
            Self::Users(id, tenant, app) => {
                key("users", &[&instance(id), tenant.as_str(), app.as_str()])
            }
            Self::Departments(id, tenant) => key("departments", &[&instance(id), tenant.as_str()]),
        }
    }

    /// The subject that a pointer found here leads to.
    pub fn follow(&self, entity: &Entity) -> Option<Self> {
        match (self, entity) {
            (Self::Purchase(_), Entity::MovedTo(id)) => Some(Self::Instance(id.clone())),
            _ => None,
        }
    }
}

fn key(kind: &str, parts: &[&str]) -> String {
    let digest: [u8; 24] = digest::of(&[&[kind], parts].concat());
    format!("{kind}:{}", hex::encode(digest))
}

/// What is kept of a subject.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Entity {
    /// A purchase.
    Instance(Instance),
    /// The purchase of this order line was made elsewhere, under this ID.
    MovedTo(InstanceId),
    /// An enterprise.
    Tenant(Dated<Tenant>),
    /// An enterprise's credentials for an application.
    Application(Dated<Application>),
    /// The people of an application, or the departments of an enterprise.
    Directory(Directory),
}

macro_rules! entity {
    ($variant:ident, $kind:ty) => {
        impl From<$kind> for Entity {
            fn from(kept: $kind) -> Self {
                Self::$variant(kept)
            }
        }

        impl TryFrom<Entity> for $kind {
            type Error = Entity;

            fn try_from(entity: Entity) -> Result<Self, Entity> {
                match entity {
                    Entity::$variant(kept) => Ok(kept),
                    other => Err(other),
                }
            }
        }
    };
}

entity!(Instance, Instance);
entity!(Tenant, Dated<Tenant>);
entity!(Application, Dated<Application>);
entity!(Directory, Directory);

/// What is kept of a long list: order and repeats of its rows, never their content, which stands
/// in undelivered parts alone (decision F3).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Directory {
    /// The rows, or where they are.
    pub head: Head,
    /// Parts that nothing refers to any more, to be let go.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub loose: BTreeSet<PartName>,
}

/// The one value of an entity: what it is, the orders that made it, and what the product is
/// still to be told. Written over the version that was read, or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What it is.
    pub entity: Entity,
    /// The orders that made it.
    pub ledger: Ledger,
    /// What the product is to be told.
    pub outbox: Outbox,
}

/// A kept value as it is stored: whoever reads it learns first whether it is for them.
#[derive(Deserialize, Serialize)]
struct Stored<'a, E> {
    schema: u32,
    entity: E,
    #[serde(default)]
    ledger: Cow<'a, Ledger>,
    #[serde(default)]
    outbox: Cow<'a, Outbox>,
}

/// Why bytes are no value that this program knows: a newer one may have written them.
fn unreadable(bytes: &[u8]) -> Fault {
    #[derive(Deserialize)]
    struct Numbered {
        schema: u32,
    }
    match serde_json::from_slice(bytes) {
        Ok(Numbered { schema }) if schema > SCHEMA => Fault::NewerSchema,
        Ok(_) | Err(_) => Fault::Unreadable,
    }
}

/// Why stored bytes are no value of ours.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// A newer koohook wrote it: an older one would lose what it does not know (decision C2).
    #[error("value of a newer schema")]
    NewerSchema,
    /// No value of ours.
    #[error("value unreadable")]
    Unreadable,
    /// Longer than any store is asked to take.
    #[error("value too large")]
    TooLarge,
}

/// How long a part rests before it is looked at: longer than any callback that may still read or
/// refer to it.
pub const REST: Duration = Duration::from_hours(1);

/// The schema that this program writes.
pub const SCHEMA: u32 = 1;

/// The longest value that is written to any store, in bytes (decision C2).
pub const MAX_VALUE_LEN: usize = 192 * 1024;

impl Kept {
    /// A value for an entity that was not there.
    pub fn new(entity: Entity) -> Self {
        Self { entity, ledger: Ledger::default(), outbox: Outbox::default() }
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// As [`Fault`] says.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        match serde_json::from_slice(bytes) {
            Ok(Stored { schema, .. }) if schema > SCHEMA => Err(Fault::NewerSchema),
            Ok(Stored { entity, ledger, outbox, .. }) => {
                Ok(Self { entity, ledger: ledger.into_owned(), outbox: outbox.into_owned() })
            }
            Err(_) => Err(unreadable(bytes)),
        }
    }

    /// Writes the bytes to store.
    ///
    /// # Errors
    /// Where they would be too many.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let Self { entity, ledger, outbox } = self;
        let (ledger, outbox) = (Cow::Borrowed(ledger), Cow::Borrowed(outbox));
        let stored = Stored { schema: SCHEMA, entity, ledger, outbox };
        let bytes = serde_json::to_vec(&stored).map_err(|_| Fault::Unreadable)?;
        if bytes.len() > MAX_VALUE_LEN { Err(Fault::TooLarge) } else { Ok(bytes) }
    }

    /// When there is something to do for it: notices to deliver at once, a purchase that the
    /// marketplace will have given up on, parts to let go. A hint for the agenda; the value
    /// itself decides.
    pub fn due(&self, reader: Reader, now: UnixMillis) -> Option<UnixMillis> {
        let waits = if reader == Reader::Product { self.outbox.due(now) } else { None };
        let later = match &self.entity {
            Entity::Instance(instance) => instance.abandon_at,
            Entity::Directory(directory) if !directory.loose.is_empty() => Some(now.after(REST)),
            Entity::Directory(_)
            | Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_) => None,
        };
        waits.into_iter().chain(later).min()
    }

    /// Since when somebody should look: the product did not take a notice.
    pub fn dead(&self) -> Option<UnixMillis> {
        self.outbox.dead.iter().map(|dead| dead.at).min()
    }

    /// What the passing of time makes of it: the one transition that no call makes.
    #[must_use]
    pub fn pass(mut self, reader: Reader, now: UnixMillis) -> (Self, Option<Remark>) {
        let Entity::Instance(instance) = self.entity else {
            return (self, None);
        };
        let id = instance.id.clone();
        let (instance, remark) = instance.pass(now);
        self.entity = Entity::Instance(instance);
        if remark.is_some() && reader == Reader::Product {
            self.abandon(&id, now);
        }
        (self, remark)
    }

    /// The purchase is offered no longer; a product that was offered it learns that it is over.
    fn abandon(&mut self, id: &InstanceId, now: UnixMillis) {
        let unheard_of = self.outbox.is_unheard_of();
        self.outbox.take_back();
        if !unheard_of {
            let draft = Draft::of_time(NoticeType::Abandoned).with("instanceId", id.as_str());
            self.outbox.append(vec![draft], Reader::Product, now);
        }
    }

    /// Adds what was ordered to a notice that nobody was offered yet, and to the instance what of
    /// it may stay.
    pub fn learn(&mut self, sequence: u64, details: OrderDetails) {
        if let Entity::Instance(instance) = &mut self.entity {
            instance.facts = Some(Box::new(details.facts()));
        }
        self.outbox.enrich(sequence, order_query::MEMBER, details.into_value());
    }

    /// Says in a notice why it does not say what was ordered.
    pub fn learn_nothing(&mut self, sequence: u64, why: &str) {
        let missing = serde_json::json!({ "missing": why });
        self.outbox.enrich(sequence, order_query::MEMBER, missing);
    }

    /// Settles an offer, and what the product said of a purchase with it. Parts that held a list
    /// which was delivered, or forgotten, are to be let go.
    pub fn settle(
        &mut self,
        claim: &Claim,
        offered: Offered,
        told: Option<&Told>,
        template: Option<&Template>,
        chance: u16,
        now: UnixMillis,
    ) -> Settled {
        let before: BTreeSet<_> = self.outbox.parts().collect();
        let settled = self.outbox.settle(claim, offered, chance, now);
        match (&mut self.entity, told) {
            (Entity::Instance(instance), Some(told)) if settled == Settled::Delivered => {
                instance.answered(told, template);
            }
            (Entity::Directory(directory), _) => {
                let after: BTreeSet<_> = self.outbox.parts().collect();
                directory.loose.extend(before.difference(&after));
            }
            (
                Entity::Instance(_)
                | Entity::MovedTo(_)
                | Entity::Tenant(_)
                | Entity::Application(_),
                _,
            ) => (),
        }
        settled
    }
}
