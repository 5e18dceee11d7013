//! Why a verified request does not follow the guide.

use thiserror::Error;

use crate::result_code::ResultCode;

/// A field of a verified request does not follow the guide. The error contains the field's name,
/// never its value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{field} {kind}")]
pub struct Malformed {
    /// The name of the field on the wire.
    pub field: &'static str,
    /// The kind of the fault.
    pub kind: MalformedKind,
}

/// The kind of a fault in a field.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum MalformedKind {
    /// A mandatory field is absent, null, empty or blank.
    #[error("missing")]
    Missing,
    /// The text has more characters than the guide allows.
    #[error("too long")]
    TooLong,
    /// An identifier contains a control character.
    #[error("contains a control character")]
    ControlCharacter,
    /// The field is an array or an object instead of a text, or the reverse.
    #[error("has the wrong type")]
    WrongType,
    /// The word is not in the guide's list.
    #[error("unknown")]
    Unknown,
    /// The text is not a valid time.
    #[error("is not a valid time")]
    NoTime,
    /// The field has more items than the guide allows.
    #[error("contains too many items")]
    TooMany,
    /// The text is not an https address with a domain name.
    #[error("is not an https address with a domain name")]
    NoDomain,
    /// A department is its own direct or indirect parent.
    #[error("contains a cycle")]
    Cyclic,
    /// None of the private keys decrypts the secret.
    #[error("cannot be decrypted")]
    Unopened,
}

impl From<Malformed> for ResultCode {
    fn from(_: Malformed) -> Self {
        Self::InvalidParameter
    }
}
