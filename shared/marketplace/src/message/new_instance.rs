//! `newInstance`: somebody bought.

use super::{
    Activity, Details, Fields, InstanceId, Malformed, OrderId, OrderLineId, OrderedBy, ProductId,
};
use crate::cipher::{Cipher, Strength};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// A purchase (V1 guide "subscription", V2 guide "creating an instance").
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// By which contract the answer is due.
    pub contract: Contract,
    /// The instance's ID, derived from the order line.
    pub instance_id: InstanceId,
    /// The purchase.
    pub order_id: OrderId,
    /// Its line, under V2.
    pub order_line_id: Option<OrderLineId>,
    /// Whether the request says that the buyer accepted the delivery.
    pub accepted: bool,
    /// When the call was signed. A purchase is not refused for a time of no calendar: it counts
    /// as an old one.
    pub signed_at: UnixMillis,
    /// What the product is told; personal fields in clear, or absent where unreadable.
    pub details: Details,
    /// How many personal fields could not be read.
    pub unreadable: u32,
}

impl NewInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// Where a field that the guide marks mandatory is missing, or an identifier is none.
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
            instance_id: derive(
                fields,
                order_id.as_str(),
                order_line_id.as_ref().map(OrderLineId::as_str),
                product_id.as_ref().map(ProductId::as_str),
            ),
            order_id,
            order_line_id,
            accepted: fields.text("acceptanceTime").is_some(),
            signed_at: fields.signed_at().unwrap_or(UnixMillis::new(0)),
            details,
            unreadable,
        })
    }

    /// The ID that a rehearsal is answered: derived from whatever it says, be it nothing.
    pub fn rehearsed_id(verified: &Verified) -> InstanceId {
        let fields = Fields::of(verified);
        let text = |name| fields.text(name);
        derive(fields, text("orderId").unwrap_or_default(), text("orderLineId"), text("productId"))
    }
}

fn derive(
    fields: Fields<'_>,
    order: &str,
    line: Option<&str>,
    product: Option<&str>,
) -> InstanceId {
    let ordered_by = match fields.contract() {
        Contract::V1 => {
            OrderedBy::V1 { order, product, charging_mode: fields.text("chargingMode") }
        }
        // A rehearsal may name no line.
        Contract::V2 => OrderedBy::V2 { order, line: line.unwrap_or_default(), product },
    };
    ordered_by.instance_id()
}

fn product_id(fields: Fields<'_>) -> Result<Option<ProductId>, Malformed> {
    match fields.contract() {
        Contract::V1 => fields.product_id().map(Some),
        Contract::V2 => fields.optional("productId", ProductId::parse),
    }
}

/// Opens V1's two encrypted fields, one by one: what cannot be read is as if it were not sent.
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
