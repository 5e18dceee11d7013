//! What both V1 schemes share: named texts, sorted by name, joined as `name=value` with `&`, and
//! an HMAC whose key ends in the call's own time stamp.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::{Contract, Form, Interface, Rejection, Verified, hmac_sha256};
use crate::json::Json;
use crate::key::{AccessKey, Keyring};
use crate::time::{UnixMillis, is_time_stamp};

/// The `authToken` of a text of sorted `name=value` pairs: HMAC-SHA256 with the access key and
/// the time stamp, joined, as key. On the wire it stands in standard base64.
pub fn auth_token(access_key: &str, time_stamp: &str, joined: &str) -> [u8; 32] {
    let key = [access_key, time_stamp].concat();
    hmac_sha256(key.as_bytes(), &[joined.as_bytes()])
}

/// What a V1 signature covers. Shapes are all that was judged (decisions B1, B3).
pub(super) struct Joined {
    sorted: Vec<(String, String)>,
    time_stamp: String,
}

impl Joined {
    /// Sorts named texts; each name is one, each stands there once, and one is the time stamp.
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
    pub fn signer<'a>(&self, keys: &'a Keyring, signature: &[u8; 32]) -> Option<&'a AccessKey> {
        let joined = self.join();
        keys.matching(|key| {
            auth_token(key.as_str(), &self.time_stamp, &joined).ct_eq(signature).into()
        })
    }

    /// Takes the texts as a believed call, unless one of them could be two: `orderId=A&productId=P`
    /// signs alike as one value and as two parameters. `names` are the guide's.
    pub fn verified(
        self,
        interface: Interface,
        names: &[&str],
        form: Form,
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

    fn join(&self) -> String {
        let pairs: Vec<_> =
            self.sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }
}

/// Reads an `authToken`: strict base64 of 32 bytes. A `+` that became a space on the way is read
/// as the `+` it was, since base64 has no spaces.
pub(super) fn parse_token(text: &str) -> Result<[u8; 32], Rejection> {
    if text.is_empty() {
        return Err(Rejection::SignatureMissing);
    }
    let bytes = STANDARD.decode(text.replace(' ', "+"));
    let bytes = bytes.map_err(|_| Rejection::SignatureMalformed)?;
    bytes.try_into().map_err(|_| Rejection::SignatureMalformed)
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(letter)
}

fn folds(value: &str, names: &[&str]) -> bool {
    let mut rests = value.split('&').skip(1);
    rests.any(|rest| rest.split_once('=').is_some_and(|(name, _)| names.contains(&name)))
}
