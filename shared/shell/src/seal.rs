//! Encrypts and decrypts every stored value, in one place, at the store's edge (decision F5).
//!
//! Buyers' credentials and personal data never lie in clear in a store beyond this machine. A
//! sealed value is bound to its key in the store: moved under another key it does not open.

mod mark;

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use self::mark::SealMark;

/// What seals and opens.
pub struct Seal {
    current: Option<Aes256Gcm>,
    previous: Vec<Aes256Gcm>,
    clear: Clear,
    /// What is known of the mark of the one store that this seal is for.
    pub(crate) mark: SealMark,
}

/// Whether a stored value may be in clear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clear {
    /// On this machine: the file's own permissions guard it.
    Allowed,
    /// Beyond it: an attacker who can write to the store could put a value there.
    Refused,
}

/// A stored value does not open: of another key, moved, or altered.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("value does not open")]
pub struct SealError;

/// A text is not a seal key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("is not a seal key; write 32 bytes in base64, as koohook keys secret seal prints them")]
pub struct SealKeyError;

/// 32 bytes that seal values.
#[derive(Clone, Eq, PartialEq)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// Reads a key: 32 bytes, base64.
    ///
    /// # Errors
    /// If the text is not a key.
    pub fn parse(text: &str) -> Result<Self, SealKeyError> {
        let bytes = STANDARD.decode(text).map_err(|_| SealKeyError)?;
        bytes.try_into().map(Self).map_err(|_| SealKeyError)
    }

    /// Reads several keys, which blanks or line ends separate.
    ///
    /// # Errors
    /// If one of them is not a key, or there is none.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, SealKeyError> {
        let keys: Vec<_> = text.split_whitespace().map(Self::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SealKeyError) } else { Ok(keys) }
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealKey([redacted])")
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seal([redacted])")
    }
}

impl Seal {
    /// A seal for one store. It seals with the current key, if there is one, and opens with that
    /// and with the previous ones.
    pub fn new<'k>(
        current: Option<&SealKey>,
        previous: impl IntoIterator<Item = &'k SealKey>,
        clear: Clear,
    ) -> Self {
        let cipher = |key: &SealKey| Aes256Gcm::new(&key.0.into());
        let previous = previous.into_iter().map(cipher).collect();
        Self { current: current.map(cipher), previous, clear, mark: SealMark::default() }
    }

    /// Whether what is written is sealed.
    pub const fn seals(&self) -> bool {
        self.current.is_some()
    }

    /// Seals bytes for a place in the store. The nonce must never be used twice.
    ///
    /// # Errors
    /// If the bytes are more than the cipher can seal, or must not be in clear.
    pub fn seal(
        &self,
        place: &str,
        bytes: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        match (&self.current, self.clear) {
            (None, Clear::Refused) => Err(SealError),
            (None, Clear::Allowed) => Ok([&[CLEAR], bytes].concat()),
            (Some(cipher), _) => {
                let payload = Payload { msg: bytes, aad: place.as_bytes() };
                let nonce: Nonce<Aes256Gcm> = nonce.into();
                let sealed = cipher.encrypt(&nonce, payload).map_err(|_| SealError)?;
                Ok([&[SEALED], nonce.as_slice(), &sealed].concat())
            }
        }
    }

    /// Whether stored bytes are sealed, by whatever key: bytes in clear open for everyone.
    pub fn is_sealed(stored: &[u8]) -> bool {
        stored.first() == Some(&SEALED)
    }

    /// Opens what is stored at a place.
    ///
    /// # Errors
    /// If no key of ours sealed it for this place, or it is in clear and must not be.
    pub fn open(&self, place: &str, stored: &[u8]) -> Result<Vec<u8>, SealError> {
        match (stored.split_first(), self.clear) {
            (Some((&CLEAR, bytes)), Clear::Allowed) => Ok(bytes.to_vec()),
            (Some((&SEALED, rest)), _) => {
                let (nonce, msg) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
                let nonce: Nonce<Aes256Gcm> = (*nonce).into();
                let payload = || Payload { msg, aad: place.as_bytes() };
                let open = |cipher: &Aes256Gcm| cipher.decrypt(&nonce, payload()).ok();
                let ciphers = self.current.iter().chain(&self.previous);
                ciphers.filter_map(open).next().ok_or(SealError)
            }
            (Some(_) | None, _) => Err(SealError),
        }
    }
}

