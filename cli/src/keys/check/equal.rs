//! Finds keys that are equal and should differ: who learns one of them also knows the other.

use sha2::{Digest, Sha256};

use super::kind::decoded;
use crate::findings::Finding;

/// One key of a setting, in the forms in which it may occur again.
pub struct KeyMaterial {
    setting: &'static str,
    /// The text without the prefix of a webhook's secret, and the bytes that its base64 means.
    forms: Vec<Vec<u8>>,
    /// The hashes of the forms: keys that were derived from this one.
    derived: Vec<Vec<u8>>,
}

impl KeyMaterial {
    /// The forms of a key.
    pub fn new(setting: &'static str, key: &str) -> Self {
        let text = key.strip_prefix("whsec_").unwrap_or(key).as_bytes().to_vec();
        let forms: Vec<_> = [Some(text), decoded(key)].into_iter().flatten().collect();
        let derived = forms.iter().map(|form| Sha256::digest(form).to_vec()).collect();
        Self { setting, forms, derived }
    }

    fn is_equal_to(&self, other: &Self) -> bool {
        self.forms.iter().any(|form| other.forms.contains(form))
    }

    fn is_derived_from(&self, other: &Self) -> bool {
        self.forms.iter().any(|form| other.derived.contains(form))
    }
}

/// What to say about keys of a setting that are equal to a key of an earlier setting, or to another key
/// of the same one.
pub fn equal_to(setting: &'static str, materials: &[KeyMaterial]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (place, key) in materials.iter().enumerate().filter(|(_, key)| key.setting == setting) {
        for other in materials.iter().take(place) {
            if key.is_equal_to(other) {
                found.push(equal(key.setting, other.setting));
            } else if key.is_derived_from(other) || other.is_derived_from(key) {
                let other = other.setting;
                found.push(Finding::failed(format!(
                    "is the SHA-256 of {other}, or {other} is of it; {CHANGE}"
                )));
            }
        }
    }
    found
}

fn equal(setting: &str, other: &str) -> Finding {
    let interface = |name: &str| {
        ["KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY"].into_iter().find(|start| name.starts_with(start))
    };
    match (interface(setting), interface(other)) {
        _ if setting == other => Finding::failed("has the same key twice; remove one"),
        (Some(one), Some(another)) if one != another => Finding::ok(format!(
            "is equal to {other}; this is right if the seller's console has one key"
        )),
        _ if setting.strip_suffix("_PREVIOUS") == Some(other) => Finding::failed(format!(
            "is equal to {other}; set it to the key before that, or unset it"
        )),
        _ => Finding::failed(format!("is equal to {other}; {CHANGE}")),
    }
}

const CHANGE: &str = "use another key for each setting";

#[cfg(test)]
mod tests {
    use crate::findings::FindingLevel;

    use super::*;

    /// The key of each setting, and the level of the finding about the last one, if there is one.
    fn judged(keys: &[(&'static str, &str)]) -> Option<FindingLevel> {
        let materials: Vec<_> =
            keys.iter().map(|(name, key)| KeyMaterial::new(name, key)).collect();
        let found = equal_to(keys.last().unwrap().0, &materials);
        found.first().map(|finding| finding.level)
    }

    #[test]
    fn equal_keys_are_found_in_every_form() {
        // Python: base64.b64encode(b"constructed-base-key-0001"), and of its SHA-256.
        let (text, base64) = ("constructed-base-key-0001", "Y29uc3RydWN0ZWQtYmFzZS1rZXktMDAwMQ==");
        let derived = "ZMOLEHbryVkPSIqVlcj3lILUGZOc0c1Y8LC9rhGLA0Q=";
        for (other, level) in [
            (text, Some(FindingLevel::Failed)),
            (base64, Some(FindingLevel::Failed)),
            (derived, Some(FindingLevel::Failed)),
            ("whsec_Y29uc3RydWN0ZWQtYmFzZS1rZXktMDAwMQ==", Some(FindingLevel::Failed)),
            ("constructed-base-key-0002", None),
        ] {
            let keys = [("KOOHOOK_BASE_KEY", text), ("KOOHOOK_SEAL_KEY", other)];
            assert_eq!(judged(&keys), level, "{other}");
        }
    }

    #[test]
    fn only_the_access_keys_of_both_interfaces_may_be_equal() {
        let key = "constructed-base-key-0001";
        for (one, other, level) in [
            ("KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY", FindingLevel::Ok),
            ("KOOHOOK_BASE_KEY_PREVIOUS", "KOOHOOK_KIT_KEY", FindingLevel::Ok),
            ("KOOHOOK_BASE_KEY", "KOOHOOK_BASE_KEY_PREVIOUS", FindingLevel::Failed),
            ("KOOHOOK_BASE_KEY", "KOOHOOK_RELAY_SECRET", FindingLevel::Failed),
            ("KOOHOOK_SEAL_KEY", "KOOHOOK_SEAL_KEY_PREVIOUS", FindingLevel::Failed),
            ("KOOHOOK_SEAL_KEY_PREVIOUS", "KOOHOOK_SEAL_KEY_PREVIOUS", FindingLevel::Failed),
        ] {
            assert_eq!(judged(&[(one, key), (other, key)]), Some(level), "{one} {other}");
        }
    }
}
