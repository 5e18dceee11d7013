//! Decrypts `clientSecret` (V1 and V2 guides, "application information synchronisation").
//!
//! The marketplace encrypts it with the public key of the seller's application credential. Its
//! guides require RSA of at least 3072 bits with OAEP padding. They do not define the hashes or the
//! text form. So koohook tries all that a Java sender probably uses (decision B10).
//!
//! A caller that sends its own ciphertexts must get no information from a failure:
//!
//! - There is only one error.
//! - Every key is tried with every padding, even after one of them succeeded.
//! - A ciphertext of a wrong length costs the same time as any other.
//! - `OpenSSL` uses blinding for the RSA operation and removes the OAEP padding in constant time.
//!
//! The caller can still observe three facts, which are public or in the answer: the form of the
//! text, the success, and a number that is too large. `OpenSSL` rejects a number that is not below
//! the modulus early.

mod private_key;
mod public_key;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use thiserror::Error;

pub use private_key::{EncryptError, KeyGenerationError, Oaep, PrivateKey, Size};
pub use public_key::PublicKey;

/// The seller's private keys, one for each application credential. The marketplace has the public
/// keys.
#[derive(Clone)]
pub struct PrivateKeys(Vec<PrivateKey>);

/// A decrypted secret.
#[derive(Clone, Default)]
pub struct OpenedSecret {
    /// The secret.
    pub text: String,
    /// The place of the key that decrypted it, counted from 0.
    pub key: usize,
}

/// Why a setting or a file contains no usable private keys. The error follows the name of the
/// setting or file. Blocks are counted from 1. The error never contains the text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PrivateKeyError {
    /// The text has no PEM block.
    #[error("has no PEM block; copy the whole key file, from -----BEGIN")]
    Absent,
    /// There is text outside the PEM blocks, for example a part of a key.
    #[error("has text outside its PEM blocks; remove that text")]
    Outside,
    /// A block has no `-----END` line.
    #[error("has no -----END line in PEM block {0}; copy the whole block")]
    Endless(usize),
    /// A block contains a public key.
    #[error("has a public key in PEM block {0}; put the private key there")]
    PublicKey(usize),
    /// A block contains a certificate.
    #[error("has a certificate in PEM block {0}; put the private key there")]
    Certificate(usize),
    /// A block contains a private key of another kind, for example of an elliptic curve.
    #[error("has a key in PEM block {0} that is not an RSA key; run koohook keys new")]
    NotRsa(usize),
    /// A block has another label: parameters, a certificate request, or a key in OpenSSH's format.
    #[error("has a PEM block {0} that is not a private key; put the private key there")]
    Foreign(usize),
    /// A block has a passphrase, and no person can type it when a server starts.
    #[error("has a passphrase on PEM block {0}; remove it with openssl pkey")]
    Passphrase(usize),
    /// A block is damaged, or its private and public parts do not match.
    #[error("has a damaged RSA key in PEM block {0}; copy the key again")]
    Unusable(usize),
    /// The marketplace requires at least 3072 bits. A key of more than 8192 bits only costs time.
    #[error("has a key in PEM block {0} that is not 3072 to 8192 bits long; run koohook keys new")]
    Size(usize),
    /// There are too many keys. Each call tries every key. A key of 3072 bits costs 12 ms of CPU
    /// time.
    #[error("has more than 8 PEM blocks; remove the keys that are no longer used")]
    Many,
}

/// A secret cannot be decrypted. The error is the same for every reason.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("secret cannot be decrypted")]
pub struct DecryptError;

/// The allowed key sizes in bits. The minimum is the guide's.
const KEY_SIZE: std::ops::RangeInclusive<usize> = 3072..=8192;
const MAX_KEYS: usize = 8;
/// The longest secret in characters, encrypted or decrypted (decision G1). With a key of 8192 bits,
/// the ciphertext has 2,048 hex digits.
const MAX_CHARS: usize = 8192;

impl PrivateKeys {
    /// Reads PEM blocks of PKCS#8 or PKCS#1. Line breaks may be missing or written as `\n`:
    /// consoles of function platforms change them in this way.
    ///
    /// # Errors
    /// If the text contains no usable keys. Otherwise the first buyer would find the mistake.
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

    /// Decrypts a secret. The text is base64 (standard or URL-safe, with or without padding) or
    /// hex. It may contain line breaks.
    ///
    /// # Errors
    /// If no key decrypts it, or the plaintext is empty, is not UTF-8, or contains control
    /// characters.
    pub fn open(&self, text: &str) -> Result<String, DecryptError> {
        self.open_by(text).map(|opened| opened.text)
    }

    /// Decrypts as [`Self::open`] does, and returns also which key decrypted the secret.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_by(&self, text: &str) -> Result<OpenedSecret, DecryptError> {
        let ciphertext = decode(text).unwrap_or_default();
        let attempts = self.attempts(&ciphertext).into_iter().enumerate();
        let mut opened = attempts.filter_map(|(place, plaintext)| {
            let (text, key) = (secret(plaintext?)?, place / Oaep::ALL.len());
            Some(OpenedSecret { text, key })
        });
        opened.next().ok_or(DecryptError)
    }

    /// The keys, in the order of their blocks.
    pub fn as_slice(&self) -> &[PrivateKey] {
        &self.0
    }

    /// Tries every key with every padding, in this order. All attempts end before a result is read.
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

/// Checks that only white space is outside the blocks.
fn outside(text: &str) -> Result<(), PrivateKeyError> {
    if text.trim().is_empty() { Ok(()) } else { Err(PrivateKeyError::Outside) }
}

/// Reads the key of the block that begins here. Returns the key and the text after the block.
///
/// `OpenSSL`'s reader is not used, because it would ask the terminal for a passphrase.
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

/// Reads a key from DER. `None` if the DER is not such a key.
type Reader = fn(&[u8]) -> Option<PrivateKey>;

/// The function that reads a block with this label.
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

/// Decodes a text in any accepted form. Hex is tried first, because hex digits are also valid
/// base64.
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

/// Converts a plaintext to a secret. `None` if it cannot be a secret.
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

    /// The same key twice, because generating a key is slow.
    fn keys() -> PrivateKeys {
        static KEY: LazyLock<PrivateKey> =
            LazyLock::new(|| PrivateKey::generate(Size::Bits3072).unwrap());
        PrivateKeys(vec![KEY.clone(), KEY.clone()])
    }

    #[test]
    fn every_key_is_tried_with_every_padding() {
        let keys = keys();
        for length in [0, 1, 383, 384, 385, 512] {
            assert_eq!(keys.attempts(&vec![1; length]).len(), 6, "{length} bytes");
        }
    }

    #[test]
    fn a_failure_leaves_no_openssl_error_in_the_queue() {
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
    fn a_secret_is_text_of_limited_length() {
        let text = |length| "密".repeat(length).into_bytes();
        assert!(secret(text(8192)).is_some());
        for plaintext in [text(8193), vec![], b"\xff".to_vec(), b"a\0".to_vec(), b"\x7f".to_vec()] {
            assert_eq!(secret(plaintext), None);
        }
    }

    #[test]
    fn debug_output_contains_no_key() {
        let keys = keys();
        assert_eq!(format!("{keys:?}"), "PrivateKeys([redacted])");
        let key = keys.as_slice();
        assert_eq!(format!("{key:?}"), "[PrivateKey([redacted]), PrivateKey([redacted])]");
    }
}
