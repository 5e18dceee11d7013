//! The keys of stored values. Only this module writes and parses them.
//!
//! | key | value |
//! |---|---|
//! | `instance:…`, `tenant:…`, `application:…`, `users:…`, `departments:…` | the record of an entity |
//! | `usage:…` | the usage of an instance |
//! | `part:<name>:<owner's key>` | a part of a list |
//! | `used:<signature>` | the signature of a query that was answered |
//! | `seal` | the mark of a sealed store |
//! | `usage-sending` | what the relays know about the sending of usage |
//! | `catalogue` | the mark of a complete catalogue |
//! | `proof` | what a check of the permissions writes for a moment |
//! | `alarms` | what people were told |
//!
//! The keys must never change: koohook would not find the stored values under other keys.

use protocol::digest;
use protocol::message::InstanceId;

use crate::kit_list::PartName;

/// The key of an entity. It has a fixed length and only plain letters, so that a text from the
/// marketplace cannot name another value.
pub(crate) fn entity_key(kind: &str, parts: &[&str]) -> String {
    let digest: [u8; 24] = digest::of(&[&[kind], parts].concat());
    format!("{kind}:{}", hex::encode(digest))
}

/// The key of an instance's usage.
pub fn usage_key(instance: &InstanceId) -> String {
    entity_key("usage", &[instance.as_str()])
}

/// Whether a key is the key of an instance's usage.
pub fn is_usage(key: &str) -> bool {
    key.starts_with("usage:")
}

/// Whether a key is the key of an entity.
pub fn is_entity(key: &str) -> bool {
    key.split_once(':').is_some_and(|(kind, _)| ENTITY_KINDS.contains(&kind))
}

/// The key of a part. It contains the key of its owner, so that the relay finds the owner of a part
/// on the agenda.
pub fn part_key(owner: &str, name: PartName) -> String {
    format!("{PART}{name}:{owner}")
}

/// The part and the key of its owner; `None` if the key is not the key of a part.
pub fn part_owner(key: &str) -> Option<(PartName, &str)> {
    let (name, owner) = key.strip_prefix(PART)?.split_once(':')?;
    Some((PartName::try_from(name.to_owned()).ok()?, owner))
}

/// Whether a key is the key of a part. Parts contain no notices.
pub fn is_part(key: &str) -> bool {
    key.starts_with(PART)
}

/// The key under which koohook stores that a signature was answered once (decision B8).
pub fn used_signature_key(signature: &[u8; 32]) -> String {
    format!("used:{}", hex::encode(signature))
}

/// Whether a backup contains the value of a key when a scan finds it. The marks belong to one store. A
/// remembered signature lives for minutes. A part is copied together with the record that names it.
/// Unknown keys are copied.
pub fn is_backed_up(key: &str) -> bool {
    let belongs_to_store = [SEAL_MARK, CATALOGUE_MARK, RIGHTS_PROOF].contains(&key);
    !belongs_to_store && !is_part(key) && !key.starts_with("used:")
}

/// The key that a check of the store's permissions writes for a moment.
pub const RIGHTS_PROOF: &str = "proof";

/// The key of the mark in a sealed store (decision F5).
pub const SEAL_MARK: &str = "seal";

/// The key of the mark of a complete catalogue (decision I4).
pub const CATALOGUE_MARK: &str = "catalogue";

/// The key of what the relays know about the sending of usage (decision J4).
pub const USAGE_SENDING: &str = "usage-sending";

/// The key of what people were told (decision I7).
pub const ALARMS: &str = "alarms";

/// The kinds in the keys of entities.
const ENTITY_KINDS: [&str; 5] = ["instance", "tenant", "application", "users", "departments"];

const PART: &str = "part:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_keys_does_not_change() {
        let key = entity_key("instance", &["i-1"]);
        // Another program computed the first 24 bytes of SHA-256 over the length-prefixed parts.
        assert_eq!(key, "instance:012c58cd76aa1b032664d2815802bc31c7e37769aecf72bb");
        let name = PartName::new([0xab; 16]);
        let part = part_key(&key, name);
        assert_eq!(part, format!("part:{}:{key}", "ab".repeat(16)));
        assert_eq!(part_owner(&part), Some((name, key.as_str())));
        assert_eq!(used_signature_key(&[1; 32]), format!("used:{}", "01".repeat(32)));
    }

    #[test]
    fn only_the_key_of_a_part_has_an_owner() {
        for key in ["seal", "part:", "part:ab:instance:x", "instance:ab", "part:ab"] {
            assert_eq!(part_owner(key), None, "{key}");
        }
        assert!(is_part("part:ab:instance:x") && !is_part("instance:ab"));
    }

    #[test]
    fn a_backup_contains_every_key_that_it_does_not_know() {
        let part = format!("part:{}:users:x", "ab".repeat(16));
        for key in [SEAL_MARK, CATALOGUE_MARK, RIGHTS_PROOF, &used_signature_key(&[1; 32]), &part] {
            assert!(!is_backed_up(key), "{key}");
        }
        for key in ["instance:ab", "usage:ab", USAGE_SENDING, "sealed", "alarms", "future:1", ""] {
            assert!(is_backed_up(key), "{key}");
        }
    }

    #[test]
    fn only_the_key_of_an_entity_is_one() {
        for kind in ENTITY_KINDS {
            assert!(is_entity(&entity_key(kind, &["i-1"])), "{kind}");
        }
        for key in [
            SEAL_MARK,
            CATALOGUE_MARK,
            USAGE_SENDING,
            ALARMS,
            "proof",
            "instance",
            "part:ab:instance:x",
            "used:1",
        ] {
            assert!(!is_entity(key), "{key}");
        }
    }
}
