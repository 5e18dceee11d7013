//! Digests that name things. Two different lists of parts never have the same encoding.

use sha2::{Digest, Sha256};

/// The parts in a row, each after its length in bytes (8 bytes, big-endian).
pub fn length_prefixed(parts: &[&str]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        let len = u64::try_from(part.len()).unwrap_or(u64::MAX);
        encoded.extend_from_slice(&len.to_be_bytes());
        encoded.extend_from_slice(part.as_bytes());
    }
    encoded
}

/// SHA-256 over the parts, length-prefixed; the first `N` of its 32 bytes.
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
    fn parts_never_run_into_each_other() {
        assert_ne!(length_prefixed(&["ab", "c"]), length_prefixed(&["a", "bc"]));
        assert_ne!(length_prefixed(&["a", ""]), length_prefixed(&["", "a"]));
    }
}
