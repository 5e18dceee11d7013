//! The kinds of keys, and the rules of each. The rules for the form of a key are those of a start.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::webhook::WebhookSecrets;
use functions::application_sync::secret::PrivateKeys;
use protocol::access_key::{AccessKey, KeyError};
use sha2::{Digest, Sha256};
use shell::seal::{SealKey, is_sealed_text};

use super::strength::{weakness_of_bytes, weakness_of_text};

/// What a setting contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyKind {
    /// A text that the rules of access keys judge.
    Access,
    /// The access key before the current one.
    AccessPrevious,
    /// One or more secrets of Standard Webhooks.
    Product,
    /// A seal key.
    Seal,
    /// The seal keys before the current one.
    SealPrevious,
    /// RSA private keys.
    Rsa,
    /// A key whose form another party decides.
    Foreign,
    /// An address with a token in it.
    Address,
}

impl KeyKind {
    /// The texts of the single keys in a setting.
    pub fn items(self, text: &str) -> Vec<String> {
        match self {
            Self::Product | Self::SealPrevious => {
                text.split_whitespace().map(str::to_owned).collect()
            }
            Self::Rsa | Self::Address => Vec::new(),
            Self::Access | Self::AccessPrevious | Self::Seal | Self::Foreign => {
                vec![text.to_owned()]
            }
        }
    }

    /// What may be said about the keys.
    ///
    /// # Errors
    /// Why koohook rejects the text.
    pub fn facts(self, text: &str) -> Result<String, String> {
        match self {
            Self::Access | Self::AccessPrevious => {
                let key = AccessKey::parse(text).map_err(|fault| fault.to_string())?;
                Ok(format!("{} characters", key.as_str().chars().count()))
            }
            Self::Product => {
                WebhookSecrets::parse(text).map_err(|fault| fault.to_string())?;
                Ok(self.fingerprints(text))
            }
            Self::Seal | Self::SealPrevious => {
                SealKey::parse_all(text).map_err(|fault| fault.to_string())?;
                Ok(self.fingerprints(text))
            }
            Self::Rsa => rsa_facts(text),
            Self::Foreign if AccessKey::parse(text) == Err(KeyError::Placeholder) => {
                Err("is a placeholder; copy the real key".to_owned())
            }
            Self::Foreign | Self::Address => Ok("set".to_owned()),
        }
    }

    /// The fingerprints of random bytes. A fingerprint of a weak key would help to guess it.
    fn fingerprints(self, text: &str) -> String {
        let keys = self.items(text);
        let marks = keys.iter().filter_map(|key| {
            let bytes = decoded(key)?;
            let mark = hex::encode(Sha256::digest(&bytes)).get(..8)?.to_owned();
            Some(format!("{} bytes, sha256 {mark}", bytes.len()))
        });
        marks.collect::<Vec<_>>().join("; ")
    }

    /// Why keys can be guessed.
    pub fn weaknesses(self, text: &str) -> Vec<String> {
        let weakness = |key: &String| match self {
            Self::Product | Self::Seal | Self::SealPrevious => weakness_of_bytes(&decoded(key)?),
            Self::Access | Self::AccessPrevious => weakness_of_text(key),
            Self::Rsa | Self::Foreign | Self::Address => None,
        };
        let found = self.items(text).iter().filter_map(weakness).collect::<Vec<_>>();
        found.into_iter().map(|fault| format!("is weak: {fault}; {}", self.replacement())).collect()
    }

    /// How to get a better key.
    const fn replacement(self) -> &'static str {
        match self {
            Self::Access | Self::AccessPrevious => {
                "change it as docs/keys.md says; koohook keys secret relay generates random characters"
            }
            Self::Product => "generate one with koohook keys secret product",
            Self::Seal | Self::SealPrevious => "generate one with koohook keys secret seal",
            Self::Rsa | Self::Foreign | Self::Address => "replace it",
        }
    }

    /// What is left to do after a change of keys.
    pub fn advice(self, text: &str) -> Option<&'static str> {
        match self {
            Self::AccessPrevious => Some(ACCESS_PREVIOUS),
            Self::SealPrevious => Some(SEAL_PREVIOUS),
            Self::Product if self.items(text).len() > 1 => Some(TWO_SECRETS),
            Self::Rsa if has_repeated_key(text) => Some("has the same key twice; remove one"),
            Self::Access
            | Self::Product
            | Self::Seal
            | Self::Rsa
            | Self::Foreign
            | Self::Address => None,
        }
    }
}

/// The bytes of a key in base64, with or without the prefix of a webhook's secret.
pub fn decoded(key: &str) -> Option<Vec<u8>> {
    STANDARD.decode(key.strip_prefix("whsec_").unwrap_or(key)).ok()
}

fn rsa_facts(text: &str) -> Result<String, String> {
    if is_sealed_text(text) {
        return Ok("sealed by koohook keys pack".to_owned());
    }
    let keys = PrivateKeys::parse(text).map_err(|fault| fault.to_string())?;
    let facts = keys.as_slice().iter().map(|key| {
        let public = key.public_text().ok().and_then(|public| STANDARD.decode(public).ok());
        let mark = public.map(|public| hex::encode(Sha256::digest(public)));
        let mark = mark.as_deref().and_then(|mark| mark.get(..8)).unwrap_or_default().to_owned();
        format!("{} bits, sha256 of the public key {mark}", key.bits())
    });
    Ok(facts.collect::<Vec<_>>().join("; "))
}

fn has_repeated_key(text: &str) -> bool {
    let Ok(keys) = PrivateKeys::parse(text) else { return false };
    let public = keys.as_slice().iter().filter_map(|key| key.public_text().ok());
    let mut public: Vec<_> = public.collect();
    let count = public.len();
    public.sort_unstable();
    public.dedup();
    public.len() < count
}

const ACCESS_PREVIOUS: &str = "is still set: the change of the key is not finished; if the log of the last two days has \
     no call with \"key\":\"previous\", unset it";
const SEAL_PREVIOUS: &str = "is set: the change of the key is not finished; if this is the new key, make it \
     KOOHOOK_SEAL_KEY next; if it is the old one, run koohook store reseal, and unset it when that command says so";
const TWO_SECRETS: &str = "has several secrets: the change is not finished; when the product has the first one, remove \
     the others";
