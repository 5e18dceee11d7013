//! Opens `clientSecret` (V1 and V2 guides, "application information synchronisation").
//!
//! The marketplace seals it with the public key of the seller's application credential. Its guides
//! say RSA of 3072 bits or more with OAEP padding, and neither which hashes nor which text form; so
//! each that a Java sender may reasonably use is tried (decision B10).
//!
//! Who sends ciphertexts of their own making must learn nothing from a failure. There is one error
//! for everything, every key is tried with every padding whatever succeeds, and a ciphertext that
//! fits no key costs what any other costs. `OpenSSL` blinds the exponent's work and undoes OAEP in
//! constant time. What remains visible is public or in the answer anyway: the length and form of
//! the text, a number not below the modulus (refused early), and whether something opened at all.

mod private_key;
mod public_key;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use thiserror::Error;

pub use private_key::{EncryptError, KeyGenerationError, Oaep, PrivateKey, Size};
pub use public_key::PublicKey;

/// The private keys whose public halves the marketplace has: one per application credential.
#[derive(Clone)]
pub struct PrivateKeys(Vec<PrivateKey>);

/// Why a setting holds no usable private keys. Blocks count from 1; the text is never said.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PrivateKeyError {
    /// Nothing between PEM's lines.
    #[error("text has no PEM block; it wants the file's content from -----BEGIN on")]
    Absent,
    /// Something outside PEM's lines: half a key, or a public key with the private one.
    #[error("text has something outside its PEM blocks; remove it")]
    Outside,
    /// A beginning without its end.
    #[error("PEM block {0} has no end; copy all of it")]
    Endless(usize),
    /// The half that the marketplace has.
    #[error("PEM block {0} is a public key; it wants the private one")]
    PublicKey(usize),
    /// A public key that somebody signed.
    #[error("PEM block {0} is a certificate; it wants the private key")]
    Certificate(usize),
    /// A private key of another kind: of an elliptic curve, say.
    #[error("PEM block {0} is not an RSA key; koohook keys new makes one")]
    NotRsa(usize),
    /// Parameters, a request, a key in OpenSSH's form.
    #[error("PEM block {0} is neither a PRIVATE KEY nor an RSA PRIVATE KEY")]
    Foreign(usize),
    /// Nobody is there to type it.
    #[error("PEM block {0} is under a passphrase; decrypt it, as openssl pkey does")]
    Passphrase(usize),
    /// Damaged, or a key whose halves do not fit.
    #[error("PEM block {0} is not an RSA key that works; copy it anew")]
    Unusable(usize),
    /// The marketplace asks for at least 3072 bits; more than 8192 only cost time.
    #[error(
        "PEM block {0} is a key of fewer than 3072 or more than 8192 bits; koohook keys new makes one"
    )]
    Size(usize),
    /// Every one of them costs every call its time: for 3072 bits twelve milliseconds of a core.
    #[error("text has more than 8 PEM blocks; remove the keys that are not used any more")]
    Many,
}

/// A secret does not open. There is one reason for everything.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("secret does not open")]
pub struct DecryptError;

/// In bits. The lower end is the guide's.
const KEY_SIZE: std::ops::RangeInclusive<usize> = 3072..=8192;
const MAX_KEYS: usize = 8;
/// Of a secret, sealed or opened (decision G1). Sealed for 8192 bits it is 2,048 hex digits.
const MAX_CHARS: usize = 8192;

impl PrivateKeys {
    /// Reads PEM blocks of PKCS#8 or PKCS#1. Line breaks may be lost or written as `\n`, as the
    /// consoles of function platforms leave them.
    ///
    /// # Errors
    /// As [`PrivateKeyError`] says: whoever starts with a key that cannot serve would notice at the first
    /// buyer.
    pub fn parse(pem: &str) -> Result<Self, PrivateKeyError> {
        let text = pem.replace("\\r", "\r").replace("\\n", "\n");
        let mut rest = text.as_str();
        let mut keys = Vec::new();
        while let Some((before, block)) = rest.split_once("-----BEGIN ") {
            let number = keys.len() + 1;
            outside(before)?;
            if number > MAX_KEYS {
                return Err(PrivateKeyError::Many);
            }
            let (key, after) = read_block(block, number)?;
            keys.push(key);
            rest = after;
        }
        outside(rest)?;
        if keys.is_empty() { Err(PrivateKeyError::Absent) } else { Ok(Self(keys)) }
    }

    /// Opens a secret: base64 (standard or URL-safe, padded or not) or hex, line breaks anywhere.
    ///
    /// # Errors
    /// [`DecryptError`] where no key opens it, or what was sealed is empty, no UTF-8, or has control
    /// characters.
    pub fn open(&self, text: &str) -> Result<String, DecryptError> {
        let ciphertext = decode(text).unwrap_or_default();
        let opened = self.attempts(&ciphertext).into_iter().flatten();
        opened.filter_map(secret).next().ok_or(DecryptError)
    }

    /// The keys, in the order of their blocks.
    pub fn as_slice(&self) -> &[PrivateKey] {
        &self.0
    }

