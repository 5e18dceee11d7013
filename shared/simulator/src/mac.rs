//! The keyed digest of every signature in both guides.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

#[expect(clippy::expect_used, reason = "HMAC is defined for a key of any length (RFC 2104)")]
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
