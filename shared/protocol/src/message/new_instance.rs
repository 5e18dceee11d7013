//! `newInstance`: a purchase.

use super::{Activity, Details, Fields, Malformed, OrderId, OrderLineId, ProductId};
use crate::cipher::{Cipher, Strength};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// A purchase (V1 guide "subscription", V2 guide "creating an instance").
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// The contract of the call and of its answer.
    pub contract: Contract,
    /// The order.
    pub order_id: OrderId,
    /// The order line. Only V2 has it.
    pub order_line_id: Option<OrderLineId>,
    /// The product: one specification with its period. V1 always sends it.
    pub product_id: Option<ProductId>,
    /// V1's `chargingMode`, as on the wire. V2 does not have it.
    pub charging_mode: Option<String>,
    /// Whether the buyer accepted the delivery: the request has an `acceptanceTime`.
    pub accepted: bool,
    /// When the call was signed. A purchase with an invalid time is not rejected. It counts as an
    /// old call.
    pub signed_at: UnixMillis,
    /// The fields that the product gets. Personal fields are decrypted. An unreadable field is
    /// absent.
    pub details: Details,
    /// The number of personal fields that cannot be decrypted.
    pub unreadable: u32,
}

impl NewInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// If a field that the guide marks mandatory is missing, or an identifier is invalid.
    pub fn read(verified: &Verified, strength: Strength) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let order_id = fields.order_id()?;
        let order_line_id = fields.order_line_id()?;
        let product_id = product_id(fields)?;
        fields.mandatory("businessId")?;
        if fields.contract() == Contract::V1 {
            fields.mandatory("customerId")?;
        }
        let (details, unreadable) =
            readable(fields.details(Activity::NewInstance), verified, strength);
        Ok(Self {
            contract: fields.contract(),
            order_id,
            order_line_id,
            product_id,
            charging_mode: charging_mode(fields),
            accepted: fields.text("acceptanceTime").is_some(),
            signed_at: fields.signed_at().unwrap_or(UnixMillis::new(0)),
            details,
            unreadable,
        })
    }
}

fn product_id(fields: Fields<'_>) -> Result<Option<ProductId>, Malformed> {
    match fields.contract() {
        Contract::V1 => fields.product_id().map(Some),
        Contract::V2 => fields.optional("productId", ProductId::parse),
    }
}

fn charging_mode(fields: Fields<'_>) -> Option<String> {
    match fields.contract() {
        Contract::V1 => fields.text("chargingMode").map(str::to_owned),
        Contract::V2 => None,
    }
}

/// Decrypts V1's two encrypted fields. An unreadable field counts as absent.
fn readable(mut details: Details, verified: &Verified, strength: Strength) -> (Details, u32) {
    let mut unreadable = 0;
    if verified.contract() == Contract::V1 {
        for name in ["mobilePhone", "email"] {
            let Some(wire) = details.named.remove(name) else {
                continue;
            };
            let Some(wire) = wire.as_str().filter(|wire| !wire.is_empty()) else {
                continue;
            };
            match Cipher::new(verified.key(), strength).open(wire) {
                Some(clear) => drop(details.named.insert(name.to_owned(), clear.into())),
                None => unreadable += 1,
            }
        }
    }
    (details, unreadable)
}
