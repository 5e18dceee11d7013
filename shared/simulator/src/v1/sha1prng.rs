//! The key derivation of the guide's Java sample: a `SHA1PRNG` seeded with the access key.
//!
//! The sample calls `SecureRandom.getInstance("SHA1PRNG")` of Java's SUN provider, seeds it with
//! the access key and draws the AES key. The seed is set before the first draw, so the generator is
//! deterministic. Its output is part of the wire format.

use sha1::{Digest, Sha1};

/// Draws the first `N` bytes of the generator seeded with `seed`.
pub(super) fn draw<const N: usize>(seed: &[u8]) -> [u8; N] {
    let mut state: [u8; BLOCK] = Sha1::digest(seed).into();
    let mut drawn = [0; N];
    for part in drawn.chunks_mut(BLOCK) {
        let output: [u8; BLOCK] = Sha1::digest(state).into();
        part.iter_mut().zip(output).for_each(|(to, from)| *to = from);
        advance(&mut state, output);
    }
    drawn
}

/// Adds the output and one to the state, byte by byte as Java does.
///
/// Java's bytes are signed and the carry can be negative, so this is not an addition of large
/// numbers.
fn advance(state: &mut [u8; BLOCK], output: [u8; BLOCK]) {
    let before = *state;
    let mut carry = 1;
    for (byte, added) in state.iter_mut().zip(output) {
        let sum = i32::from(byte.cast_signed()) + i32::from(added.cast_signed()) + carry;
        [*byte, ..] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    if *state == before {
        let [first, ..] = state;
        *first = first.wrapping_add(1);
    }
}

const BLOCK: usize = 20;

#[cfg(test)]
mod tests {
    use super::{BLOCK, advance, draw};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// JDK 17 made the keys.
    #[test]
    fn the_keys_are_the_same_as_in_java() {
        let seed = b"11111111-2222-3333-4444-555555555555";
        assert_eq!(hex(&draw::<16>(seed)), "fa99dc2d055187d2bd1e0b33100448cc");
        assert_eq!(
            hex(&draw::<32>(seed)),
            "fa99dc2d055187d2bd1e0b33100448cca4a528b19c93588930b6b64e82d99935"
        );
        assert_eq!(hex(&draw::<16>(b"xxxxxxx")), "c962ef8500ad13239b5ec0eb6a5c570b");
        assert_eq!(
            hex(&draw::<32>(b"xxxxxxx")),
            "c962ef8500ad13239b5ec0eb6a5c570b3cae0fd0e5c28e793eb6aaa22d251123"
        );
    }

    /// Computed by hand: 0 - 1 + 1 = 0 leaves each byte and the carry unchanged.
    #[test]
    fn a_state_that_would_not_change_is_increased_by_one() {
        let mut state = [0; BLOCK];
        let mut output = [0; BLOCK];
        output[0] = 0xff;
        advance(&mut state, output);
        let mut expected = [0; BLOCK];
        expected[0] = 1;
        assert_eq!(state, expected);
    }
}
