//! What the model refuses with.

use serde_json::{Map, Value};

/// A refusal: its kind, its message, and what stands instead.
pub struct Refused(pub &'static str, pub String, pub Option<Map<String, Value>>);

/// What an operation answers.
pub type ModelAnswer = Result<Value, Refused>;

impl Refused {
    /// A refusal of a kind.
    pub fn of(kind: &'static str, message: &str) -> Self {
        Self(kind, message.to_owned(), None)
    }

    /// A refusal of what is asked itself.
    pub fn invalid(message: &str) -> Self {
        Self::of("ValidationException", message)
    }
}
