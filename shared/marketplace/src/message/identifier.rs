//! The identifiers that we key by or echo.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::malformed::MalformedKind;
use crate::digest;
use crate::uuid_v5;

/// The length of every identifier of the base interfaces, in Unicode scalar values.
const MAX_LETTERS: usize = 64;

/// Takes an identifier as received: compared byte for byte, never trimmed or normalised.
pub(super) fn parse(text: &str) -> Result<&str, MalformedKind> {
    if text.trim().is_empty() {
        Err(MalformedKind::Missing)
    } else if text.chars().count() > MAX_LETTERS {
        Err(MalformedKind::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(MalformedKind::ControlCharacter)
    } else {
        Ok(text)
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        /// 1 to 64 characters, none of them a control character.
        #[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the text as received.
            ///
            /// # Errors
            /// Where it is blank, too long, or holds a control character.
            pub fn parse(text: &str) -> Result<Self, MalformedKind> {
                parse(text).map(|text| Self(text.to_owned()))
            }

            /// The text as received.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedKind;

            fn try_from(text: String) -> Result<Self, MalformedKind> {
                parse(&text)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// `instanceId`: what was bought, under the name that the seller's side gave it.
    InstanceId
);
identifier!(
    /// `orderId`: one purchase or change, the same however often it is repeated.
    OrderId
);
identifier!(
    /// `orderLineId`: one line of a V2 order.
    OrderLineId
);
identifier!(
    /// `productId`: one specification and period, or one item of a pay-per-use bill.
    ProductId
);

identifier!(
    /// `tenantId`: an enterprise.
    TenantId
);
identifier!(
    /// `appId`: one of the seller's application credentials.
    AppId
);
identifier!(
    /// `clientId`: the OAuth client of an enterprise for an application.
    ClientId
);
identifier!(
    /// `orgCode`: a department of an enterprise.
    OrgCode
);
identifier!(
    /// `userName`: a person's account.
    UserName
);

/// The UUID namespace of derived instance IDs. It is part of every ID ever answered: another
/// one would make a second instance of every order that is repeated.
const NAMESPACE: [u8; 16] = [
    0x6b, 0x6f, 0x6f, 0x68, 0x6f, 0x6f, 0x6b, 0x2e, 0x69, 0x6e, 0x73, 0x74, 0x61, 0x6e, 0x63, 0x65,
];

/// What ordered an instance, in the words of each contract: its ID is derived from nothing else
/// (decision C1).
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
        /// `productId`, if the purchase carries one.
        product: Option<&'a str>,
    },
}

impl OrderedBy<'_> {
    /// The ID of the instance, for the callback, its rehearsal and the import alike.
    pub fn instance_id(self) -> InstanceId {
        match self {
            Self::V1 { order, product, charging_mode } => {
                let is_per_product = matches!(charging_mode, Some("0" | "5"));
                InstanceId::derive(order, None, product.filter(|_| is_per_product))
            }
            Self::V2 { order, line, product } => InstanceId::derive(order, Some(line), product),
        }
    }
}

impl InstanceId {
    /// Derives the ID of an order line (decision C1): the version-5 UUID, in the namespace
    /// `6b6f6f68-6f6f-6b2e-696e-7374616e6365`, of the parts, each behind its name and its length.
    /// A repeat needs no look-up, and the loss of the store loses no ID. Which parts a purchase
    /// has is for [`OrderedBy`] to say.
    pub fn derive(order: &str, line: Option<&str>, product: Option<&str>) -> Self {
        let mut parts = vec!["orderId", order];
        for (name, value) in [("orderLineId", line), ("productId", product)] {
            parts.extend(value.map(|value| [name, value]).into_iter().flatten());
        }
        Self(uuid_v5::of(NAMESPACE, &digest::length_prefixed(&parts)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters() {
        assert!(OrderId::parse(&"😀".repeat(64)).is_ok());
        assert_eq!(OrderId::parse(&"😀".repeat(65)), Err(MalformedKind::TooLong));
        assert_eq!(OrderId::parse(" \u{3000}"), Err(MalformedKind::Missing));
        assert_eq!(OrderId::parse("a\r\n"), Err(MalformedKind::ControlCharacter));
        assert_eq!(OrderId::parse("a ").unwrap().as_str(), "a ");
    }

    /// Answers from Python: `uuid.uuid5(NAMESPACE, bytes)` over the documented encoding.
    #[test]
    fn derived_ids_are_version_5_uuids() {
        let derive = |order, line, product| InstanceId::derive(order, line, product).to_string();
        assert_eq!(derive("CS1", None, None), "5222030e-3ea2-5681-b7e8-a216715e0cc4");
        assert_eq!(derive("CS1", Some("CS1-1"), None), "c8f0f10b-44d1-57e0-bae2-78ecaf8a2052");
        assert_eq!(derive("CS1", None, Some("P1")), "954c6e24-aded-5a6c-a852-9aa40abf183f");
    }
}
