//! The golden vectors, computed or printed by others: through the real door, and alone.
//!
//! None was made by our own signer or by the marketplace's side of these tests.

use std::collections::BTreeSet;

use http::{Request, Uri};
use marketplace::cipher::{Cipher, Strength};
use marketplace::key::{AccessKey, Keyring};
use marketplace::signature::sdk::{Credentials, Outgoing};
use marketplace::signature::{
    Contract, Form, Headers, Interface, Rejection, TimestampUnit, Unverified, auth_token,
    body_sign, sign,
};
use marketplace::time::UnixMillis;
use sender::answer::{Answer, verify_body_sign};
use serde::Deserialize;
use tests::call::{APP_INFO, Bundled, koohook, run};
use tests::log::Log;

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
    /// The answer's code, where the key is one that a door takes.
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

#[derive(Deserialize)]
struct V2 {
    key: String,
    timestamp: String,
    nonce: String,
    calls: Vec<V2Call>,
    printed: Vec<Printed>,
}

#[derive(Deserialize)]
struct V2Call {
    id: String,
    what: String,
    body: String,
    inner: String,
    signature: String,
    form: String,
}

#[derive(Deserialize)]
struct Printed {
    timestamp: String,
    nonce: String,
    signature: String,
    body: String,
}

#[derive(Deserialize)]
struct Sdk {
    requests: Vec<SdkRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SdkRequest {
    what: String,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    date: String,
    body: String,
    ak: String,
    /// Absent where it could be taken for a real one.
    sk: Option<String>,
    signed_headers: String,
    canonical_digest: Option<String>,
    signature: Option<String>,
}

const V1_KEY: &str = "11111111-2222-3333-4444-555555555555";
const REFUSED: &[u8] = br#"{"resultCode":"000001","resultMsg":"authentication failed."}"#;

fn v1() -> V1 {
    serde_json::from_str(include_str!("vectors/v1.json")).unwrap()
}

fn v2() -> V2 {
    serde_json::from_str(include_str!("vectors/v2.json")).unwrap()
}

fn sdk() -> Sdk {
    serde_json::from_str(include_str!("vectors/sdk.json")).unwrap()
}

fn door(key: &str) -> Bundled {
    koohook(&[
        ("KOOHOOK_BASE_KEY", key),
        ("KOOHOOK_APP_INFO", APP_INFO),
        ("KOOHOOK_STORE", "memory:"),
    ])
}

fn ring(key: &str) -> Keyring {
    Keyring { current: AccessKey::parse(key).unwrap(), previous: None }
}

/// `+`, `/` and `=` are all that base64 has to encode.
fn escaped(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

#[test]
fn v1_tokens_are_those_of_the_guide() {
    for vector in v1().requests {
        let token = auth_token(&vector.key, &vector.time, &vector.joined);
        assert_eq!(base64_of(&token), vector.token, "{}", vector.what);
    }
}

#[test]
fn v1_requests_verify_and_read_as_what_was_signed() {
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
        assert_eq!(verified.form(), Form::Received);
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
fn v1_requests_go_through_the_door() {
    for vector in v1().requests {
        let Some(code) = vector.code else { continue };
        let koohook = door(&vector.key);
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
fn v1_answers_are_signed_as_the_guide_says() {
    for vector in v1().answers {
        let mut response = http::Response::new(vector.body.clone().into_bytes());
        let header = vector.header.parse().unwrap();
        response.headers_mut().insert("body-sign", header);
        assert_eq!(verify_body_sign(&response, &vector.key), Ok(()));
        // A door takes no key as short as one of these.
        if let Ok(key) = AccessKey::parse(&vector.key) {
            assert_eq!(body_sign(&key, vector.body.as_bytes()), vector.header);
        }
    }
}

#[test]
fn v1_ciphertexts_open() {
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

/// Their keys are printed nowhere: all that can be known is that they are refused, and how.
#[test]
fn v1_examples_of_the_pages_are_refused_and_no_more() {
    let V1 { printed, printed_ciphertexts, .. } = v1();
    let bodies: BTreeSet<Vec<u8>> = printed
        .iter()
        .map(|query| {
            let koohook = door(V1_KEY);
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

#[test]
fn v2_signatures_are_those_of_other_programs() {
    let V2 { key, timestamp, nonce, calls, .. } = v2();
    for call in calls.iter().filter(|call| call.form == "received") {
        let signature = sign(&key, &nonce, &timestamp, call.body.as_bytes());
        assert_eq!(hex_of(&signature), call.signature, "{}", call.id);
        // The outer text, from the inner digest as printed.
        let joined = [&key, &nonce, &timestamp, &call.inner].map(String::as_str).concat();
        let outer = body_sign(&AccessKey::parse(&key).unwrap(), joined.as_bytes());
        assert!(outer.contains(&base64_of(&signature)), "{}", call.id);
    }
}

#[test]
fn v2_calls_go_through_the_door() {
    let V2 { key, timestamp, nonce, calls, .. } = v2();
    for call in calls {
        let koohook = door(&key);
        koohook.world().set_now(timestamp.parse().unwrap());
        let log = Log::default();
        let guard = log.keep();
        let request = post(&call.signature, &timestamp, &nonce, &call.body);
        let response = run(koohook.answer(request));
        drop(guard);
        verify_body_sign(&response, &key).unwrap();
        let answer = Answer::read(&response).unwrap();
        assert_eq!(answer.code, "000000", "{} {}", call.id, call.what);
        assert_eq!(koohook.store().take_counts(), (0, 0));
        let lines = log.callbacks();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["form"], call.form.as_str(), "{}", call.id);
        assert_eq!(lines[0]["outcome"], "rehearsed");
    }
}

#[test]
fn v2_calls_are_believed_for_a_minute_and_as_they_are() {
    let V2 { key, timestamp, nonce, calls, .. } = v2();
    let signed: u64 = timestamp.parse().unwrap();
    for call in &calls {
        let answer = |now: u64, body: &str, signature: &str| {
            let koohook = door(&key);
            koohook.world().set_now(now);
            let request = post(signature, &timestamp, &nonce, body);
            Answer::read(&run(koohook.answer(request))).unwrap().code
        };
        assert_eq!(answer(signed + 60_000, &call.body, &call.signature), "000000");
        assert_eq!(answer(signed + 60_001, &call.body, &call.signature), "000002");
        assert_eq!(answer(signed - 60_001, &call.body, &call.signature), "000002");
        let real = call.body.replace("\"1\"", "\"0\"");
        assert_eq!(answer(signed, &real, &call.signature), "000001");
        let lower = call.signature.to_lowercase();
        assert_eq!(answer(signed, &call.body, &lower), "000000");
        let inner = call.inner.to_uppercase();
        assert_eq!(answer(signed, &call.body, &inner), "000001");
    }
}

#[test]
fn v2_examples_of_the_pages_are_refused_and_no_more() {
    let V2 { key, printed, .. } = v2();
    assert_eq!(printed.len(), 14);
    for Printed { timestamp, nonce, signature, body } in printed {
        let koohook = door(&key);
        koohook.world().set_now(timestamp.parse().unwrap());
        let response = run(koohook.answer(post(&signature, &timestamp, &nonce, &body)));
        assert_eq!(response.body(), REFUSED);
        assert_eq!(koohook.store().take_counts(), (0, 0));
    }
}

#[test]
fn our_requests_are_signed_as_other_programs_sign_them() {
    let requests = sdk().requests;
    assert_eq!(requests.len(), 8);
    for vector in requests {
        let [query, headers] = [&vector.query, &vector.headers].map(|pairs| borrowed(pairs));
        let outgoing = Outgoing {
            method: &vector.method,
            path: &vector.path,
            query: &query,
            headers: &headers,
            body: vector.body.as_bytes(),
        };
        let now = UnixMillis::from_utc_digits(&vector.date.replace(['T', 'Z'], "")).unwrap();
        if let Some(digest) = &vector.canonical_digest {
            assert_eq!(outgoing.canonical_digest(now), *digest, "{}", vector.what);
        }
        let Some((sk, signature)) = vector.sk.zip(vector.signature) else {
            assert!(vector.canonical_digest.is_some(), "{} holds nothing", vector.what);
            continue;
        };
        let signed = outgoing.sign(&Credentials::parse(&vector.ak, &sk).unwrap(), now);
        let SdkRequest { what, ak, date, signed_headers, .. } = vector;
        assert_eq!(signed.x_sdk_date, date, "{what}");
        let expected = format!(
            "SDK-HMAC-SHA256 Access={ak}, SignedHeaders={signed_headers}, Signature={signature}"
        );
        assert_eq!(signed.authorization, expected, "{what}");
    }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn get(query: &str) -> Request<Vec<u8>> {
    Request::get(format!("/saasproduce?{query}")).body(Vec::new()).unwrap()
}

/// As the pages show it, headers included.
fn post(signature: &str, timestamp: &str, nonce: &str, body: &str) -> Request<Vec<u8>> {
    let uri: Uri = format!(
        "https://www.isvwebsite.com/saasproduce\
         ?signature={signature}&timestamp={timestamp}&nonce={nonce}"
    )
    .parse()
    .unwrap();
    Request::post(uri)
        .header("accept", "application/json")
        .header("content-type", "application/json;charset=utf8")
        .body(body.as_bytes().to_vec())
        .unwrap()
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
