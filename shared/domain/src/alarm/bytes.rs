//! The JSON of the stored value.

use super::state::AlarmState;
use crate::record::RecordError;

impl AlarmState {
    /// Parses stored bytes. Of bytes that are something else, nothing is known.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// Never: every state has a form in JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        serde_json::to_vec(self).map_err(|_| RecordError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_value_does_not_change() {
        let text = r#"{"alarms":{"newer-kind":{"since":1,"seen":2,"count":0},"store-down":{"since":3,"seen":4,"said":5,"count":6,"ended":7}},"claim":8,"failed":9,"retry":10}"#;
        let state = AlarmState::from_bytes(text.as_bytes());
        assert_eq!(String::from_utf8(state.to_bytes().unwrap()).unwrap(), text);
        assert_eq!(state.lasting().count(), 1, "an unknown kind is kept, and not shown");
    }

    #[test]
    fn other_bytes_are_an_empty_state() {
        for text in ["", "[]", "null", "{\"alarms\":[]}", "\u{0}"] {
            assert_eq!(AlarmState::from_bytes(text.as_bytes()), AlarmState::default(), "{text:?}");
        }
    }
}
