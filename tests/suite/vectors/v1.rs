//! Contract V1: tokens, requests, answers and ciphertexts.

use std::collections::BTreeSet;

use protocol::access_key::AccessKey;
use protocol::cipher::{Cipher, Strength};
use protocol::signature::{
    Contract, Headers, Interface, Rejection, SignedForm, TimestampUnit, Unverified, auth_token,
    body_sign,
};
use protocol::time::UnixMillis;
use serde::Deserialize;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::run;

use super::{REFUSED, V1_KEY, base64_of, endpoint, get, ring};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V1 {
    requests: Vec<V1Request>,
    answers: Vec<V1Answer>,
    ciphertexts: Vec<Ciphertext>,
    printed: Vec<String>,
    printed_ciphertexts: Vec<String>,
}

#[derive(Deserialize)]
struct V1Request {
    what: String,
    key: String,
    query: String,
    joined: String,
    token: String,
    time: String,
    /// The answer's result code, if an endpoint accepts the key.
    code: Option<String>,
}

#[derive(Deserialize)]
struct V1Answer {
    key: String,
    body: String,
    header: String,
}

#[derive(Deserialize)]
struct Ciphertext {
    bits: u16,
    plain: String,
    wire: String,
}

fn v1() -> V1 {
    serde_json::from_str(include_str!("../../vectors/v1.json")).unwrap()
}

/// Encodes the only characters of base64 that a query cannot contain: `+`, `/` and `=`.
fn escaped(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

#[test]
fn v1_tokens_match_the_guide() {
    for vector in v1().requests {
        let token = auth_token(&vector.key, &vector.time, &vector.joined);
        assert_eq!(base64_of(&token), vector.token, "{}", vector.what);
    }
}

#[test]
fn v1_requests_are_verified_with_the_parameters_that_were_signed() {
    for vector in v1().requests.iter().filter(|vector| vector.code.is_some()) {
        let query = format!("{}&authToken={}", vector.query, escaped(&vector.token));
        let verify = |query: &str| {
            let call = Unverified {
                interface: Interface::Base,
                contract: Contract::V1,
                query,
                headers: Headers::default(),
                body: b"",
            };
            let now = UnixMillis::new(0);
            call.verify(&ring(&vector.key), TimestampUnit::Milliseconds, now)
        };
        let verified = verify(&query).unwrap();
        assert_eq!(verified.form(), SignedForm::Received);
        let members = verified.members().iter();
        let joined: Vec<String> =
            members.map(|(name, value)| format!("{name}={}", value.as_text().unwrap())).collect();
        assert_eq!(joined.join("&"), vector.joined);
        assert_eq!(verified.signed_at(), UnixMillis::from_utc_digits(&vector.time));
        let altered = query.replace("testFlag=1", "testFlag=0");
        assert_eq!(verify(&altered).err(), Some(Rejection::SignatureWrong));
    }
}

#[test]
fn the_endpoint_answers_v1_requests_with_the_expected_code() {
    for vector in v1().requests {
        let Some(code) = vector.code else { continue };
        let koohook = endpoint(&vector.key);
        let query = format!("{}&authToken={}", vector.query, escaped(&vector.token));
        let response = run(koohook.answer(get(&query)));
        verify_body_sign(&response, &vector.key).unwrap();
        let answer = Answer::read(&response).unwrap();
        assert_eq!(answer.code, code, "{}", vector.what);
        assert_eq!(koohook.store().take_counts(), (0, 0));
        if vector.query.contains("queryInstance") {
            let ids: Vec<_> = answer.info.iter().map(|info| &info.instance_id).collect();
            assert_eq!(ids.len(), 2, "each id is echoed");
        }
    }
}

#[test]
fn v1_answers_have_the_signatures_of_the_guide() {
    for vector in v1().answers {
        let mut response = http::Response::new(vector.body.clone().into_bytes());
        let header = vector.header.parse().unwrap();
        response.headers_mut().insert("body-sign", header);
        assert_eq!(verify_body_sign(&response, &vector.key), Ok(()));
        // One of these keys is too short for an endpoint.
        if let Ok(key) = AccessKey::parse(&vector.key) {
            assert_eq!(body_sign(&key, vector.body.as_bytes()), vector.header);
        }
    }
}

#[test]
fn v1_ciphertexts_are_decrypted() {
    let key = AccessKey::parse(V1_KEY).unwrap();
    for vector in v1().ciphertexts {
        let (strength, other) = match vector.bits {
            128 => (Strength::Aes128, Strength::Aes256),
            _ => (Strength::Aes256, Strength::Aes128),
        };
        let open = |strength| Cipher::new(&key, strength).open(&vector.wire);
        assert_eq!(open(strength).as_deref(), Some(vector.plain.as_str()));
        assert_eq!(open(other), None);
    }
}

/// The guide does not print their keys. So tests can only check that they are rejected, and how.
#[test]
fn the_v1_examples_of_the_guide_are_rejected_without_store_access() {
    let V1 { printed, printed_ciphertexts, .. } = v1();
    let bodies: BTreeSet<Vec<u8>> = printed
        .iter()
        .map(|query| {
            let koohook = endpoint(V1_KEY);
            let response = run(koohook.answer(get(query)));
            assert_eq!(koohook.store().take_counts(), (0, 0));
            verify_body_sign(&response, V1_KEY).unwrap();
            response.into_body()
        })
        .collect();
    assert_eq!(bodies, BTreeSet::from([REFUSED.to_vec()]));
    let key = AccessKey::parse(V1_KEY).unwrap();
    for wire in printed_ciphertexts {
        for strength in [Strength::Aes128, Strength::Aes256] {
            assert_eq!(Cipher::new(&key, strength).open(&wire), None, "{wire}");
        }
    }
}
