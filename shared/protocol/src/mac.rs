//! HMAC-SHA256, and the comparison of secrets in constant time.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// HMAC-SHA256 of a text that arrives in pieces.
// HMAC accepts a key of any length, so this is never `None`.
pub(crate) struct Mac(Option<Hmac<Sha256>>);

impl Mac {
    /// Starts an HMAC with a key.
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).ok())
    }

    /// Adds all parts in order.
    pub fn with(mut self, parts: &[&[u8]]) -> Self {
        parts.iter().for_each(|part| self.update(part));
        self
    }

    /// Adds one piece of the text.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.iter_mut().for_each(|mac| mac.update(piece));
    }

    /// Returns the HMAC of all added pieces.
    pub fn finish(self) -> [u8; 32] {
        self.0.map_or([0; 32], |mac| mac.finalize().into_bytes().into())
    }
}

/// HMAC-SHA256 over the parts, without separators.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    Mac::new(key).with(parts).finish()
}

/// Compares two HMACs in constant time: the duration does not depend on where they differ.
pub(crate) fn same_mac(given: &[u8; 32], known: &[u8; 32]) -> bool {
    given.as_slice().ct_eq(known.as_slice()).into()
}

/// Compares two texts in constant time: the duration depends only on their lengths.
pub fn same_text(given: &str, known: &str) -> bool {
    given.as_bytes().ct_eq(known.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, cases 1, 2, 3, 4, 6 and 7. Case 5 is left out: its HMAC is truncated.
    #[test]
    fn hmacs_equal_the_hmacs_of_rfc_4231() {
        let long_key = vec![0xaa; 131];
        let cases: [(&[u8], &[u8], &str); 6] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                &hex::decode("0102030405060708090a0b0c0d0e0f10111213141516171819").unwrap(),
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &long_key,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &long_key,
                b"This is a test using a larger than block-size key and a larger than \
              block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, text, digest) in cases {
            assert_eq!(hex::encode(hmac_sha256(key, &[text])), digest);
        }
    }
}
