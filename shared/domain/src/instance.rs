//! A purchase, and every change that it can have.
//!
//! A transition is a pure function of the instance, the call and the call's time. It returns the
//! instance after the change, the notices to the product, and the remarks for the log.
//!
//! - [`id`]: the ID of an instance. `new_instance`: a purchase, and a repeated purchase.
//! - `lifecycle`: refresh, freeze, unfreeze, upgrade, release. `state`: the states.
//! - `access`: the access data of the buyer. `wait`: how long a purchase waits for it.
//! - `abandonment`: purchases that the marketplace refunds without a release. `charging`: whether the
//!   instance is pay-per-use or a package.

mod abandonment;
mod access;
mod call_time;
mod charging;
pub mod id;
mod lifecycle;
mod new_instance;
mod state;
mod transition;
mod wait;

use protocol::message::{InstanceId, OrderId};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::order_details::OrderFacts;

pub use abandonment::{CHECK_AGAIN, ClockTrust, ORDER_FAILS_AFTER};
pub use access::Access;
pub use call_time::effective;
pub use charging::{ChargingMode, ShownUsageKind, UsageKind};
pub use state::{FreezeCause, InstanceState};
pub use transition::Transition;
pub use wait::{AccessWait, LongWait};

/// One purchase. It is never deleted; after its release, koohook keeps a tombstone without
/// credentials.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Instance {
    /// Its ID at the marketplace.
    pub id: InstanceId,
    /// The order of the purchase.
    pub order_id: OrderId,
    /// Whether it is active, frozen or released.
    pub state: InstanceState,
    /// Whether its buyer has access data.
    pub access: Access,
    /// Facts about the order, if koohook asked the marketplace for them (decision E7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<OrderFacts>>,
    /// The expiry that a refresh set. The purchase's own expiry is an estimate and is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<UnixMillis>,
    /// Whether the buyer accepted the delivery.
    #[serde(default, skip_serializing_if = "is_false")]
    pub accepted: bool,
    /// When the newest calls of each kind were signed.
    #[serde(default)]
    pub newest: NewestCalls,
    /// V1: the time after which the relay may abandon the purchase (decision D11). `None` if the
    /// purchase is settled or was abandoned. A settled purchase stays settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandon_at: Option<UnixMillis>,
    /// When a relay first found that `abandon_at` had passed (decision D12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sighted_at: Option<UnixMillis>,
    /// When the relay abandoned the purchase. Older records do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_at: Option<UnixMillis>,
    /// Since when the purchase waits for access data. Records of schema 1 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<AccessWait>,
    /// V1's `chargingMode`, as on the wire. Records before schema 3 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charging_mode: Option<String>,
    /// What the product's usage messages show, if no charging mode is known (decision J7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageKind>,
    /// The second in which its purchase was signed (decision J2). Imported instances and records
    /// before schema 3 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<UnixMillis>,
    /// The second in which its first release was signed (decision J2). Imported instances and
    /// records before schema 3 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<UnixMillis>,
}

/// When the newest calls of each kind were signed (decision D5).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NewestCalls {
    /// Freeze, unfreeze, expiry, and a V1 refresh that may unfreeze.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UnixMillis>,
    /// Refreshes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<UnixMillis>,
    /// Upgrades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<UnixMillis>,
    /// Access data that the product sent in its own message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<UnixMillis>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(bool: &bool) -> bool {
    !*bool
}
