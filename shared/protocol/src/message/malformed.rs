//! Why a request that we believe is not as the guide says.

use thiserror::Error;

use crate::result_code::ResultCode;

/// A believed request that is not as the guide says. Names the field, never its value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{field} {kind}")]
pub struct Malformed {
    /// The wire's name of the field.
    pub field: &'static str,
    /// What is wrong with it.
    pub kind: MalformedKind,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum MalformedKind {
    /// Absent, null, empty or blank, and mandatory.
    #[error("missing")]
    Missing,
    /// More characters than the guide allows.
    #[error("too long")]
    TooLong,
    /// A control character in an identifier.
    #[error("holds a control character")]
    ControlCharacter,
    /// An array or object instead of a text, or the reverse.
    #[error("of the wrong type")]
    WrongType,
    /// A word that is not in the guide's list.
    #[error("unknown")]
    Unknown,
    /// Digits that name no point in time.
    #[error("names no point in time")]
    NoTime,
    /// More items than the guide allows.
    #[error("holds too many items")]
    TooMany,
    /// Not an https address of a domain name.
    #[error("is no https address of a domain")]
    NoDomain,
    /// A department above itself.
    #[error("leads in a circle")]
    Cyclic,
    /// A secret that none of our keys decrypts.
    #[error("does not open")]
    Unopened,
}

impl From<Malformed> for ResultCode {
    fn from(_: Malformed) -> Self {
        Self::InvalidParameter
    }
}
