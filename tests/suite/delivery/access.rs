//! `PUT /instances/{instanceId}/app-info` (decision E3): the product reports on its own initiative
//! whether an instance is ready.

mod log_lines;

use std::sync::Arc;

use bytes::Bytes;
use domain::webhook::WebhookSecrets;
use http::{HeaderMap, Request};
use protocol::result_code::OrderRefused;
use serde_json::{Value, json};
use shell::endpoint::Endpoint;
use shell::endpoint::app_info::AppInfoEndpoint;
use tests::call::{PRODUCT_SECRET, run_until_halt};
use tests::product::{HANGS, Mood, ScriptedProduct};

use super::*;

const READY: &str = r#"{"frontEndUrl":"https://app.example.com/late","password":"canary"}"#;

pub(super) fn ready(id: &str) -> Vec<u8> {
    let info: Value = serde_json::from_str(READY).unwrap();
    message("instance.access", json!({ "instanceId": id, "appInfo": info }))
}

fn refused(id: &str) -> Vec<u8> {
    message("instance.access", json!({ "instanceId": id, "refuse": "000106" }))
}

fn message(kind: &str, data: Value) -> Vec<u8> {
    json!({ "type": kind, "data": data }).to_string().into_bytes()
}

/// A signed message to an instance's path.
fn put(id: &str, at_seconds: u64, body: &[u8]) -> Request<Bytes> {
    let signature = WebhookSecrets::parse(PRODUCT_SECRET).unwrap().sign("msg_1", at_seconds, body);
    Request::put(format!("/instances/{id}/app-info"))
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", at_seconds)
        .header("webhook-signature", signature)
        .body(Bytes::copy_from_slice(body))
        .unwrap()
}

async fn send(koohook: &Bundled, request: Request<Bytes>) -> u16 {
    let endpoint = AppInfoEndpoint::new(Arc::clone(koohook.endpoint.context()));
    let response = Endpoint::answer(&endpoint, request).await;
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    response.status().as_u16()
}

pub(super) fn send_signed(koohook: &Bundled, id: &str, ago: u64, body: &[u8]) -> u16 {
    let now = koohook.world().now_millis() / 1_000;
    run(send(koohook, put(id, now - ago, body)))
}

/// A purchase that the product will create later.
fn pending() -> Bundled {
    let koohook = with_product();
    ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 202, ""));
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    koohook.store().take_counts();
    koohook
}

#[test]
fn a_later_message_of_the_product_decides_the_purchases_answer() {
    let koohook = pending();
    let id = id("CS1");
    assert_eq!(send_signed(&koohook, &id, 0, &ready(&id)), 200);
    assert_eq!(koohook.store().take_counts(), (1, 1));
    assert_eq!(buy(&koohook, "CS1").code, "000000");
    koohook.store().take_counts();
    assert_eq!(send_signed(&koohook, &id, 0, &ready(&id)), 200);
    assert_eq!(koohook.store().take_counts(), (1, 0), "a repeated message changes nothing");
}

#[test]
fn the_newest_message_counts() {
    let koohook = pending();
    let id = id("CS1");
    assert_eq!(send_signed(&koohook, &id, 10, &refused(&id)), 200);
    assert_eq!(buy(&koohook, "CS1").code, "000106");
    assert_eq!(send_signed(&koohook, &id, 11, &ready(&id)), 200);
    assert_eq!(
        access(&koohook, &id),
        Access::Refused(OrderRefused::SoldOut),
        "an older message is ignored"
    );
    assert_eq!(send_signed(&koohook, &id, 9, &ready(&id)), 200);
    assert!(is_ready(&koohook, &id));
}

