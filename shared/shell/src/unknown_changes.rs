//! Remembers which changes of the relay were logged although it is unknown whether the store wrote
//! them. Each run tries them again, and must not log them again.

use std::collections::BTreeMap;

/// The entities whose last write has an unknown outcome, with the names of the changes.
#[derive(Debug, Default)]
pub(crate) struct UnknownChanges(BTreeMap<String, Vec<&'static str>>);

/// The most entities. The changes of further entities are logged at each run.
const MAX_ENTITIES: usize = 4_096;

impl UnknownChanges {
    /// Notes that the outcome of an entity's changes is unknown. Returns whether this is new.
    pub fn add(&mut self, key: &str, changes: Vec<&'static str>) -> bool {
        if self.0.get(key) == Some(&changes) {
            return false;
        }
        if self.0.len() < MAX_ENTITIES || self.0.contains_key(key) {
            self.0.insert(key.to_owned(), changes);
        }
        true
    }

    /// Notes that the outcome is known now.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_change_is_new_once_until_its_outcome_is_known() {
        let mut changes = UnknownChanges::default();
        let mut add = |names: &[&'static str]| changes.add("a", names.to_vec());
        assert_eq!(
            [add(&["abandoned"]), add(&["abandoned"]), add(&["abandoned", "given-up"])],
            [true, false, true]
        );
        changes.remove("a");
        assert!(changes.add("a", vec!["abandoned", "given-up"]));
    }

    #[test]
    fn the_memory_of_unknown_changes_is_limited() {
        let mut changes = UnknownChanges::default();
        for entity in 0..=MAX_ENTITIES {
            assert!(changes.add(&entity.to_string(), vec!["abandoned"]));
        }
        let last = MAX_ENTITIES.to_string();
        assert!(changes.add(&last, vec!["abandoned"]), "rather twice than never");
        assert!(!changes.add("0", vec!["abandoned"]));
        assert_eq!(changes.0.len(), MAX_ENTITIES);
    }
}