    /// Every key with every padding, in this order, all of them before the first is looked at.
    fn attempts(&self, ciphertext: &[u8]) -> Vec<Option<Vec<u8>>> {
        let by = |key: &PrivateKey| Oaep::ALL.map(|oaep| key.decrypt(oaep, ciphertext));
        self.0.iter().flat_map(by).collect()
    }
}

impl fmt::Debug for PrivateKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKeys([redacted])")
    }
}

/// What stands outside the blocks must be nothing; nothing at all is not yet a fault.
fn outside(text: &str) -> Result<(), PrivateKeyError> {
    if text.trim().is_empty() { Ok(()) } else { Err(PrivateKeyError::Outside) }
}

/// The key in the block that begins here, and what follows the block.
///
/// Read by ourselves: given a key under a passphrase, `OpenSSL`'s own reader asks the terminal.
fn read_block(block: &str, number: usize) -> Result<(PrivateKey, &str), PrivateKeyError> {
    let endless = PrivateKeyError::Endless(number);
    let (label, rest) = block.split_once("-----").ok_or(endless)?;
    let end = format!("-----END {label}-----");
    let (body, after) = rest.split_once(&end).ok_or(endless)?;
    let read = reader(label, body, number)?;
    let unusable = PrivateKeyError::Unusable(number);
    let letters: String = body.split_whitespace().collect();
    let der = STANDARD_PAD_INDIFFERENT.decode(letters).map_err(|_| unusable)?;
    let key = read(&der).ok_or_else(|| {
        if PrivateKey::is_of_another_kind(&der) {
            PrivateKeyError::NotRsa(number)
        } else {
            unusable
        }
    })?;
    if !KEY_SIZE.contains(&key.bits()) {
        Err(PrivateKeyError::Size(number))
    } else if key.is_whole() {
        Ok((key, after))
    } else {
        Err(unusable)
    }
}

/// Reads a key from DER, if it is one.
type Reader = fn(&[u8]) -> Option<PrivateKey>;

/// What reads a block of this label.
fn reader(label: &str, body: &str, number: usize) -> Result<Reader, PrivateKeyError> {
    match label {
        "PRIVATE KEY" => Ok(PrivateKey::from_pkcs8),
        "RSA PRIVATE KEY" if body.contains("Proc-Type:") => {
            Err(PrivateKeyError::Passphrase(number))
        }
        "RSA PRIVATE KEY" => Ok(PrivateKey::from_pkcs1),
        "ENCRYPTED PRIVATE KEY" => Err(PrivateKeyError::Passphrase(number)),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(PrivateKeyError::PublicKey(number)),
        "CERTIFICATE" => Err(PrivateKeyError::Certificate(number)),
        "EC PRIVATE KEY" | "DSA PRIVATE KEY" => Err(PrivateKeyError::NotRsa(number)),
        _ => Err(PrivateKeyError::Foreign(number)),
    }
}

/// The bytes of a text in any form that is served. Hex is asked first: as base64 it would read too.
fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_CHARS {
        return None;
    }
    let letters = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    let standard = |byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let letters: Vec<u8> = letters.map(standard).collect();
    let from_hex = hex::decode(&letters).ok();
    from_hex.or_else(|| STANDARD_PAD_INDIFFERENT.decode(&letters).ok())
}

/// A plaintext, where it can be a secret.
fn secret(plaintext: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(plaintext).ok()?;
    let fits = (1..=MAX_CHARS).contains(&text.chars().count());
    (fits && !text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use openssl::error::ErrorStack;

    use super::*;

    /// Twice the same key: making one takes its time.
    fn keys() -> PrivateKeys {
        static KEY: LazyLock<PrivateKey> =
            LazyLock::new(|| PrivateKey::generate(Size::Bits3072).unwrap());
        PrivateKeys(vec![KEY.clone(), KEY.clone()])
    }

    #[test]
    fn every_key_tries_every_padding_whatever_comes() {
        let keys = keys();
        for length in [0, 1, 383, 384, 385, 512] {
            assert_eq!(keys.attempts(&vec![1; length]).len(), 6, "{length} bytes");
        }
    }

    #[test]
    fn failures_leave_nothing_behind() {
        let keys = keys();
        for text in ["", "!", "00", &"00".repeat(384), &"ff".repeat(384)] {
            assert_eq!(keys.open(text), Err(DecryptError), "{text}");
            assert!(ErrorStack::get().errors().is_empty(), "{text}");
        }
        let pem = "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----";
        assert_eq!(PrivateKeys::parse(pem).unwrap_err(), PrivateKeyError::Unusable(1));
        assert!(ErrorStack::get().errors().is_empty());
    }

    #[test]
    fn secrets_are_text() {
        let text = |length| "密".repeat(length).into_bytes();
        assert!(secret(text(8192)).is_some());
        for plaintext in [text(8193), vec![], b"\xff".to_vec(), b"a\0".to_vec(), b"\x7f".to_vec()] {
            assert_eq!(secret(plaintext), None);
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = keys();
        assert_eq!(format!("{keys:?}"), "PrivateKeys([redacted])");
        let key = keys.as_slice();
        assert_eq!(format!("{key:?}"), "[PrivateKey([redacted]), PrivateKey([redacted])]");
    }
}
