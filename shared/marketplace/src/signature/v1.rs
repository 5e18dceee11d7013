//! V1, base interfaces: `authToken` over the sorted, decoded query (guide 1.0, page "verifying a
//! request").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::{Contract, Form, Rejection, Verified, hmac_sha256};
use crate::json::{Json, Members};
use crate::key::{AccessKey, Keyring};
use crate::query::{self, Plus};
use crate::time::UnixMillis;

/// The `authToken` of a text of sorted `name=value` pairs: HMAC-SHA256 with the access key and
/// the time stamp, joined, as key. On the wire it stands in standard base64.
pub fn auth_token(access_key: &str, time_stamp: &str, joined: &str) -> [u8; 32] {
    let key = [access_key, time_stamp].concat();
    hmac_sha256(key.as_bytes(), &[joined.as_bytes()])
}

pub(super) fn verify(raw: &str, keys: &Keyring) -> Result<Verified, Rejection> {
    let spaced = Parameters::parse(raw, Plus::Space)?;
    let signature = spaced.token()?;
    let (parameters, form, key) = match spaced.signer(keys, &signature) {
        Some(key) => (spaced, Form::Received, key),
        // A `+` that nobody encoded is a space to a form and was a `+` to whoever signed it.
        None if raw.contains('+') => {
            let kept = Parameters::parse(raw, Plus::Kept)?;
            let key = kept
                .signer(keys, &signature)
                .ok_or(Rejection::SignatureWrong)?;
            (kept, Form::PlusKept, key)
        }
        None => return Err(Rejection::SignatureWrong),
    };
    if parameters.sorted.iter().any(|(_, value)| folds(value)) {
        return Err(Rejection::Folded);
    }
    Ok(Verified {
        contract: Contract::V1,
        signed_at: UnixMillis::from_utc_digits(&parameters.time_stamp),
        members: parameters.into_members(),
        form,
        signature,
        key: key.clone(),
    })
}

/// What the signature covers, sorted by name, and what it is made with.
struct Parameters {
    sorted: Vec<(String, String)>,
    time_stamp: String,
    auth_token: String,
}

impl Parameters {
    /// Shapes are all that is judged here (decision B1).
    fn parse(raw: &str, plus: Plus) -> Result<Self, Rejection> {
        let mut sorted = query::pieces(raw)
            .map(|(name, value)| Ok((parse_name(name)?, decode(value, plus)?)))
            .collect::<Result<Vec<_>, _>>()?;
        sorted.sort_unstable();
        if sorted
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        {
            return Err(Rejection::ParameterRepeated);
        }
        let auth_token = take(&mut sorted, "authToken").ok_or(Rejection::SignatureMissing)?;
        let time_stamp = sorted.iter().find(|(name, _)| name == "timeStamp");
        let time_stamp = time_stamp
            .map(|(_, value)| value.clone())
            .unwrap_or_default();
        parse_time_stamp(&time_stamp)?;
        Ok(Self {
            sorted,
            time_stamp,
            auth_token,
        })
    }

    /// A `+` that became a space on the way is read as the `+` it was: base64 has no spaces.
    fn token(&self) -> Result<[u8; 32], Rejection> {
        if self.auth_token.is_empty() {
            return Err(Rejection::SignatureMissing);
        }
        let bytes = STANDARD.decode(self.auth_token.replace(' ', "+"));
        let bytes = bytes.map_err(|_| Rejection::SignatureMalformed)?;
        bytes.try_into().map_err(|_| Rejection::SignatureMalformed)
    }

    fn signer<'a>(&self, keys: &'a Keyring, signature: &[u8; 32]) -> Option<&'a AccessKey> {
        let joined = self.join();
        keys.matching(|key| {
            auth_token(key.as_str(), &self.time_stamp, &joined)
                .ct_eq(signature)
                .into()
        })
    }

    fn join(&self) -> String {
        let pairs: Vec<_> = self
            .sorted
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }

    fn into_members(self) -> Members {
        self.sorted
            .into_iter()
            .map(|(name, value)| (name, Json::Text(value)))
            .collect()
    }
}

fn take(sorted: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let place = sorted.iter().position(|(standing, _)| standing == name)?;
    Some(sorted.remove(place).1)
}