/// How a stored value begins.
const CLEAR: u8 = 0;
pub(crate) const SEALED: u8 = 1;
const NONCE_LEN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: u8) -> SealKey {
        SealKey([letter; 32])
    }

    #[test]
    fn opens_with_either_key_and_at_its_place_alone() {
        let old = Seal::new(Some(&key(1)), None, Clear::Refused);
        let new = Seal::new(Some(&key(2)), Some(&key(1)), Clear::Refused);
        let sealed = old.seal("a", b"text", [7; 12]).unwrap();
        assert_eq!(new.open("a", &sealed).as_deref(), Ok(b"text".as_slice()));
        assert_eq!(new.open("b", &sealed), Err(SealError));
        let sealed = new.seal("a", b"text", [8; 12]).unwrap();
        assert_eq!(old.open("a", &sealed), Err(SealError));
        assert!(!sealed.windows(4).any(|bytes| bytes == b"text"));
    }

    #[test]
    fn several_previous_keys_open() {
        let text = [1, 2, 3].map(|letter| STANDARD.encode([letter; 32])).join(" \r\n\t");
        let previous = SealKey::parse_all(&format!("\n{text}\n")).unwrap();
        assert_eq!(previous, [key(1), key(2), key(3)]);
        let seal = Seal::new(Some(&key(4)), &previous, Clear::Refused);
        for letter in 1..=4 {
            let one = Seal::new(Some(&key(letter)), None, Clear::Refused);
            let sealed = one.seal("a", b"text", [7; 12]).unwrap();
            assert_eq!(seal.open("a", &sealed).as_deref(), Ok(b"text".as_slice()), "{letter}");
        }
        let other = Seal::new(Some(&key(5)), None, Clear::Refused);
        assert_eq!(seal.open("a", &other.seal("a", b"text", [7; 12]).unwrap()), Err(SealError));
        for text in ["", " ", "\n", &text.replace(' ', ","), &format!("{text} canary")] {
            assert_eq!(SealKey::parse_all(text), Err(SealKeyError), "{text:?}");
        }
    }

    #[test]
    fn altered_bytes_do_not_open() {
        let seal = Seal::new(Some(&key(1)), None, Clear::Refused);
        let sealed = seal.seal("a", b"text", [7; 12]).unwrap();
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert_eq!(seal.open("a", &altered), Err(SealError), "byte {place}");
        }
        assert_eq!(seal.open("a", b""), Err(SealError));
    }

    #[test]
    fn clear_values_stay_on_this_machine() {
        let local = Seal::new(None, None, Clear::Allowed);
        let clear = local.seal("a", b"text", [0; 12]).unwrap();
        let sealing = Seal::new(Some(&key(1)), None, Clear::Allowed);
        assert_eq!(sealing.open("a", &clear).as_deref(), Ok(b"text".as_slice()));
        let beyond = Seal::new(Some(&key(1)), None, Clear::Refused);
        assert_eq!(beyond.open("a", &clear), Err(SealError));
        assert_eq!(Seal::new(None, None, Clear::Refused).seal("a", b"", [0; 12]), Err(SealError));
    }

    #[test]
    fn keys_are_32_bytes() {
        assert!(SealKey::parse(&STANDARD.encode([9; 32])).is_ok());
        for text in ["", "short", &STANDARD.encode([9; 31]), &STANDARD.encode([9; 33])] {
            assert_eq!(SealKey::parse(text), Err(SealKeyError));
        }
    }
}
