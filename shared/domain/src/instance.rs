//! What was bought, and every way it can change.
//!
//! A transition is a pure function of the instance, the call and the call's time. It says what the
//! instance is afterwards, which notices the product gets, and what the log remarks.
//!
//! - [`id`]: the ID of an instance. `new_instance`: a purchase, and the purchase repeated.
//! - `lifecycle`: refresh, freeze, thaw, upgrade, release. `state`: their results.
//! - `access`: how the buyer gets in.
//! - `abandonment`: what happens if the marketplace gives a purchase up.

mod abandonment;
mod access;
mod call_time;
pub mod id;
mod lifecycle;
mod new_instance;
mod state;
mod transition;

use protocol::message::{InstanceId, OrderId};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::order_details::OrderFacts;

pub use abandonment::ClockTrust;
pub use access::Access;
pub use call_time::effective;
pub use state::{FreezeCause, InstanceState};
pub use transition::Transition;

/// One purchase. It is kept for ever; after its release only a tombstone is left.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Instance {
    /// Its ID at the marketplace.
    pub id: InstanceId,
    /// The purchase that made it.
    pub order_id: OrderId,
    /// Whether it serves, waits, or is gone.
    pub state: InstanceState,
    /// Whether its buyer can get in.
    pub access: Access,
    /// What was ordered, if the marketplace was asked (decision E7).
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
    /// V1: when the marketplace will have given the purchase up. If it is not set, the purchase is
    /// settled, for ever (decision D11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandon_at: Option<UnixMillis>,
    /// When a relay first found that `abandon_at` had passed (decision D12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sighted_at: Option<UnixMillis>,
    /// When the relay abandoned the purchase. Older records do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_at: Option<UnixMillis>,
}

/// When the newest calls of each kind were signed (decision D5).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NewestCalls {
    /// Freeze, thaw, expiry, and a V1 refresh that may thaw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UnixMillis>,
    /// Refreshes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<UnixMillis>,
    /// Upgrades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<UnixMillis>,
    /// Access data that the product sent by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<UnixMillis>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(bool: &bool) -> bool {
    !*bool
}
