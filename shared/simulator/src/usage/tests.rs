//! Tests of the usage interface.
//!
//! Signatures with a literal were computed by Python 3:
//! `base64.b64encode(hmac.new(KEY, f"ts={ts}&nonce={nonce}&body={body}".encode(), "sha256").digest())`.
//! The tests of `requests` compare them, so the other tests may sign with [`sign`].

use serde_json::{Value, json};

use super::request::Proof;
use super::signature::sign;
use super::{PATH, SimulatedInstance, UsageMarketplace, UsageReply, UsageRules, stamp};

mod background;
mod bills;
mod bodies;
mod faults;
mod requests;

const KEY: &str = "example-interconnect-key";
const ID: &str = "7f141bf1-aec8-4859-8323-fb3a8ad50721";
/// 2022-08-09T09:10:00Z.
const NOW: u64 = 1_660_036_200_000;
const HOUR: u64 = 3_600_000;

/// One record from 08:00 to 09:00, in the canonical form of its vector.
const BODY: &str = concat!(
    r#"{"usage_records":[{"begin_time":"20220809T080000Z","end_time":"20220809T090000Z","#,
    r#""instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0001","#,
    r#""record_time":"20220809T091000Z","usage_value":"99"}]}"#
);

fn market() -> UsageMarketplace {
    let mut market = UsageMarketplace::new(UsageRules::new(KEY));
    market.know(SimulatedInstance::new(ID, at("20220809T000000Z")));
    market
}

fn at(stamp: &str) -> u64 {
    1_000 * stamp::seconds(stamp).unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn proven(ts: &str, nonce: &str, signature: &str) -> Vec<(String, String)> {
    headers(&[
        ("Content-Type", "application/json; charset=UTF-8"),
        ("ts", ts),
        ("nonce", nonce),
        ("signature", signature),
    ])
}

/// Sends a body with a new nonce. Returns status and body of the answer.
fn send(market: &mut UsageMarketplace, body: &str, now: u64) -> UsageReply {
    let (ts, nonce) = (now.to_string(), format!("nonce-{}", market.requests().len()));
    let proof = Proof { ts: &ts, nonce: &nonce, signature: "" };
    let signature = sign(&proof, body.as_bytes(), KEY);
    market.receive("POST", PATH, &proven(&ts, &nonce, &signature), body.as_bytes(), now)
}

/// Sends a body, and returns the status and the number of its code, such as `200 MKT.0000`.
fn code(market: &mut UsageMarketplace, body: &str, now: u64) -> String {
    said(&send(market, body, now))
}

fn said(reply: &UsageReply) -> String {
    let (status, body) = reply.in_time().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    format!("{status} {}", body["error_code"].as_str().unwrap())
}

/// A record of one hour that ends at `end` on 9 August, with members that replace its own. A null
/// removes a member.
fn record(end: u32, changes: Value) -> Value {
    let mut record = json!({
        "instance_id": ID,
        "record_time": format!("20220809T{end:02}0500Z"),
        "begin_time": format!("20220809T{:02}0000Z", end - 1),
        "end_time": format!("20220809T{end:02}0000Z"),
        "usage_value": "1.5",
        "metering_sn": format!("sn-{end}"),
    });
    let members = record.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    record
}

/// The canonical body of records. Their members are sorted here by name.
fn body(records: &[Value]) -> String {
    let sorted = |record: &Value| {
        let mut members: Vec<String> = record
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
            .collect();
        members.sort();
        format!("{{{}}}", members.join(","))
    };
    let records: Vec<String> = records.iter().map(sorted).collect();
    format!("{{\"usage_records\":[{}]}}", records.join(","))
}
