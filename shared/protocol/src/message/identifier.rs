//! The identifiers that koohook uses as keys or echoes.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::malformed::MalformedKind;

/// The longest identifier, in Unicode scalar values.
const MAX_LETTERS: usize = 64;

/// Checks an identifier. koohook compares it byte by byte, and never trims or normalises it.
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
            /// Accepts the text as received.
            ///
            /// # Errors
            /// If it is blank, too long, or contains a control character.
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
    /// `instanceId`: one purchased instance. The seller's side chose the ID.
    InstanceId
);
identifier!(
    /// `orderId`: one purchase or change. A repeated call has the same ID.
    OrderId
);
identifier!(
    /// `orderLineId`: one line of a V2 order.
    OrderLineId
);
identifier!(
    /// `productId`: one specification with its period, or one item of a pay-per-use bill.
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

/// The text is hyphenated and in lower case, so it is always a valid identifier.
impl From<Uuid> for InstanceId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.hyphenated().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_limited_in_characters_and_kept_as_received() {
        assert!(OrderId::parse(&"😀".repeat(64)).is_ok());
        assert_eq!(OrderId::parse(&"😀".repeat(65)), Err(MalformedKind::TooLong));
        assert_eq!(OrderId::parse(" \u{3000}"), Err(MalformedKind::Missing));
        assert_eq!(OrderId::parse("a\r\n"), Err(MalformedKind::ControlCharacter));
        assert_eq!(OrderId::parse("a ").unwrap().as_str(), "a ");
    }
}