#[test]
fn a_message_with_another_instance_or_type_is_rejected() {
    let koohook = pending();
    ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 202, ""));
    assert_eq!(buy(&koohook, "CS2").code, "000004");
    let (one, other) = (id("CS1"), id("CS2"));
    assert_eq!(send_signed(&koohook, &other, 0, &ready(&one)), 400, "replayed to another path");
    // A notice of koohook that is sent back. The same secret signed it.
    let reflected = message("instance.created", json!({ "instanceId": one, "sequence": 1 }));
    assert_eq!(send_signed(&koohook, &one, 0, &reflected), 400);
    for body in ["", "[]", "{}", "null", r#"{"type":"instance.access"}"#] {
        assert_eq!(send_signed(&koohook, &one, 0, body.as_bytes()), 422, "{body}");
    }
    let data = [
        json!({ "instanceId": one }),
        json!({ "instanceId": one, "appInfo": {} }),
        json!({ "instanceId": one, "appInfo": { "frontEndUrl": "" } }),
        json!({ "instanceId": one, "appInfo": { "frontEndUrl": "https://a", "password": "x".repeat(80) } }),
        json!({ "instanceId": one, "refuse": "000108" }),
        json!({ "instanceId": one, "refuse": "000106", "appInfo": { "frontEndUrl": "https://a" } }),
    ];
    for data in data {
        assert_eq!(
            send_signed(&koohook, &one, 0, &message("instance.access", data.clone())),
            422,
            "{data}"
        );
    }
    assert_eq!([access(&koohook, &one), access(&koohook, &other)], [const { Access::Pending }; 2]);
}

#[test]
fn a_message_with_a_wrong_signature_is_rejected() {
    let koohook = pending();
    let (id, now) = (id("CS1"), koohook.world().now_millis() / 1_000);
    let send = |request| run(send(&koohook, request));
    for (at, status) in [(now - 301, 401), (now + 301, 401), (now - 300, 200), (now + 300, 200)] {
        assert_eq!(send(put(&id, at, &ready(&id))), status, "{at}");
    }
    let request = || put(&id, now, &refused(&id));
    koohook.store().take_counts();
    let mut other = request();
    *other.body_mut() = Bytes::from(ready(&id));
    assert_eq!(send(other), 401);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut lacking = request();
        lacking.headers_mut().remove(name);
        assert_eq!(send(lacking), 401, "no {name}");
        let mut twice = request();
        let copy = twice.headers()[name].clone();
        twice.headers_mut().append(name, copy);
        assert_eq!(send(twice), 401, "two of {name}");
    }
    let mut bare = request();
    *bare.headers_mut() = HeaderMap::new();
    assert_eq!(send(bare), 401);
    assert_eq!(
        koohook.store().take_counts(),
        (0, 0),
        "the store is not used before the signature is verified"
    );
}

#[test]
fn other_paths_and_methods_are_rejected() {
    let koohook = pending();
    let request = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path);
        run(send(&koohook, request.body(Bytes::new()).unwrap()))
    };
    assert_eq!(request("POST", "/instances/i/app-info"), 405);
    for path in
        ["/instances", "/instances//app-info", "/instances/a/b/app-info", "/instances/i/app-info/"]
    {
        assert_eq!(request("PUT", path), 404, "{path}");
    }
    let long = Request::put("/instances/i/app-info").body(Bytes::from(vec![b'x'; 65_537]));
    assert_eq!(run(send(&koohook, long.unwrap())), 413);
}

/// The buyer already has access, so a later refusal is rejected. A message that is only late is
/// still ignored.
#[test]
fn a_ready_instance_cannot_be_refused() {
    let koohook = pending();
    let id = id("CS1");
    assert_eq!(send_signed(&koohook, &id, 10, &ready(&id)), 200);
    assert_eq!(send_signed(&koohook, &id, 0, &refused(&id)), 409);
    assert_eq!(
        send_signed(&koohook, &id, 20, &refused(&id)),
        200,
        "older than the accepted message"
    );
    assert!(matches!(access(&koohook, &id), Access::Ready(_)));
    assert_eq!(buy(&koohook, "CS1").code, "000000");
}

#[test]
fn an_unknown_instance_and_a_deleted_one_have_different_statuses() {
    let koohook = pending();
    assert_eq!(send_signed(&koohook, "unknown", 0, &ready("unknown")), 404);
    assert_eq!(release(&koohook, "CS1"), "000000");
    assert_eq!(send_signed(&koohook, &id("CS1"), 0, &ready(&id("CS1"))), 410);
    let abandoned = relayed();
    assert_eq!(buy_v1(&abandoned, "CS1").code, "000004");
    for minutes in [210, 10] {
        abandoned.world().pass(Duration::from_mins(minutes));
        relay(&abandoned);
    }
    assert_eq!(send_signed(&abandoned, &id_v1("CS1"), 0, &ready(&id_v1("CS1"))), 410);
}