fn decode(encoded: &str, plus: Plus) -> Result<String, Rejection> {
    query::decode(encoded, plus).ok_or(Rejection::ParameterMalformed)
}

fn parse_name(encoded: &str) -> Result<String, Rejection> {
    let name = decode(encoded, Plus::Space)?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(letter) {
        Ok(name)
    } else {
        Err(Rejection::ParameterMalformed)
    }
}

fn parse_time_stamp(text: &str) -> Result<(), Rejection> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && matches!(text.len(), 14 | 17) {
        Ok(())
    } else {
        Err(Rejection::TimeStampMalformed)
    }
}

/// Whether a value could be two parameters to whoever joins without escaping:
/// `orderId=A&productId=P` signs alike as one value and as two.
fn folds(value: &str) -> bool {
    value.split('&').skip(1).any(|rest| {
        rest.split_once('=')
            .is_some_and(|(name, _)| GUIDE_PARAMETERS.contains(&name))
    })
}

/// Every parameter name of the V1 guide's base interfaces. One that is missing here could be
/// folded into another's value.
const GUIDE_PARAMETERS: [&str; 30] = [
    "acceptanceTime",
    "activity",
    "amount",
    "authToken",
    "bandWidth",
    "businessId",
    "chargingMode",
    "customerId",
    "customerName",
    "diskSize",
    "email",
    "expireTime",
    "instanceId",
    "instanceStatus",
    "mobilePhone",
    "orderAmount",
    "orderId",
    "orderLineId",
    "periodNumber",
    "periodType",
    "productId",
    "provisionType",
    "saasExtendParams",
    "skuCode",
    "testFlag",
    "timeStamp",
    "trialFlag",
    "trialToFormal",
    "userId",
    "userName",
];

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "11111111-2222-3333-4444-555555555555";

    fn ring(key: &str) -> Keyring {
        Keyring {
            current: AccessKey::parse(key).unwrap(),
            previous: None,
        }
    }

    /// The guide's page "Java sample (whole)": its key is seven letters x.
    #[test]
    fn token_answers_the_guide() {
        let joined = "activity=newInstance&businessId=61e834ba-7b97-4418-b8f7-e5345137278c\
            &customerId=68cbc86abc2018ab880d92f36422fa0e&expireTime=20200727153156\
            &orderId=CS1906666666ABCDE&productId=00301-666666-0--0&testFlag=1\
            &timeStamp=20200727073711903";
        let token = auth_token("xxxxxxx", "20200727073711903", joined);
        assert_eq!(
            STANDARD.encode(token),
            "Gzbfjf9LHRBcI3bFVi++sLinCNOBF6qa7is1fvjEgYQ="
        );
    }

    fn signed(joined: &str, time_stamp: &str, raw: &str) -> Result<Verified, Rejection> {
        let token = STANDARD
            .encode(auth_token(KEY, time_stamp, joined))
            .replace('+', "%2B");
        verify(&format!("{raw}&authToken={token}"), &ring(KEY))
    }

    #[test]
    fn a_plus_that_nobody_encoded_verifies_as_itself() {
        let joined = "email=a+b&timeStamp=20200727073711903";
        let verified = signed(joined, "20200727073711903", joined).unwrap();
        assert_eq!(verified.form(), Form::PlusKept);
        assert_eq!(verified.members()[0].1, Json::Text("a+b".to_owned()));
        let joined = "email=a b&timeStamp=20200727073711903";
        let verified = signed(joined, "20200727073711903", &joined.replace(' ', "+")).unwrap();
        assert_eq!(verified.form(), Form::Received);
    }

    #[test]
    fn a_value_that_folds_is_refused_once_proven() {
        let folded = |value: &str| {
            let joined = format!("orderId={value}&timeStamp=20200727073711903");
            let raw = joined.replace(value, &value.replace('&', "%26").replace('=', "%3D"));
            signed(&joined, "20200727073711903", &raw).err()
        };
        assert_eq!(folded("A&productId=P1"), Some(Rejection::Folded));
        assert_eq!(folded("A&x=1&userId="), Some(Rejection::Folded));
        assert_eq!(folded("A&b=c"), None);
        assert_eq!(folded("A&productId"), None);
    }

    #[test]
    fn every_guide_parameter_has_its_place() {
        assert!(GUIDE_PARAMETERS.is_sorted());
    }
}
