//! Digests over several texts. Two different lists of texts never have the same encoding.

use sha2::{Digest, Sha256};

/// Concatenates the parts. The length of each part in bytes precedes it (8 bytes, big-endian).
pub fn length_prefixed(parts: &[&str]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        let len = u64::try_from(part.len()).unwrap_or(u64::MAX);
        encoded.extend_from_slice(&len.to_be_bytes());
        encoded.extend_from_slice(part.as_bytes());
    }
    encoded
}

/// The first `N` of the 32 bytes of SHA-256 over the length-prefixed parts.
pub fn of<const N: usize>(parts: &[&str]) -> [u8; N] {
    let full: [u8; 32] = Sha256::digest(length_prefixed(parts)).into();
    let mut first = [0; N];
    first.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_parts_have_different_encodings() {
        assert_ne!(length_prefixed(&["ab", "c"]), length_prefixed(&["a", "bc"]));
        assert_ne!(length_prefixed(&["a", ""]), length_prefixed(&["", "a"]));
    }
}
