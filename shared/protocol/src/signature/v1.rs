//! Base calls under V1: `authToken` signs the sorted and decoded query (V1 guide, page "verifying a
//! request").

use std::borrow::Cow;

use super::contract::Interface;
use super::joined::{Joined, parse_token};
use super::rejection::Rejection;
use super::verified::{SignedForm, Verified};
use crate::access_key::Keyring;
use crate::query_string::{self, Plus};

pub(super) fn verify(raw: &str, keys: &Keyring) -> Result<Verified, Rejection> {
    let (spaced, signature) = parse(raw)?;
    let (joined, form, key) = match spaced.signer(keys, &signature)? {
        Some(key) => (spaced, SignedForm::Received, key),
        // A sender may sign a `+` and not encode it. Form decoding has made it a space.
        None if raw.contains('+') => {
            let (kept, _) = parameters(raw, Plus::Kept)?;
            let key = kept.signer(keys, &signature)?.ok_or(Rejection::SignatureWrong)?;
            (kept, SignedForm::PlusKept, key)
        }
        None => return Err(Rejection::SignatureWrong),
    };
    joined.verified(Interface::Base, &GUIDE_PARAMETERS, form, signature, key)
}

/// Reads the signed parameters and the signature. This needs no key.
pub(super) fn parse(raw: &str) -> Result<(Joined, [u8; 32]), Rejection> {
    let (joined, token) = parameters(raw, Plus::Space)?;
    Ok((joined, parse_token(&token)?))
}

/// Returns every parameter except the token, and the token.
fn parameters(raw: &str, plus: Plus) -> Result<(Joined, String), Rejection> {
    let decode = |encoded, plus| {
        let decoded = query_string::decode(encoded, plus).ok_or(Rejection::ParameterMalformed);
        decoded.map(Cow::into_owned)
    };
    let named = query_string::pieces(raw)
        .map(|(name, value)| Ok((decode(name, Plus::Space)?, decode(value, plus)?)))
        .collect::<Result<Vec<_>, Rejection>>()?;
    let is_token = |(name, _): &(String, String)| name == "authToken";
    let (mut tokens, named): (Vec<_>, Vec<_>) = named.into_iter().partition(is_token);
    match (tokens.pop(), tokens.is_empty()) {
        (Some((_, token)), true) => Ok((Joined::new(named)?, token)),
        (Some(_), false) => Err(Rejection::ParameterRepeated),
        (None, _) => Err(Rejection::SignatureMissing),
    }
}

/// Every parameter name of the V1 guide's base interfaces. If a name were missing here, a value
/// could contain that parameter without being rejected.
#[rustfmt::skip]
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
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::access_key::AccessKey;
    use crate::json::Json;
    use crate::signature::auth_token;

    const KEY: &str = "11111111-2222-3333-4444-555555555555";

    fn ring(key: &str) -> Keyring {
        Keyring { current: AccessKey::parse(key).unwrap(), previous: None }
    }

    /// The example is from the guide's page "Java sample (whole)". Its key is `xxxxxxx`.
    #[test]
    fn a_token_equals_the_token_of_the_guide() {
        let joined = "activity=newInstance&businessId=61e834ba-7b97-4418-b8f7-e5345137278c\
            &customerId=68cbc86abc2018ab880d92f36422fa0e&expireTime=20200727153156\
            &orderId=CS1906666666ABCDE&productId=00301-666666-0--0&testFlag=1\
            &timeStamp=20200727073711903";
        let token = auth_token("xxxxxxx", "20200727073711903", joined);
        assert_eq!(STANDARD.encode(token), "Gzbfjf9LHRBcI3bFVi++sLinCNOBF6qa7is1fvjEgYQ=");
    }

    fn signed(joined: &str, time_stamp: &str, raw: &str) -> Result<Verified, Rejection> {
        let token = STANDARD.encode(auth_token(KEY, time_stamp, joined)).replace('+', "%2B");
        verify(&format!("{raw}&authToken={token}"), &ring(KEY))
    }

    #[test]
    fn a_plus_without_encoding_is_verified_as_a_plus() {
        let joined = "email=a+b&timeStamp=20200727073711903";
        let verified = signed(joined, "20200727073711903", joined).unwrap();
        assert_eq!(verified.form(), SignedForm::PlusKept);
        assert_eq!(verified.members()[0].1, Json::Text("a+b".to_owned()));
        let joined = "email=a b&timeStamp=20200727073711903";
        let verified = signed(joined, "20200727073711903", &joined.replace(' ', "+")).unwrap();
        assert_eq!(verified.form(), SignedForm::Received);
    }

    /// Base64 contains no `%`. So koohook detects and removes a second encoding, but only of the
    /// token.
    #[test]
    fn a_token_may_be_encoded_twice() {
        let joined = "orderId=100%2541&timeStamp=20200727073711903";
        let token = auth_token(KEY, "20200727073711903", &joined.replace("%25", "%"));
        let once = query_string::encode(&STANDARD.encode(token)).to_string();
        assert!(once.contains('%'));
        let twice = query_string::encode(&once).to_string();
        let thrice = query_string::encode(&twice).to_string();
        let verified = |token: &str| verify(&format!("{joined}&authToken={token}"), &ring(KEY));
        for token in [&once, &twice] {
            let verified = verified(token).unwrap();
            assert_eq!(verified.members()[0].1, Json::Text("100%41".to_owned()));
        }
        assert_eq!(verified(&thrice).err(), Some(Rejection::SignatureMalformed));
    }

    #[test]
    fn a_signed_value_with_a_second_parameter_is_rejected() {
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
    fn the_guide_parameters_are_sorted() {
        assert!(GUIDE_PARAMETERS.is_sorted());
    }
}
