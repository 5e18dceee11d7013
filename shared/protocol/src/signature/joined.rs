//! What both V1 schemes share: named texts, sorted by name, joined as `name=value` with `&`, and
//! an HMAC whose key ends in the call's own time stamp.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::contract::{Contract, Interface};
use super::rejection::Rejection;
use super::signer::signer;
use super::verified::{SignedForm, Verified};
use crate::access_key::{AccessKey, Keyring};
use crate::json::Json;
use crate::mac::Mac;
use crate::query_string::{self, Plus};
use crate::time::{UnixMillis, is_time_stamp};

/// The `authToken` of a text of sorted `name=value` pairs: HMAC-SHA256 with the access key and
/// the time stamp, joined, as key. On the wire it is in standard base64.
pub fn auth_token(access_key: &str, time_stamp: &str, joined: &str) -> [u8; 32] {
    token_mac(access_key, time_stamp).with(&[joined.as_bytes()]).finish()
}

/// An `authToken` that has seen no text yet.
pub(super) fn token_mac(access_key: &str, time_stamp: &str) -> Mac {
    Mac::new([access_key, time_stamp].concat().as_bytes())
}

/// What a V1 signature covers. Shapes are all that was judged (decisions B1, B3).
pub(super) struct Joined {
    sorted: Vec<(String, String)>,
    time_stamp: String,
}

impl Joined {
    /// Sorts named texts. Each must be a valid name, no name may repeat, and one must be the time
    /// stamp.
    pub fn new(mut named: Vec<(String, String)>) -> Result<Self, Rejection> {
        named.sort_unstable();
        if !named.iter().all(|(name, _)| is_name(name)) {
            return Err(Rejection::ParameterMalformed);
        }
        if named.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
            return Err(Rejection::ParameterRepeated);
        }
        let time_stamp = named.iter().find(|(name, _)| name == "timeStamp");
        let time_stamp = time_stamp.map(|(_, value)| value.clone()).unwrap_or_default();
        if !is_time_stamp(&time_stamp) {
            return Err(Rejection::TimeStampMalformed);
        }
        Ok(Self { sorted: named, time_stamp })
    }

    /// The key that signed these texts.
    pub fn signer<'k>(
        &self,
        keys: &'k Keyring,
        signature: &[u8; 32],
    ) -> Result<Option<&'k AccessKey>, Rejection> {
        let begin = |key: &AccessKey| token_mac(key.as_str(), &self.time_stamp);
        let finish = |_: &AccessKey, mac: Mac| mac.finish();
        signer(keys, signature, begin, finish, |out| {
            let mut separator = "";
            for (name, value) in &self.sorted {
                for piece in [separator, name, "=", value] {
                    out(piece.as_bytes());
                }
                separator = "&";
            }
            Ok(())
        })
    }

    /// Takes the texts as a believed call, unless one of them could be two: `orderId=A&productId=P`
    /// signs alike as one value and as two parameters. `names` are the guide's.
    pub fn verified(
        self,
        interface: Interface,
        names: &[&str],
        form: SignedForm,
        signature: [u8; 32],
        key: &AccessKey,
    ) -> Result<Verified, Rejection> {
        if self.sorted.iter().any(|(_, value)| folds(value, names)) {
            return Err(Rejection::Folded);
        }
        let text = |(name, value)| (name, Json::Text(value));
        let signed_at = match interface {
            Interface::Base => UnixMillis::from_time_stamp(&self.time_stamp),
            // The kit's pages write China's time.
            Interface::Kit => UnixMillis::from_china_time_stamp(&self.time_stamp),
        };
        Ok(Verified {
            interface,
            contract: Contract::V1,
            signed_at,
            members: self.sorted.into_iter().map(text).collect(),
            form,
            signature,
            key: key.clone(),
        })
    }
}

/// Reads an `authToken`: strict base64 of 32 bytes. Base64 has neither `%` nor spaces: a token with
/// `%` was encoded once more than it was decoded, and a space was a `+` before its journey.
pub(super) fn parse_token(text: &str) -> Result<[u8; 32], Rejection> {
    if text.is_empty() {
        return Err(Rejection::SignatureMissing);
    }
    let decoded = query_string::decode(text, Plus::Kept).ok_or(Rejection::SignatureMalformed)?;
    let bytes = STANDARD.decode(decoded.replace(' ', "+"));
    let bytes = bytes.map_err(|_| Rejection::SignatureMalformed)?;
    bytes.try_into().map_err(|_| Rejection::SignatureMalformed)
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(is_name_letter)
}

/// Whether a parameter's name may hold a letter.
pub(super) fn is_name_letter(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || b"_.-".contains(&letter)
}

fn folds(value: &str, names: &[&str]) -> bool {
    let mut rests = value.split('&').skip(1);
    rests.any(|rest| rest.split_once('=').is_some_and(|(name, _)| names.contains(&name)))
}
