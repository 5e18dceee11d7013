//! The public key of a key pair. The seller gives it to the marketplace.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::pkey::{PKey, Public};

use super::private_key::{EncryptError, Oaep, seal};

/// An RSA public key. Only tools that simulate the marketplace need it.
#[derive(Clone)]
pub struct PublicKey(PKey<Public>);

impl PublicKey {
    /// Reads a public key: PEM, or the one line of base64 that the seller's console expects. `None`
    /// if it is not an RSA key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bare = |line: &&str| !line.starts_with("-----");
        let text: String = text.lines().map(str::trim).filter(bare).collect();
        let der = STANDARD.decode(text).ok()?;
        let key = PKey::public_key_from_der(&der).ok()?;
        key.rsa().and_then(PKey::from_rsa).map(Self).ok()
    }

    /// Encrypts a text as the marketplace does. Returns base64.
    ///
    /// # Errors
    /// If the text is too long, or encryption fails.
    pub fn seal(&self, oaep: Oaep, text: &str) -> Result<String, EncryptError> {
        seal(&self.0, oaep, text)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PublicKey")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::PublicKey;
    use crate::application_sync::secret::{Oaep, PrivateKey, PrivateKeys, Size};

    #[test]
    fn the_private_key_decrypts_texts_of_the_public_key() {
        let private = PrivateKey::generate(Size::Bits3072).unwrap();
        let line = private.public_text().unwrap();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{line}\r\n-----END PUBLIC KEY-----\n");
        let keys = PrivateKeys::parse(&private.to_pem().unwrap()).unwrap();
        for text in [line.as_str(), &format!(" {line}\n"), &pem] {
            let sealed = PublicKey::parse(text).unwrap().seal(Oaep::Sha256Mgf1Sha1, "made-up");
            assert_eq!(keys.open(&sealed.unwrap()).unwrap(), "made-up");
        }
        let private = private.to_pem().unwrap();
        for text in ["", "made-up", "bWFkZS11cA==", private.as_str()] {
            assert!(PublicKey::parse(text).is_none(), "{text}");
        }
    }
}
