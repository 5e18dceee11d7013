//! The schema that products are given says what is sent, and no more.

use std::collections::BTreeSet;

use domain::order_details::MEMBER;
use jsonschema::Validator;
use protocol::order_query::{OrderQuery, OrderQueryOutcome};
use serde_json::{Map, json};

use super::*;

const SCHEMA: &str = include_str!("../../../docs/notices.schema.json");

/// The schema as products have it, of one of its definitions or of all notices.
pub(super) fn schema(part: Option<&str>) -> Value {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    if let Some(part) = part {
        let members = schema.as_object_mut().unwrap();
        members.remove("oneOf");
        members.insert("$ref".to_owned(), format!("#/$defs/{part}").into());
    }
    schema
}

/// The schema with every object closed that it does not leave open on purpose. Products must live
/// with members that a later koohook adds; here a member that nobody described is a mistake.
pub(super) fn closed(part: Option<&str>) -> Validator {
    let mut schema = schema(part);
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
fn the_schema_is_one() {
    jsonschema::meta::validate(&schema(None)).unwrap();
}

#[test]
fn every_notice_is_as_the_schema_says_and_every_type_is_met() {
    let closed = closed(None);
    let mut met = BTreeSet::new();
    for message in everything_told() {
        if let Err(fault) = closed.validate(&message.body) {
            panic!("{fault} at {}: {}", fault.instance_path(), message.body);
        }
        met.insert(message.kind().to_owned());
    }
    assert_eq!(met, described());
    assert_eq!(met.len(), 18);
}

#[test]
fn every_message_has_a_name_of_its_own() {
    let told = story::told();
    let names: BTreeSet<&str> = told.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(names.len(), told.len());
    for Message { id, body, .. } in &told {
        let part = body["data"]["part"].as_u64().map(|part| format!("_{part}"));
        let name = id.strip_suffix(part.as_deref().unwrap_or_default());
        let digits = name.and_then(|name| name.strip_prefix("msg_")).unwrap_or_default();
        assert!(digits.len() == 32 && digits.bytes().all(|it| it.is_ascii_hexdigit()), "{id}");
    }
}

/// The product can tell which departments stay: a later time of their own.
#[test]
fn a_list_may_have_nothing_but_its_time() {
    let [first, newer, overtaken] = story::by_an_overtaken_list().try_into().unwrap();
    assert_eq!(first.body["data"]["records"].as_array().unwrap().len(), 2);
    let overtaken = overtaken.body["data"].as_object().unwrap();
    assert!(["part", "parts", "records"].iter().all(|name| !overtaken.contains_key(*name)));
    let times = [&first.body["data"]["listTime"], &overtaken["listTime"]];
    assert_eq!(times, ["2026-10-05T21:10:27.000Z", "2026-10-05T21:10:28.000Z"]);
    assert_eq!(newer.body["data"]["changeTime"], "2026-10-05T21:11:27.000Z");
}

/// A schema that takes everything would hold nothing: each member of each message counts.
#[test]
fn a_notice_that_lacks_or_bends_anything_is_not_one() {
    let closed = closed(None);
    let [mut lacking, mut bent] = [0, 0];
    for message in story::told() {
        let data = message.body["data"].as_object().unwrap();
        let refused = |name: &str, value: Option<Value>, why: &str| {
            let body = with_data(&message.body, name, value);
            assert!(!closed.is_valid(&body), "{why} {name}: {body}");
        };
        for name in data.keys() {
            refused(name, Some(json!({ "bent": 1 })), "bent");
            bent += 1;
        }
        // A purchase has something before it only where it is wanted again.
        let optional = |name: &str| name == "before" && message.kind() == "instance.created";
        for name in ALWAYS.iter().filter(|name| data.contains_key(**name) && !optional(name)) {
            refused(name, None, "lacking");
            lacking += 1;
        }
        refused("madeUp", Some(json!("text")), "strange");
        refused("sequence", Some(json!("1")), "as text");
        refused("sequence", Some(json!(0)), "zero");
        for name in ["type", "timestamp", "data"] {
            let mut body = message.body.clone();
            body.as_object_mut().unwrap().remove(name);
            assert!(!closed.is_valid(&body), "without {name}");
            body[name] = "instance.unheard".into();
            assert!(!closed.is_valid(&body), "with another {name}");
        }
    }
    assert!(lacking > 100 && bent > 150, "{lacking}, {bent}");
}

/// Members that every notice that has them always has.
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

/// What the marketplace answers about an order, as its guide shows it; values made up.
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

/// With an order's details or a word why there are none.
#[test]
fn what_was_ordered_may_stand_in_a_notice() {
    let closed = closed(None);
    let told = story::told();
    let created = |message: &&Message| message.kind() == "instance.created";
    let created = &told.iter().find(created).unwrap().body;
    let with = |details: Value| closed.is_valid(&with_data(created, MEMBER, Some(details)));
    assert!(with(order_details()));
    assert!(with(json!({ "missing": "no keys configured" })));
    assert!(!with(json!({})));
    assert!(!with(json!({ "missing": "" })));
    assert!(!with(json!({ "missing": "no keys configured", "orderLine": {} })));
}
