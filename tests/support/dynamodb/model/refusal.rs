//! The model's rejections.

use serde_json::{Map, Value};

/// A rejection: its kind, its message, and the item that exists, if the call asked for it.
pub struct Refused(pub &'static str, pub String, pub Option<Map<String, Value>>);

/// The answer of an operation.
pub type ModelAnswer = Result<Value, Refused>;

impl Refused {
    /// A rejection of a kind.
    pub fn of(kind: &'static str, message: &str) -> Self {
        Self(kind, message.to_owned(), None)
    }

    /// A rejection of a request that is invalid.
    pub fn invalid(message: &str) -> Self {
        Self::of("ValidationException", message)
    }
}
