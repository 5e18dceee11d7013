//! Contract V2: signatures and calls.

use protocol::access_key::AccessKey;
use protocol::signature::{body_sign, sign};
use serde::Deserialize;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::run;
use tests::log::Log;

use super::{REFUSED, base64_of, endpoint, hex_of, post};

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

fn v2() -> V2 {
    serde_json::from_str(include_str!("../../vectors/v2.json")).unwrap()
}

#[test]
fn v2_signatures_match_other_programs() {
    let V2 { key, timestamp, nonce, calls, .. } = v2();
    for call in calls.iter().filter(|call| call.form == "received") {
        let signature = sign(&key, &nonce, &timestamp, call.body.as_bytes());
        assert_eq!(hex_of(&signature), call.signature, "{}", call.id);
        // The outer text is made from the inner digest that was printed.
        let joined = [&key, &nonce, &timestamp, &call.inner].map(String::as_str).concat();
        let outer = body_sign(&AccessKey::parse(&key).unwrap(), joined.as_bytes());
        assert!(outer.contains(&base64_of(&signature)), "{}", call.id);
    }
}

#[test]
fn the_endpoint_answers_v2_calls_as_rehearsals() {
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
fn a_v2_call_is_rejected_after_a_minute_or_after_a_change() {
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
fn the_v2_examples_of_the_guide_are_rejected_without_store_access() {
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
