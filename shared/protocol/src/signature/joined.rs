//! The common part of both V1 schemes. The parameters are sorted by name and joined as `name=value`
//! with `&`. The HMAC's key is the access key followed by the call's time stamp.

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

/// The `authToken` of a text of sorted `name=value` pairs: an HMAC-SHA256. Its key is the access
/// key followed by the time stamp. On the wire it is standard base64 (V1 guide, page "verifying a
/// request").
pub fn auth_token(access_key: &str, time_stamp: &str, joined: &str) -> [u8; 32] {
    token_mac(access_key, time_stamp).with(&[joined.as_bytes()]).finish()
}

/// Starts the HMAC of an `authToken`.
pub(super) fn token_mac(access_key: &str, time_stamp: &str) -> Mac {
    Mac::new([access_key, time_stamp].concat().as_bytes())
}

/// The parameters that a V1 signature covers. Before the signature is verified, only their shapes
/// are checked (decisions B1, B3).
pub(super) struct Joined {
    sorted: Vec<(String, String)>,
    time_stamp: String,
}

impl Joined {
    /// Sorts the parameters. Each must have a valid name, no name may be repeated, and one must be
    /// the time stamp.
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

    /// Returns the key that signed these parameters.
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

    /// Creates the verified call. It rejects a value that contains a second parameter: as one value
    /// and as two parameters, `orderId=A&productId=P` has the same signature. `names` are the
    /// guide's parameter names.
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
            // The kit's pages use UTC+8.
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

/// Reads an `authToken`: strict base64 of 32 bytes. Base64 contains no `%` and no space. A token
/// with `%` is URL-decoded once more. A space was a `+` that a form decoder changed.
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

/// Whether a parameter's name may contain this character.
pub(super) fn is_name_letter(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || b"_.-".contains(&letter)
}

/// Whether a value contains `&`, a name of the guide, and `=`.
fn folds(value: &str, names: &[&str]) -> bool {
    let mut rests = value.split('&').skip(1);
    rests.any(|rest| rest.split_once('=').is_some_and(|(name, _)| names.contains(&name)))
}
