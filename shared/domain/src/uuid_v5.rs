//! Version-5 UUIDs, which are made from names (RFC 9562, §5.5).

use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid};

/// The version-5 UUID of a name in a namespace.
pub fn of(namespace: [u8; 16], name: &[u8]) -> Uuid {
    let digest: [u8; 20] = Sha1::new().chain_update(namespace).chain_update(name).finalize().into();
    let first = digest.first_chunk::<16>().copied().unwrap_or_default();
    Builder::from_sha1_bytes(first).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9562, appendix A.4: `www.example.com` in the namespace of DNS names.
    #[test]
    fn the_uuid_of_the_rfc_is_reproduced() {
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8_u128.to_be_bytes();
        assert_eq!(of(dns, b"www.example.com").to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
