//! The access key that the seller and the marketplace share.

use std::fmt;

use thiserror::Error;

use crate::text::{is_quoted, unseen};

/// The shared secret of one interface type. It is the HMAC key. Under V2 it is also a part of the
/// signed text.
#[derive(Clone, Eq, PartialEq)]
pub struct AccessKey(String);

/// Why a text is not an access key. The error never contains the text. It follows the name of a
/// setting.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KeyError {
    /// The text is empty.
    #[error("is empty; copy the key from the seller's console")]
    Empty,
    /// White space at the beginning or the end, as copying often leaves it.
    #[error("begins or ends with white space; remove it")]
    Padded,
    /// An invisible character at any place.
    #[error("has the invisible character U+{:04X}; copy the key again", u32::from(*.0))]
    Unseen(char),
    /// Quotes around the key, as in a settings file.
    #[error("is in quotes; remove them")]
    Quoted,
    /// Fewer than 16 characters.
    #[error("is shorter than 16 characters; copy the whole key from the seller's console")]
    Short,
    /// A word from an example.
    #[error("is a placeholder; copy the real key from the seller's console")]
    Placeholder,
}

impl AccessKey {
    /// Reads a key as the seller's console shows it.
    ///
    /// # Errors
    /// If the key is weak or badly copied. koohook must not start with such a key (decision B6).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.trim().is_empty() {
            Err(KeyError::Empty)
        } else if text.trim() != text {
            Err(KeyError::Padded)
        } else if let Some(letter) = unseen(text) {
            Err(KeyError::Unseen(letter))
        } else if is_quoted(text) {
            Err(KeyError::Quoted)
        } else if text.chars().count() < 16 {
            Err(KeyError::Short)
        } else if is_placeholder(text) {
            Err(KeyError::Placeholder)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The key's text. Its UTF-8 bytes are the HMAC key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessKey([redacted])")
    }
}

/// The keys of one interface type: the current key and, while the seller changes keys, the previous
/// key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keyring {
    /// The key that also signs the answer if no key verified the call.
    pub current: AccessKey,
    /// A key that koohook accepts until the seller removes the setting.
    pub previous: Option<AccessKey>,
}

fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 8] = [
        "accesskey",
        "changeme",
        "example",
        "password",
        "placeholder",
        "replace",
        "secretkey",
        "yourkey",
    ];
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    let one_letter = text.chars().all(|letter| text.starts_with(letter));
    let counted = !letters.is_empty()
        && ("0123456789012345678901234567890123456789".starts_with(&letters)
            || "1234567890123456789012345678901234567890".starts_with(&letters)
            || "0123456789abcdef0123456789abcdef".starts_with(&letters));
    one_letter || counted || WORDS.iter().any(|word| letters.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_badly_copied_keys_are_rejected() {
        let cases = [
            ("", KeyError::Empty),
            ("                ", KeyError::Empty),
            ("11111111-2222-3333-4444-555555555555\n", KeyError::Padded),
            ("11111111-2222-3333-4444-\u{200b}555555555555", KeyError::Unseen('\u{200b}')),
            ("\u{feff}11111111-2222-3333-4444-555555555555", KeyError::Unseen('\u{feff}')),
            ("11111111-2222\t3333-4444-555555555555", KeyError::Unseen('\t')),
            ("\"11111111-2222-3333-4444-555555555555\"", KeyError::Quoted),
            ("“11111111-2222-3333-4444-555555555555”", KeyError::Quoted),
            ("changeme", KeyError::Short),
            ("fifteen-letters", KeyError::Short),
            ("change-me-change-me", KeyError::Placeholder),
            ("xxxxxxxxxxxxxxxx", KeyError::Placeholder),
            ("your-access-key-here", KeyError::Placeholder),
            ("0123456789abcdef", KeyError::Placeholder),
        ];
        for (text, fault) in cases {
            assert_eq!(AccessKey::parse(text), Err(fault), "{text:?}");
        }
        assert!(AccessKey::parse("11111111-2222-3333-4444-555555555555").is_ok());
    }

    #[test]
    fn debug_output_contains_no_key() {
        let key = AccessKey::parse("constructed-base-key-0001").unwrap();
        assert_eq!(format!("{key:?}"), "AccessKey([redacted])");
    }
}
