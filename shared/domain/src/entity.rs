//! What a callback is about, and the one value that is kept of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use protocol::message::{AppId, InstanceId, OrderId, TenantId};
use protocol::order_query::OrderDetails;
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::directory::{Head, PartName};
use crate::idempotency::Ledger;
use crate::instance::{ClockTrust, Instance};
use crate::keys::entity_key;
use crate::notice::{NoticeDraft, NoticeType};
use crate::order_details::{self, OrderFacts};
use crate::outbox::{Claim, LONGEST_PAUSE, Offered, Outbox, Reader, Settled, Settling};
use crate::product::PurchaseAnswer;
use crate::template::Template;
use crate::tenant::{Application, Dated, Tenant};

/// What a callback is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// An instance, by the ID that the marketplace knows.
    Instance(InstanceId),
    /// A purchase, by the ID derived from its order line, and its order: where an older server had given the
    /// instance another ID, a pointer stands there and is followed once (decision C7).
    Purchase(InstanceId, OrderId),
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
    /// The key of its record in every store, for ever.
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

    /// Whether an entity is of this subject's kind. A pointer stands where an instance might: no
    /// call that names it finds an instance there.
    pub const fn holds(&self, entity: &Entity) -> bool {
        matches!(
            (self, entity),
            (Self::Instance(_) | Self::Purchase(..), Entity::Instance(_) | Entity::MovedTo(_))
                | (Self::Tenant(..), Entity::Tenant(_))
                | (Self::Application(..), Entity::Application(_))
                | (Self::Users(..) | Self::Departments(..), Entity::Directory(_))
        )
    }

    /// Whether the instance that a pointer leads to is this purchase: an import whose ID was taken
    /// may have left one that leads to another's.
    pub fn is_led_to(&self, entity: &Entity) -> bool {
        match (self, entity) {
            (Self::Purchase(_, order), Entity::Instance(instance)) => instance.order_id == *order,
            _ => false,
        }
    }

    /// The subject that a pointer found here leads to.
    pub fn follow(&self, entity: &Entity) -> Option<Self> {
        match (self, entity) {
            (Self::Purchase(..), Entity::MovedTo(id)) => Some(Self::Instance(id.clone())),
            _ => None,
        }
    }
}

/// What is kept of a subject.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "most are instances, and one lives at a time")]
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
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        rename = "loose",
        with = "part_names"
    )]
    pub unused: BTreeSet<PartName>,
    /// How often parts were let go that nothing had referred to: who wrote them, and paused, must
    /// write them anew.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fences: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The one value of an entity: what it is, the orders that made it, and what the product is
/// still to be told. Written over the version that was read, or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRecord {
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
fn unreadable(bytes: &[u8]) -> RecordError {
    #[derive(Deserialize)]
    struct Numbered {
        schema: u32,
    }
    match serde_json::from_slice(bytes) {
        Ok(Numbered { schema }) if schema > SCHEMA => RecordError::NewerSchema,
        Ok(_) | Err(_) => RecordError::Unreadable,
    }
}

/// Why stored bytes are no value of ours.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RecordError {
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

/// The furthest ahead that anything stands on an agenda: longer than any pause, and than a part
/// rests.
pub const FARTHEST: Duration = Duration::from_mins(70);
const _: () = assert!(FARTHEST.as_secs() > LONGEST_PAUSE.as_secs());
const _: () = assert!(FARTHEST.as_secs() > REST.as_secs());

/// The schema that this program writes.
pub const SCHEMA: u32 = 1;

/// The longest value that is written to any store, in bytes (decision C2).
pub const MAX_VALUE_LEN: usize = 192 * 1024;

impl EntityRecord {
    /// A value for an entity that was not there.
    pub fn new(entity: Entity) -> Self {
        Self { entity, ledger: Ledger::default(), outbox: Outbox::default() }
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        match serde_json::from_slice(bytes) {
            Ok(Stored { schema, .. }) if schema > SCHEMA => Err(RecordError::NewerSchema),
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
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let Self { entity, ledger, outbox } = self;
        let (ledger, outbox) = (Cow::Borrowed(ledger), Cow::Borrowed(outbox));
        let stored = Stored { schema: SCHEMA, entity, ledger, outbox };
        let bytes = serde_json::to_vec(&stored).map_err(|_| RecordError::Unreadable)?;
        if bytes.len() > MAX_VALUE_LEN { Err(RecordError::TooLarge) } else { Ok(bytes) }
    }

    /// When there is something to do for it: notices to deliver at once, a purchase that the
    /// marketplace will have given up on, parts to let go. A hint for the agenda; the value
    /// itself decides. Never further ahead than [`FARTHEST`]: what stands on an agenda beyond that
    /// was written under a wrong clock.
    pub fn due(&self, reader: Reader, now: UnixMillis) -> Option<UnixMillis> {
        let waits = if reader == Reader::Product { self.outbox.due(now) } else { None };
        let later = match &self.entity {
            Entity::Instance(instance) => instance.look_at(),
            Entity::Directory(directory) if !directory.unused.is_empty() => Some(now),
            Entity::Directory(_)
            | Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_) => None,
        };
        waits.into_iter().chain(later).min().map(|due| due.min(now.after(FARTHEST)))
    }

