//! Encrypts every value before it is stored, and decrypts it after it is read (decision F5).
//!
//! A store outside this machine never contains unencrypted credentials or personal data of buyers.
//! A sealed value is bound to its key in the store: under another key it cannot be decrypted.

mod mark;
mod sealed_text;

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

pub use self::mark::SEAL_MARK_READ_EVERY;
use self::mark::SealMark;
pub use self::sealed_text::is_sealed_text;

/// Seals and decrypts stored values.
pub struct Seal {
    current: Option<Aes256Gcm>,
    previous: Vec<Aes256Gcm>,
    clear: Clear,
    /// The state of the store's seal mark, as this process last read it.
    pub(crate) mark: SealMark,
}

/// What sealed a stored value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SealedBy {
    /// The current key.
    Current,
    /// A previous key, by its place in the setting: 0 is the first.
    Previous(usize),
    /// No key: the value is unencrypted.
    Nothing,
}

impl SealedBy {
    /// Whether the key is the current one; `None` if the value is unencrypted.
    pub const fn is_current(self) -> Option<bool> {
        match self {
            Self::Nothing => None,
            Self::Current => Some(true),
            Self::Previous(_) => Some(false),
        }
    }
}

/// Whether a stored value may be unencrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clear {
    /// Allowed: the store is on this machine, and the file's permissions protect it.
    Allowed,
    /// Not allowed: an attacker with write access to the store could put an unencrypted value
    /// there.
    Refused,
}

/// A value cannot be decrypted (another key sealed it, or it was moved or altered), or a value
/// cannot be sealed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("value cannot be decrypted")]
pub struct SealError;

/// A text is not a seal key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("is not a seal key; set it to 32 bytes in base64, as koohook keys secret seal prints them")]
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

    /// Reads several keys, separated by blanks or line ends.
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
    /// Makes the seal of one store. It seals with the current key, if there is one. It decrypts
    /// with the current key and the previous keys.
    pub fn new<'k>(
        current: Option<&SealKey>,
        previous: impl IntoIterator<Item = &'k SealKey>,
        clear: Clear,
    ) -> Self {
        let cipher = |key: &SealKey| Aes256Gcm::new(&key.0.into());
        let previous = previous.into_iter().map(cipher).collect();
        Self { current: current.map(cipher), previous, clear, mark: SealMark::default() }
    }

    /// Whether this seal encrypts the values that are written.
    pub const fn seals(&self) -> bool {
        self.current.is_some()
    }

    /// Seals bytes for a place (a key) in the store. Never use a nonce twice.
    ///
    /// # Errors
    /// If the cipher cannot seal this many bytes, or if there is no key and unencrypted values are
    /// not allowed.
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

    /// Whether stored bytes are sealed, with any key. Unencrypted bytes do not show whether a key
    /// is right.
    pub fn is_sealed(stored: &[u8]) -> bool {
        stored.first() == Some(&SEALED)
    }

    /// Decrypts the bytes that are stored at a place.
    ///
    /// # Errors
    /// If none of the keys sealed the bytes for this place, or if they are unencrypted and that is
    /// not allowed.
    pub fn open(&self, place: &str, stored: &[u8]) -> Result<Vec<u8>, SealError> {
        self.open_with_key(place, stored).map(|(_, bytes)| bytes)
    }

    /// Decrypts a value of a backup. It may be unencrypted: the operator vouches for the file.
    ///
    /// # Errors
    /// If none of the keys sealed the bytes for this place.
    #[cfg(feature = "scan")]
    pub fn open_copied(&self, place: &str, stored: &[u8]) -> Result<Vec<u8>, SealError> {
        self.open_if(place, stored, Clear::Allowed).map(|(_, bytes)| bytes)
    }

    /// Decrypts the bytes that are stored at a place, and finds out what sealed them.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn open_with_key(
        &self,
        place: &str,
        stored: &[u8],
    ) -> Result<(SealedBy, Vec<u8>), SealError> {
        self.open_if(place, stored, self.clear)
    }

    fn open_if(
        &self,
        place: &str,
        stored: &[u8],
        clear: Clear,
    ) -> Result<(SealedBy, Vec<u8>), SealError> {
        match (stored.split_first(), clear) {
            (Some((&CLEAR, bytes)), Clear::Allowed) => Ok((SealedBy::Nothing, bytes.to_vec())),
            (Some((&SEALED, rest)), _) => {
                let (nonce, msg) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
                let nonce: Nonce<Aes256Gcm> = (*nonce).into();
                let payload = || Payload { msg, aad: place.as_bytes() };
                let open = |(key, cipher): (SealedBy, &Aes256Gcm)| {
                    cipher.decrypt(&nonce, payload()).ok().map(|bytes| (key, bytes))
                };
                self.keys().filter_map(open).next().ok_or(SealError)
            }
            (Some(_) | None, _) => Err(SealError),
        }
    }

    /// The keys, the current one first.
    fn keys(&self) -> impl Iterator<Item = (SealedBy, &Aes256Gcm)> {
        let current = self.current.iter().map(|cipher| (SealedBy::Current, cipher));
        let previous = self.previous.iter().enumerate();
        current.chain(previous.map(|(place, cipher)| (SealedBy::Previous(place), cipher)))
    }

    /// How many previous keys there are.
    pub const fn previous_keys(&self) -> usize {
        self.previous.len()
    }
}

