//! The ID of an instance. It is derived from the purchase (decision C1). So a repeat needs no
//! look-up, and the loss of the store loses no ID.

use protocol::digest;
use protocol::message::{Fields, InstanceId, NewInstance, ProductId};
use protocol::signature::{Contract, Verified};

use crate::uuid_v5;

/// The order line of an instance, with the fields of each contract. The ID is derived only from
/// these fields (decision C1).
#[derive(Clone, Copy, Debug)]
pub enum OrderedBy<'a> {
    /// An order of access guide 1.0.
    V1 {
        /// `orderId`.
        order: &'a str,
        /// `productId`.
        product: Option<&'a str>,
        /// `chargingMode`: with 0 and 5 one order has one instance per product.
        charging_mode: Option<&'a str>,
    },
    /// One line of an order of access guide 2.0.
    V2 {
        /// `orderId`.
        order: &'a str,
        /// `orderLineId`.
        line: &'a str,
        /// `productId`, if the purchase contains it.
        product: Option<&'a str>,
    },
}

impl<'a> OrderedBy<'a> {
    /// The order line of a purchase.
    pub fn of_call(call: &'a NewInstance) -> Self {
        let order = call.order_id.as_str();
        let product = call.product_id.as_ref().map(ProductId::as_str);
        match &call.order_line_id {
            Some(line) => Self::V2 { order, line: line.as_str(), product },
            None => Self::V1 { order, product, charging_mode: call.charging_mode.as_deref() },
        }
    }

    /// The order line of a rehearsal. The order and the line may be empty.
    pub fn of_rehearsal(verified: &'a Verified) -> Self {
        let fields = Fields::of(verified);
        let order = fields.text("orderId").unwrap_or_default();
        let product = fields.text("productId");
        match fields.contract() {
            Contract::V1 => Self::V1 { order, product, charging_mode: fields.text("chargingMode") },
            Contract::V2 => {
                let line = fields.text("orderLineId").unwrap_or_default();
                Self::V2 { order, line, product }
            }
        }
    }

    /// The ID of the instance. The callback, its rehearsal and the import all use it.
    pub fn instance_id(self) -> InstanceId {
        match self {
            Self::V1 { order, product, charging_mode } => {
                let is_per_product = matches!(charging_mode, Some("0" | "5"));
                derive(order, None, product.filter(|_| is_per_product))
            }
            Self::V2 { order, line, product } => derive(order, Some(line), product),
        }
    }
}

/// Derives the ID of an order line. It is a version-5 UUID in the namespace
/// `6b6f6f68-6f6f-6b2e-696e-7374616e6365`. Its name contains each part after the part's name and
/// length. [`OrderedBy`] decides which parts a purchase has.
pub fn derive(order: &str, line: Option<&str>, product: Option<&str>) -> InstanceId {
    let mut parts = vec!["orderId", order];
    for (name, value) in [("orderLineId", line), ("productId", product)] {
        parts.extend(value.map(|value| [name, value]).into_iter().flatten());
    }
    uuid_v5::of(NAMESPACE, &digest::length_prefixed(&parts)).into()
}

/// The UUID namespace of derived instance IDs. Every answered ID depends on it: with another
/// namespace, every repeated order would make a second instance.
const NAMESPACE: [u8; 16] = [
    0x6b, 0x6f, 0x6f, 0x68, 0x6f, 0x6f, 0x6b, 0x2e, 0x69, 0x6e, 0x73, 0x74, 0x61, 0x6e, 0x63, 0x65,
];

#[cfg(test)]
mod tests {
    /// Python computed the IDs: `uuid.uuid5(NAMESPACE, bytes)` over the documented encoding.
    #[test]
    fn derived_ids_are_version_5_uuids() {
        let derive = |order, line, product| super::derive(order, line, product).to_string();
        assert_eq!(derive("CS1", None, None), "5222030e-3ea2-5681-b7e8-a216715e0cc4");
        assert_eq!(derive("CS1", Some("CS1-1"), None), "c8f0f10b-44d1-57e0-bae2-78ecaf8a2052");
        assert_eq!(derive("CS1", None, Some("P1")), "954c6e24-aded-5a6c-a852-9aa40abf183f");
    }
}
