//! The keys of stored values: their grammar is written and read here alone.
//!
//! | key | value |
//! |---|---|
//! | `instance:…`, `tenant:…`, `application:…`, `users:…`, `departments:…` | the record of an entity |
//! | `part:<name>:<owner's key>` | a part of a list |
//! | `used:<signature>` | a signature that was answered |
//! | `seal` | the mark of a sealed store |
//!
//! Stored values lie under these keys for ever: another key would lose them.

use protocol::digest;

use crate::kit_list::PartName;

/// The key of an entity. It has a fixed length and plain letters only, so no text of the
/// marketplace's can name another value.
pub(crate) fn entity_key(kind: &str, parts: &[&str]) -> String {
    let digest: [u8; 24] = digest::of(&[&[kind], parts].concat());
    format!("{kind}:{}", hex::encode(digest))
}

/// The key of a part. The owner's key is in it, so that a part on the agenda leads to its owner.
pub fn part_key(owner: &str, name: PartName) -> String {
    format!("{PART}{name}:{owner}")
}

/// The part that a key names and its owner's key, if it is a part's key.
pub fn part_owner(key: &str) -> Option<(PartName, &str)> {
    let (name, owner) = key.strip_prefix(PART)?.split_once(':')?;
    Some((PartName::try_from(name.to_owned()).ok()?, owner))
}

/// Whether a key names a part. Parts hold no notices.
pub fn is_part(key: &str) -> bool {
    key.starts_with(PART)
}

/// The key under which a signature is remembered that was answered once (decision B8).
pub fn used_signature_key(signature: &[u8; 32]) -> String {
    format!("used:{}", hex::encode(signature))
}

/// The key of the mark that a sealed store has (decision F5).
pub const SEAL_MARK: &str = "seal";

const PART: &str = "part:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_change_their_form() {
        let key = entity_key("instance", &["i-1"]);
        // SHA-256 over the length-prefixed parts, its first 24 bytes, by another program.
        assert_eq!(key, "instance:012c58cd76aa1b032664d2815802bc31c7e37769aecf72bb");
        let name = PartName::new([0xab; 16]);
        let part = part_key(&key, name);
        assert_eq!(part, format!("part:{}:{key}", "ab".repeat(16)));
        assert_eq!(part_owner(&part), Some((name, key.as_str())));
        assert_eq!(used_signature_key(&[1; 32]), format!("used:{}", "01".repeat(32)));
    }

    #[test]
    fn only_a_parts_key_leads_to_an_owner() {
        for key in ["seal", "part:", "part:ab:instance:x", "instance:ab", "part:ab"] {
            assert_eq!(part_owner(key), None, "{key}");
        }
        assert!(is_part("part:ab:instance:x") && !is_part("instance:ab"));
    }
}