/// The place for which the kit's private keys are sealed.
pub const RSA_KEY_PLACE: &str = "rsa-private-key";
/// The first byte of a stored value.
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
    fn a_value_is_decrypted_with_either_key_and_only_at_its_place() {
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
    fn every_previous_key_decrypts() {
        let text = [1, 2, 3].map(|letter| STANDARD.encode([letter; 32])).join(" \r\n\t");
        let previous = SealKey::parse_all(&format!("\n{text}\n")).unwrap();
        assert_eq!(previous, [key(1), key(2), key(3)]);
        let seal = Seal::new(Some(&key(4)), &previous, Clear::Refused);
        for letter in 1..=4 {
            let one = Seal::new(Some(&key(letter)), None, Clear::Refused);
            let sealed = one.seal("a", b"text", [7; 12]).unwrap();
            assert_eq!(seal.open("a", &sealed).as_deref(), Ok(b"text".as_slice()), "{letter}");
        }
        for (letter, key) in
            [(1, SealedBy::Previous(0)), (3, SealedBy::Previous(2)), (4, SealedBy::Current)]
        {
            let one = Seal::new(Some(&self::key(letter)), None, Clear::Refused);
            let sealed = one.seal("a", b"text", [7; 12]).unwrap();
            assert_eq!(seal.open_with_key("a", &sealed).unwrap().0, key);
        }
        let other = Seal::new(Some(&key(5)), None, Clear::Refused);
        assert_eq!(seal.open("a", &other.seal("a", b"text", [7; 12]).unwrap()), Err(SealError));
        for text in ["", " ", "\n", &text.replace(' ', ","), &format!("{text} canary")] {
            assert_eq!(SealKey::parse_all(text), Err(SealKeyError), "{text:?}");
        }
    }

    #[test]
    fn altered_bytes_are_rejected() {
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
    fn unencrypted_values_are_allowed_only_on_this_machine() {
        let local = Seal::new(None, None, Clear::Allowed);
        let clear = local.seal("a", b"text", [0; 12]).unwrap();
        let sealing = Seal::new(Some(&key(1)), None, Clear::Allowed);
        assert_eq!(sealing.open_with_key("a", &clear), Ok((SealedBy::Nothing, b"text".to_vec())));
        let beyond = Seal::new(Some(&key(1)), None, Clear::Refused);
        assert_eq!(beyond.open("a", &clear), Err(SealError));
        assert_eq!(Seal::new(None, None, Clear::Refused).seal("a", b"", [0; 12]), Err(SealError));
    }

    #[test]
    fn a_seal_key_has_32_bytes() {
        assert!(SealKey::parse(&STANDARD.encode([9; 32])).is_ok());
        for text in ["", "short", &STANDARD.encode([9; 31]), &STANDARD.encode([9; 33])] {
            assert_eq!(SealKey::parse(text), Err(SealKeyError));
        }
    }
}