#[test]
fn access_data_in_a_message_is_not_replaced_by_a_later_answer() {
    let koohook = Arc::new(with_product());
    let other = Arc::clone(&koohook);
    let product = ScriptedProduct::of(koohook.world(), move |_| {
        assert_eq!(send_signed(&other, &id("CS1"), 0, &ready(&id("CS1"))), 200);
        Mood::Answers(Duration::ZERO, 200, r#"{"appInfo":{"frontEndUrl":"https://answer"}}"#)
    });
    assert_eq!(buy(&koohook, "CS1").code, "000000");
    let Access::Ready(info) = access(&koohook, &id("CS1")) else {
        panic!("the instance is not ready")
    };
    assert_eq!(
        info.front_end_url, "https://app.example.com/late",
        "the product's own message came first"
    );
    assert_eq!(outbox(&koohook, &id("CS1")).waiting, []);
    product.meets(koohook.world(), |_| Mood::NotReached);
}

#[test]
fn an_interrupted_message_can_be_sent_again() {
    for point in 0.. {
        let koohook = pending();
        let (id, now) = (id("CS1"), koohook.world().now_millis() / 1_000);
        koohook.world().halt_at(point);
        let message = put(&id, now, &ready(&id));
        let first = run_until_halt(koohook.world(), send(&koohook, message));
        assert_eq!(send_signed(&koohook, &id, 0, &ready(&id)), 200);
        assert!(is_ready(&koohook, &id));
        if first.is_some() {
            assert_eq!(point, 4, "a read and a write");
            break;
        }
    }
}

/// A slow product reports that the instance is ready, and then answers the notice too late. koohook
/// answers the call with that report, and this answer settles the purchase (decision D11).
#[test]
fn a_purchase_that_became_ready_during_the_first_attempt_is_settled() {
    for mood in [HANGS, Mood::Refuses(500, ""), Mood::LosesReply] {
        let koohook = Arc::new(with_product());
        let other = Arc::clone(&koohook);
        let met = mood.clone();
        ScriptedProduct::of(koohook.world(), move |_| {
            assert_eq!(send_signed(&other, &id_v1("CS1"), 0, &ready(&id_v1("CS1"))), 200);
            met.clone()
        });
        assert_eq!(buy_v1(&koohook, "CS1").code, "000000", "{mood:?}");
        let instance = run(koohook.instance(&id_v1("CS1")));
        assert_eq!(instance.abandon_at, None, "{mood:?}");
    }
}

/// The settlement of the first attempt is lost. koohook must not give an answer that it did not
/// store.
#[test]
fn an_answer_that_settles_a_purchase_is_given_only_after_its_write() {
    let koohook = Arc::new(with_product());
    let other = Arc::clone(&koohook);
    ScriptedProduct::of(koohook.world(), move |_| {
        assert_eq!(send_signed(&other, &id_v1("CS1"), 0, &ready(&id_v1("CS1"))), 200);
        // Meanwhile another relay settled the notice, so this attempt has nothing left to settle.
        let mut kept = run(other.kept(&id_v1("CS1"))).unwrap();
        kept.outbox.waiting.clear();
        run(other.keep(&id_v1("CS1"), &kept));
        HANGS
    });
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    assert!(run(koohook.instance(&id_v1("CS1"))).abandon_at.is_some());
    assert_eq!(buy_v1(&koohook, "CS1").code, "000000");
    assert_eq!(run(koohook.instance(&id_v1("CS1"))).abandon_at, None);
}

/// Every function answers the health check without using its store (decision A4).
#[test]
fn the_health_check_is_answered() {
    let koohook = with_product();
    for (method, path, status) in
        [("GET", "/healthz", 200), ("HEAD", "/", 200), ("PUT", "/healthz", 405), ("GET", "/x", 404)]
    {
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
        assert_eq!(run(send(&koohook, request)), status, "{method} {path}");
    }
    assert_eq!(koohook.store().take_counts(), (0, 0));
}