    /// Since when somebody should look: the product did not take a notice.
    pub fn dead(&self) -> Option<UnixMillis> {
        self.outbox.dead.iter().map(|dead| dead.at).min()
    }

    /// What the passing of time makes of it: the one transition that no call makes, and the relay
    /// alone writes (decisions D11, D12). Parts that only a notice named which was given up and
    /// forgotten are to be let go.
    #[must_use]
    pub fn pass(mut self, reader: Reader, clock: ClockTrust, now: UnixMillis) -> Passed {
        let before = self.clone();
        let parts: BTreeSet<_> = self.outbox.parts().collect();
        let given_up = self.outbox.pass(reader, clock, now);
        self.let_go_all_but(&parts);
        let abandoned = clock == ClockTrust::Trusted && self.pass_instance(reader, now);
        let changed = self != before;
        Passed { kept: self, changed, abandoned, given_up }
    }

    fn pass_instance(&mut self, reader: Reader, now: UnixMillis) -> bool {
        let Entity::Instance(instance) = &self.entity else { return false };
        let id = instance.id.clone();
        let (instance, remark) = instance.clone().pass(now);
        self.entity = Entity::Instance(instance);
        if remark.is_some() && reader == Reader::Product {
            self.abandon(&id, now);
        }
        remark.is_some()
    }

    /// The purchase is offered no longer; a product that was offered it learns that it is over.
    fn abandon(&mut self, id: &InstanceId, now: UnixMillis) {
        let unheard_of = self.outbox.is_unheard_of();
        self.outbox.take_back();
        if !unheard_of {
            let draft = NoticeDraft::of_time(NoticeType::Abandoned).with("instanceId", id.as_str());
            self.outbox.append(vec![draft], Reader::Product, now);
        }
    }

    /// Adds what was ordered to a notice that nobody was offered yet, and to the instance what of
    /// it may stay.
    pub fn learn(&mut self, sequence: u64, details: OrderDetails) {
        if let Entity::Instance(instance) = &mut self.entity {
            instance.facts = Some(Box::new(OrderFacts::of(&details)));
        }
        self.outbox.enrich(sequence, order_details::MEMBER, details.into_value());
    }

    /// Says in a notice why it does not say what was ordered.
    pub fn learn_nothing(&mut self, sequence: u64, why: &str) {
        let missing = serde_json::json!({ "missing": why });
        self.outbox.enrich(sequence, order_details::MEMBER, missing);
    }

    /// Settles an offer, and what the product said of a purchase with it. Parts that held a list
    /// which was delivered, or forgotten, are to be let go.
    pub fn settle(
        &mut self,
        claim: &Claim,
        offered: Offered,
        told: Option<&PurchaseAnswer>,
        template: Option<&Template>,
        settling: Settling,
    ) -> Settled {
        let before: BTreeSet<_> = self.outbox.parts().collect();
        let settled = self.outbox.settle(claim, offered, settling);
        if let (Entity::Instance(instance), Some(told)) = (&mut self.entity, told)
            && settled == Settled::Delivered
        {
            instance.answered(told, template);
        }
        self.let_go_all_but(&before);
        settled
    }

    /// Of the parts that notices named before, lets go of those that none names any more.
    fn let_go_all_but(&mut self, before: &BTreeSet<PartName>) {
        if let Entity::Directory(directory) = &mut self.entity {
            let after: BTreeSet<_> = self.outbox.parts().collect();
            directory.unused.extend(before.difference(&after));
        }
    }
}

/// What the passing of time made of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// What is to stand.
    pub kept: EntityRecord,
    /// Whether that is anything new.
    pub changed: bool,
    /// Whether a purchase was abandoned.
    pub abandoned: bool,
    /// Whether a notice was given up.
    pub given_up: bool,
}

/// Names of parts as one base64 text, a third shorter than hex digits in an array. Older values
/// hold that array.
mod part_names {
    use std::collections::BTreeSet;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::directory::PartName;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Text(String),
        Names(BTreeSet<PartName>),
    }

    pub fn serialize<S: Serializer>(
        names: &BTreeSet<PartName>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        PartName::to_text(names).serialize(serializer)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<BTreeSet<PartName>, D::Error> {
        match Stored::deserialize(deserializer)? {
            Stored::Names(names) => Ok(names),
            Stored::Text(text) => PartName::from_text(&text)
                .ok_or_else(|| serde::de::Error::custom("names of parts unreadable")),
        }
    }
}
