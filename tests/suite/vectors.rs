//! The golden vectors, computed or printed by others: through the real endpoint, and alone.
//!
//! None was made by our own signer or by the marketplace's side of these tests.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::webhook::{WebhookError, WebhookHeaders, WebhookSecretError, WebhookSecrets};
use http::{Request, Uri};
use protocol::cipher::{Cipher, Strength};
use protocol::key::{AccessKey, Keyring};
use protocol::signature::sdk::{OpenApiCredentials, UnsignedRequest};
use protocol::signature::{
    Contract, Headers, Interface, Rejection, SignedForm, TimestampUnit, Unverified, auth_token,
    body_sign, sign,
};
use protocol::time::UnixMillis;
use serde::Deserialize;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{APP_INFO, Bundled, koohook, run};
use tests::log::Log;

mod sample;

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
    /// The answer's code, where the key is one that an endpoint accepts.
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
    serde_json::from_str(include_str!("../vectors/v1.json")).unwrap()
}

fn v2() -> V2 {
    serde_json::from_str(include_str!("../vectors/v2.json")).unwrap()
}

fn sdk() -> Sdk {
    serde_json::from_str(include_str!("../vectors/sdk.json")).unwrap()
}

fn endpoint(key: &str) -> Bundled {
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
fn v1_requests_go_through_the_door() {
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
fn v1_answers_are_signed_as_the_guide_says() {
    for vector in v1().answers {
        let mut response = http::Response::new(vector.body.clone().into_bytes());
        let header = vector.header.parse().unwrap();
        response.headers_mut().insert("body-sign", header);
        assert_eq!(verify_body_sign(&response, &vector.key), Ok(()));
        // An endpoint accepts no key as short as one of these.
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
        let koohook = endpoint(&key);
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
            let koohook = endpoint(&key);
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
        let koohook = endpoint(&key);
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
        let outgoing = UnsignedRequest {
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
        let signed = outgoing.sign(&OpenApiCredentials::parse(&vector.ak, &sk).unwrap(), now);
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

// Standard Webhooks: how notices are signed, and what the product tells us.

#[derive(Deserialize)]
struct Webhooks {
    signed: Vec<Webhook>,
}

#[derive(Deserialize)]
struct Webhook {
    what: String,
    secret: String,
    id: String,
    timestamp: u64,
    body: String,
    signature: String,
}

impl Webhook {
    fn secrets(&self) -> WebhookSecrets {
        WebhookSecrets::parse(&self.secret).unwrap()
    }

    /// What a product answers that is asked `after` milliseconds after the message was signed.
    fn verify(&self, signature: &str, after: i64) -> Result<UnixMillis, WebhookError> {
        let timestamp = self.timestamp.to_string();
        let headers = WebhookHeaders { id: &self.id, timestamp: &timestamp, signature };
        let now = UnixMillis::new((self.timestamp * 1_000).saturating_add_signed(after));
        self.secrets().verify(&headers, self.body.as_bytes(), now)
    }
}

fn webhooks() -> Vec<Webhook> {
    let webhooks: Webhooks = serde_json::from_str(include_str!("../vectors/webhook.json")).unwrap();
    webhooks.signed
}

#[test]
fn webhooks_are_signed_as_others_sign_them() {
    for webhook in webhooks() {
        let Webhook { what, id, timestamp, body, signature, .. } = &webhook;
        assert_eq!(webhook.secrets().sign(id, *timestamp, body.as_bytes()), *signature, "{what}");
        let at = UnixMillis::new(timestamp * 1_000);
        assert_eq!(webhook.verify(signature, 0), Ok(at), "{what}");
    }
}

#[test]
fn a_webhook_is_believed_for_five_minutes_either_way() {
    let webhook = &webhooks()[1];
    let at = UnixMillis::new(webhook.timestamp * 1_000);
    for (after, answer) in [
        (300_000, Ok(at)),
        (-300_000, Ok(at)),
        (300_001, Err(WebhookError::OutsideTolerance)),
        (-300_001, Err(WebhookError::OutsideTolerance)),
    ] {
        assert_eq!(webhook.verify(&webhook.signature, after), answer, "{after}");
    }
}

#[test]
fn one_right_signature_of_several_is_enough_and_no_other_version_is_one() {
    let webhook = &webhooks()[0];
    let right = webhook.signature.as_str();
    let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let bare = right.strip_prefix("v1,").unwrap();
    for (signature, is_believed) in [
        (format!("{wrong} {right}"), true),
        (format!("v1a,{bare} v2,{bare} {right} {wrong}"), true),
        (format!("not-one {right}"), true),
        (wrong.to_owned(), false),
        (bare.to_owned(), false),
        (format!("v1a,{bare}"), false),
        (format!("v2,{bare}"), false),
        (format!("V1,{bare}"), false),
        (format!("{wrong},{right}"), false),
        (format!("v1,{}", bare.replace("OTPJ", "")), false),
        ("v1,".to_owned(), false),
        (String::new(), false),
    ] {
        let believed = webhook.verify(&signature, 0);
        let expected = if is_believed {
            Ok(UnixMillis::new(webhook.timestamp * 1_000))
        } else {
            Err(WebhookError::WrongSignature)
        };
        assert_eq!(believed, expected, "{signature}");
    }
}

/// Whoever changes the secret signs with both for a while, and believes both.
#[test]
fn each_of_several_secrets_signs_and_is_believed() {
    let webhooks = webhooks();
    let (one, other) = (&webhooks[1], &webhooks[6]);
    assert_eq!((&one.body, one.timestamp), (&other.body, other.timestamp));
    assert_ne!(one.secret, other.secret);
    let both = WebhookSecrets::parse(&format!("{} {}", one.secret, other.secret)).unwrap();
    assert_eq!(
        both.sign(&one.id, one.timestamp, one.body.as_bytes()),
        format!("{} {}", one.signature, other.signature)
    );
    let timestamp = one.timestamp.to_string();
    let at = UnixMillis::new(one.timestamp * 1_000);
    for signature in [&one.signature, &other.signature] {
        let headers = WebhookHeaders { id: &one.id, timestamp: &timestamp, signature };
        assert_eq!(both.verify(&headers, one.body.as_bytes(), at), Ok(at));
    }
}

#[test]
fn a_webhook_without_its_form_is_none() {
    let webhook = &webhooks()[1];
    let now = UnixMillis::new(webhook.timestamp * 1_000);
    let timestamp = webhook.timestamp.to_string();
    let cases = [
        ("", timestamp.as_str()),
        (&webhook.id, ""),
        (&webhook.id, "-1"),
        (&webhook.id, "+1791234567"),
        (&webhook.id, "1791234567.0"),
        (&webhook.id, " 1791234567"),
        (&webhook.id, "1791234567000000000000000"),
    ];
    for (id, timestamp) in cases {
        let headers = WebhookHeaders { id, timestamp, signature: &webhook.signature };
        let believed = webhook.secrets().verify(&headers, webhook.body.as_bytes(), now);
        assert_eq!(believed, Err(WebhookError::Malformed), "{id:?} {timestamp:?}");
    }
    for (id, body) in [("msg_other", webhook.body.as_str()), (&webhook.id, "{}")] {
        let headers = WebhookHeaders { id, timestamp: &timestamp, signature: &webhook.signature };
        let believed = webhook.secrets().verify(&headers, body.as_bytes(), now);
        assert_eq!(believed, Err(WebhookError::WrongSignature), "{id} {body}");
    }
}

#[test]
fn a_webhook_secret_is_of_24_to_64_bytes() {
    let of = |len: usize| format!("whsec_{}", STANDARD.encode(vec![7; len]));
    for len in [24, 32, 64] {
        assert!(WebhookSecrets::parse(&of(len)).is_ok(), "{len}");
    }
    let bare = of(32).replace("whsec_", "");
    let one_of_two = format!("{} whsec_", of(32));
    let twice = format!("whsec_{}", of(32));
    let cut = of(32).trim_end_matches('=').to_owned();
    for (text, fault) in [
        ("", WebhookSecretError::Empty),
        (" ", WebhookSecretError::Empty),
        ("whsec_", WebhookSecretError::Size),
        ("whsec_!", WebhookSecretError::NotBase64),
        (&cut, WebhookSecretError::NotBase64),
        (&of(23), WebhookSecretError::Size),
        (&of(65), WebhookSecretError::Size),
        (&bare, WebhookSecretError::Unnamed),
        (&one_of_two, WebhookSecretError::Size),
        (&twice, WebhookSecretError::NamedTwice),
    ] {
        assert_eq!(WebhookSecrets::parse(text).err(), Some(fault), "{text:?}");
    }
    assert_eq!(
        format!("{:?}", WebhookSecrets::parse(&of(32)).unwrap()),
        "WebhookSecrets([redacted])"
    );
}
