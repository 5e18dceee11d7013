//! The members of one JSON object, read by the tables of the guide.

use serde_json::{Map, Value};

use super::AnswerError;

/// One object of an answer. A member with null counts as absent.
pub(super) struct Members<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Members<'a> {
    /// The members of a value that must be an object.
    pub(super) fn of(name: &'static str, value: &'a Value) -> Result<Self, AnswerError> {
        value.as_object().map(Self).ok_or_else(|| wrong_type(name, value))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn object(&self, name: &'static str) -> Result<Option<Self>, AnswerError> {
        self.get(name).map(|value| Members::of(name, value)).transpose()
    }

    pub(super) fn list(&self, name: &'static str) -> Result<Vec<&'a Value>, AnswerError> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let list = value.as_array().ok_or_else(|| wrong_type(name, value))?;
        Ok(list.iter().collect())
    }

    pub(super) fn mandatory(
        &self,
        name: &'static str,
        limit: usize,
    ) -> Result<String, AnswerError> {
        self.optional(name, limit)?.ok_or(AnswerError::Missing(name))
    }

    pub(super) fn optional(
        &self,
        name: &'static str,
        limit: usize,
    ) -> Result<Option<String>, AnswerError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str().ok_or_else(|| wrong_type(name, value))?;
        if limit < text.chars().count() {
            return Err(AnswerError::TooLong { name, limit });
        }
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
}

const fn wrong_type(name: &'static str, value: &Value) -> AnswerError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    AnswerError::WrongType { name, found }
}
