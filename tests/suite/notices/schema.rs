//! Checks that the published schema describes every member that koohook sends, and no others.

use std::collections::BTreeSet;

use domain::order_details::MEMBER;
use jsonschema::Validator;
use protocol::order_query::{OrderQuery, OrderQueryOutcome};
use serde_json::{Map, json};

use super::*;

const SCHEMA: &str = include_str!("../../../docs/notices.schema.json");

/// The published schema: of one definition, or of all notices.
pub(super) fn schema(part: Option<&str>) -> Value {
    part_of(SCHEMA, part)
}

fn part_of(schema: &str, part: Option<&str>) -> Value {
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    if let Some(part) = part {
        let members = schema.as_object_mut().unwrap();
        members.remove("oneOf");
        members.insert("$ref".to_owned(), format!("#/$defs/{part}").into());
    }
    schema
}

/// The schema without unknown members. Products must accept members that a later koohook adds; in
/// this test a member that the schema does not describe is an error.
pub(super) fn closed(part: Option<&str>) -> Validator {
    closed_part(SCHEMA, part)
}

/// A part of any schema, without unknown members.
pub(super) fn closed_part(schema: &str, part: Option<&str>) -> Validator {
    let mut schema = part_of(schema, part);
    close(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

fn close(schema: &mut Value) {
    if let Value::Object(members) = schema {
        let is_object = members.get("type").is_some_and(|kind| kind == "object");
        if is_object && !members.contains_key("additionalProperties") {
            members.insert("additionalProperties".to_owned(), false.into());
        }
        members.values_mut().for_each(close);
    }
    if let Value::Array(items) = schema {
        items.iter_mut().for_each(close);
    }
}

/// The types that the schema describes.
fn described() -> BTreeSet<String> {
    let schema = schema(None);
    let kinds = schema["oneOf"].as_array().unwrap().iter();
    let kind =
        |part: &Value| part["$ref"].as_str().unwrap().trim_start_matches("#/$defs/").to_owned();
    kinds.map(kind).collect()
}

#[test]
fn the_schema_is_a_valid_json_schema() {
    jsonschema::meta::validate(&schema(None)).unwrap();
}

#[test]
fn every_notice_fits_the_schema_and_every_type_is_sent() {
    let closed = closed(None);
    let mut sent = BTreeSet::new();
    for message in all_messages() {
        if let Err(fault) = closed.validate(&message.body) {
            panic!("{fault} at {}: {}", fault.instance_path(), message.body);
        }
        sent.insert(message.kind().to_owned());
    }
    assert_eq!(sent, described());
    assert_eq!(sent.len(), 18);
}

#[test]
fn every_message_has_a_different_id() {
    let messages = story::messages();
    let names: BTreeSet<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(names.len(), messages.len());
    for Message { id, body, .. } in &messages {
        let part = body["data"]["part"].as_u64().map(|part| format!("_{part}"));
        let name = id.strip_suffix(part.as_deref().unwrap_or_default());
        let digits = name.and_then(|name| name.strip_prefix("msg_")).unwrap_or_default();
        assert!(digits.len() == 32 && digits.bytes().all(|it| it.is_ascii_hexdigit()), "{id}");
    }
}

/// A list without records still needs its time. The product compares it with each department's own
/// time to find which departments stay.
#[test]
fn a_list_without_records_still_has_its_time() {
    let [first, newer, overtaken] = story::by_an_overtaken_list().try_into().unwrap();
    assert_eq!(first.body["data"]["records"].as_array().unwrap().len(), 2);
    let overtaken = overtaken.body["data"].as_object().unwrap();
    assert!(["part", "parts", "records"].iter().all(|name| !overtaken.contains_key(*name)));
    let times = [&first.body["data"]["listTime"], &overtaken["listTime"]];
    assert_eq!(times, ["2026-10-05T21:10:27.000Z", "2026-10-05T21:10:28.000Z"]);
    assert_eq!(newer.body["data"]["changeTime"], "2026-10-05T21:11:27.000Z");
}

/// A schema that accepts every message would check nothing. So the test changes each member of each
/// message.
#[test]
fn a_notice_with_a_missing_or_changed_member_does_not_fit_the_schema() {
    let closed = closed(None);
    let [mut missing, mut changed] = [0, 0];
    for message in story::messages() {
        let data = message.body["data"].as_object().unwrap();
        let rejected = |name: &str, value: Option<Value>, why: &str| {
            let body = with_data(&message.body, name, value);
            assert!(!closed.is_valid(&body), "{why} {name}: {body}");
        };
        for name in data.keys() {
            rejected(name, Some(json!({ "changed": 1 })), "changed");
            changed += 1;
        }
        // A purchase has `before` only if it was abandoned and is valid again.
        let optional = |name: &str| name == "before" && message.kind() == "instance.created";
        for name in ALWAYS.iter().filter(|name| data.contains_key(**name) && !optional(name)) {
            rejected(name, None, "missing");
            missing += 1;
        }
        rejected("madeUp", Some(json!("text")), "unknown");
        rejected("sequence", Some(json!("1")), "as text");
        rejected("sequence", Some(json!(0)), "zero");
        for name in ["type", "timestamp", "data"] {
            let mut body = message.body.clone();
            body.as_object_mut().unwrap().remove(name);
            assert!(!closed.is_valid(&body), "without {name}");
            body[name] = "instance.unknown".into();
            assert!(!closed.is_valid(&body), "with another {name}");
        }
    }
    assert!(missing > 100 && changed > 150, "{missing}, {changed}");
}

/// Members that are required in every notice type that has them.
const ALWAYS: [&str; 14] = [
    "activity",
    "appId",
    "before",
    "cause",
    "changeTime",
    "clientId",
    "clientSecret",
    "listTime",
    "orgCode",
    "part",
    "parts",
    "records",
    "sequence",
    "tenantId",
];

fn with_data(body: &Value, name: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let data: &mut Map<String, Value> = body["data"].as_object_mut().unwrap();
    match value {
        Some(value) => data.insert(name.to_owned(), value),
        None => data.remove(name),
    };
    body
}

/// The marketplace's answer to an order query, in the form of its guide. The values are made up.
pub(super) fn order_details() -> Value {
    let answer = json!({
        "resultCode": "MKT.0000", "resultMsg": "success",
        "orderInfo": {
            "orderId": "CS2610051949V2ABC", "orderType": "NEW", "createTime": "20261005194920",
            "orderLine": [{
                "orderLineId": "CS2610051949V2ABC-000001", "chargingMode": "PERIOD",
                "periodType": "year", "periodNumber": 1, "expireTime": "20271005160000",
                "productInfo": [{
                    "productId": "00301-000000-0--0", "skuCode": "made-up-sku-0001",
                    "linearValue": "5",
                }],
            }],
            "buyerInfo": {
                "customerId": "made-up-customer-0001", "customerName": "测试企业",
                "mobilePhone": "15900000000", "email": "buyer@example.com",
            },
        },
    });
    let query = OrderQuery {
        order_id: "CS2610051949V2ABC".to_owned().try_into().unwrap(),
        order_line_id: Some("CS2610051949V2ABC-000001".to_owned().try_into().unwrap()),
    };
    match query.read(200, answer.to_string().as_bytes()) {
        OrderQueryOutcome::Found(details) => details.into_value(),
        other => panic!("an order is found: {other:?}"),
    }
}

#[test]
fn a_notice_contains_order_details_or_the_reason_why_they_are_missing() {
    let closed = closed(None);
    let messages = story::messages();
    let created = |message: &&Message| message.kind() == "instance.created";
    let created = &messages.iter().find(created).unwrap().body;
    let with = |details: Value| closed.is_valid(&with_data(created, MEMBER, Some(details)));
    assert!(with(order_details()));
    assert!(with(json!({ "missing": "no keys configured" })));
    assert!(!with(json!({})));
    assert!(!with(json!({ "missing": "" })));
    assert!(!with(json!({ "missing": "no keys configured", "orderLine": {} })));
}
