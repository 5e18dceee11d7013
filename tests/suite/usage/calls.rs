//! The calls of a product that reports usage, and what the store then has.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::usage::InstanceUsage;
use domain::webhook::WebhookSecrets;
use http::{Request, Response};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::endpoint::Endpoint;
use shell::endpoint::usage::UsageEndpoint;
use shell::store::Store;
use shell::world::{Deadline, World};
use tests::call::{Koohook, PENDING, PRODUCT_SECRET, koohook, run};
use tests::test_store::TestStore;

/// The usual koohook of these tests: its product is configured and is not called.
pub type Reported = Koohook<TestStore>;

pub const HOUR: Duration = Duration::from_hours(1);

/// A koohook with the pay-per-use instance `CS1`, which was bought two days ago under V1.
pub fn pay_per_use() -> Reported {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", Some("0"));
    koohook.world().pass(HOUR * 48);
    koohook.store().take_counts();
    koohook
}

/// Buys under V1, with or without a charging mode.
pub fn buy<S: Store>(koohook: &Koohook<S>, order: &str, mode: Option<&str>) {
    let mut parameters = vec![
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("customerId", "made-up-customer"),
        ("orderId", order),
        ("productId", "OFFI-made-up"),
    ];
    parameters.extend(mode.map(|mode| ("chargingMode", mode)));
    assert_eq!(run(koohook.v1(&parameters)).code, "000004");
}

/// The ID of an instance that is pay-per-use or a package.
pub fn id(order: &str) -> String {
    domain::instance::id::derive(order, None, Some("OFFI-made-up")).to_string()
}

/// The ID of an instance that was bought with another charging mode, or without one.
pub fn id_of_other(order: &str) -> String {
    domain::instance::id::derive(order, None, None).to_string()
}

/// RFC 3339 of a time so many seconds before now.
pub fn ago<S: Store>(koohook: &Koohook<S>, seconds: u64) -> String {
    UnixMillis::new(koohook.world().now_millis() - seconds * 1_000).to_rfc3339()
}

/// A record of the hour that ended so many hours ago.
pub fn hour<S: Store>(koohook: &Koohook<S>, instance: &str, hours: u64, value: &str) -> Value {
    json!({
        "recordId": format!("r-{hours}"), "instanceId": instance, "value": value,
        "beginTime": ago(koohook, (hours + 1) * 3_600), "endTime": ago(koohook, hours * 3_600),
    })
}

/// The body of a report.
pub fn report(records: &[Value]) -> Vec<u8> {
    json!({ "records": records }).to_string().into_bytes()
}

/// A call of the product, signed at a time in seconds.
pub fn signed(method: &str, path: &str, at_seconds: u64, body: &[u8]) -> Request<Bytes> {
    let signature = WebhookSecrets::parse(PRODUCT_SECRET).unwrap().sign("msg_1", at_seconds, body);
    Request::builder()
        .method(method)
        .uri(path)
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", at_seconds)
        .header("webhook-signature", signature)
        .body(Bytes::copy_from_slice(body))
        .unwrap()
}

/// Sends a request to the endpoint.
pub async fn send<S: Store>(koohook: &Koohook<S>, request: Request<Bytes>) -> Response<Bytes> {
    let endpoint = UsageEndpoint::new(Arc::clone(koohook.endpoint.context()));
    Endpoint::answer(&endpoint, request).await
}

/// Sends a report that is signed now. Returns the status and the answer.
pub async fn post<S: Store>(koohook: &Koohook<S>, body: &[u8]) -> (u16, Value) {
    let now = koohook.world().now_millis() / 1_000;
    let response = send(koohook, signed("POST", "/usage", now, body)).await;
    let answer = serde_json::from_slice(response.body()).expect("every answer is JSON");
    (response.status().as_u16(), answer)
}

/// Sends records. Returns the status and, for each record, its status or its reason.
pub fn sends<S: Store>(koohook: &Koohook<S>, records: &[Value]) -> (u16, Vec<String>) {
    let (status, answer) = run(post(koohook, &report(records)));
    (status, outcomes(&answer))
}

/// The reason of each record of an answer, or its status if it has none.
pub fn outcomes(answer: &Value) -> Vec<String> {
    let records = answer["records"].as_array().unwrap_or_else(|| panic!("no records: {answer}"));
    let word = |record: &Value| {
        let is_rejected = record["status"] == "rejected";
        assert_eq!(record.get("reason").is_some(), is_rejected, "{record}");
        let word = record.get("reason").unwrap_or(&record["status"]);
        word.as_str().unwrap().to_owned()
    };
    records.iter().map(word).collect()
}

/// The stored usage of an instance.
pub fn stored<S: Store>(koohook: &Koohook<S>, instance: &str) -> Option<InstanceUsage> {
    let context = koohook.endpoint.context();
    let deadline = Deadline::after(context.world.elapsed(), Duration::from_secs(60));
    let id = InstanceId::parse(instance).unwrap();
    let slot = run(context.repository(deadline).read_usage(&id)).unwrap();
    koohook.store().take_counts();
    slot.record().cloned()
}

/// The sum of the stored usage of an instance, and its number of windows.
pub fn total<S: Store>(koohook: &Koohook<S>, instance: &str) -> (String, usize) {
    let usage = stored(koohook, instance).expect("usage is stored");
    (usage.total().to_string(), usage.records.len())
}
