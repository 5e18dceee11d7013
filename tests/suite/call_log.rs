//! The log line of a call: which fields it has, and at which level it is (decisions I1, I2).

mod canaries;
mod outage;
mod untimely;
mod written;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::entity::Entity;
use domain::instance::Instance;
use domain::record::EntityRecord;
use http::{Request, Response, StatusCode};
use protocol::message::InstanceId;
use serde_json::Value;
use shell::call_origin::{CallOrigin, ServingProcess};
use shell::unproven_lines::UnprovenLines;
use tests::call::{
    ADDRESS, BASE_KEY, Bundled, PENDING, SETTINGS, WITH_PRODUCT, koohook, run, v1, v2,
};
use tests::log::Log;
use tests::world::NOW;

const PREVIOUS_KEY: &str = "constructed-base-key-0000";
const STRANGER_KEY: &str = "constructed-base-key-9999";

const PURCHASE_V1: [(&str, &str); 5] = [
    ("activity", "newInstance"),
    ("orderId", "CS1"),
    ("productId", "P1"),
    ("businessId", "B1"),
    ("customerId", "C1"),
];
const PURCHASE_V2: [(&str, &str); 4] = [
    ("activity", "newInstance"),
    ("businessId", "B1"),
    ("orderId", "CS1"),
    ("orderLineId", "CS1-1"),
];

/// Every field that decision I1 allows in the line of a callback.
const FIELDS: [&str; 32] = [
    "level",
    "message",
    "target",
    "requestId",
    "address",
    "function",
    "contract",
    "activity",
    "rehearsal",
    "orderId",
    "orderLineId",
    "instanceId",
    "tenantId",
    "appId",
    "businessId",
    "form",
    "key",
    "code",
    "outcome",
    "fault",
    "remarks",
    "reads",
    "writes",
    "storeMillis",
    "productMillis",
    "millis",
    "coldStart",
    "unlogged",
    "repeated",
    "notice",
    "cause",
    "timestamp",
];

/// The fields of which the line of a call that is not verified has none.
const VERIFIED_FIELDS: [&str; 10] = [
    "activity",
    "rehearsal",
    "orderId",
    "orderLineId",
    "instanceId",
    "tenantId",
    "appId",
    "businessId",
    "form",
    "key",
];

fn process() -> Arc<ServingProcess> {
    Arc::new(ServingProcess::new("receive", || Duration::ZERO))
}

fn origin(process: &Arc<ServingProcess>) -> Arc<CallOrigin> {
    Arc::new(CallOrigin {
        request_id: Some("r-1".to_owned()),
        address: "203.0.113.7".parse().ok(),
        process: Arc::clone(process),
    })
}

/// Answers a request as a host passes it on, and returns the line.
fn line(koohook: &Bundled, process: &Arc<ServingProcess>, request: Request<Vec<u8>>) -> Value {
    let log = Log::default();
    let guard = log.keep();
    let mut request = request.map(Bytes::from);
    request.extensions_mut().insert(origin(process));
    let _: Response<Bytes> = run(koohook.endpoint.answer(request));
    drop(guard);
    let line = log.callbacks().pop().unwrap_or_else(|| panic!("no line: {}", log.text()));
    let names: BTreeSet<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(names.is_subset(&FIELDS.into()), "{line}");
    line
}

fn has(line: &Value, members: &[(&str, Value)]) {
    for (name, value) in members {
        assert_eq!(line[name], *value, "{name} in {line}");
    }
}

#[test]
fn the_line_of_a_purchase_has_its_origin_its_ids_and_its_times() {
    let koohook = koohook(&SETTINGS);
    koohook.world().lag(Duration::from_millis(30));
    let line = line(&koohook, &process(), v2(NOW, &PURCHASE_V2));
    has(
        &line,
        &[
            ("requestId", "r-1".into()),
            ("address", "203.0.113.7".into()),
            ("function", "receive".into()),
            ("contract", "V2".into()),
            ("activity", "newInstance".into()),
            ("orderId", "CS1".into()),
            ("orderLineId", "CS1-1".into()),
            ("businessId", "B1".into()),
            ("form", "received".into()),
            ("key", "current".into()),
            ("outcome", "applied".into()),
            ("reads", 1.into()),
            ("writes", 1.into()),
            ("storeMillis", 60.into()),
            ("millis", 60.into()),
            ("coldStart", true.into()),
            ("productMillis", Value::Null),
            ("unlogged", Value::Null),
        ],
    );
    let id = line["instanceId"].as_str().unwrap();
    assert_eq!(run(koohook.instance(id)).order_id.as_str(), "CS1");
}

#[test]
fn only_the_first_line_of_a_process_is_a_cold_start() {
    let (koohook, process) = (koohook(&SETTINGS), process());
    let cold = |_| line(&koohook, &process, v2(NOW, &PURCHASE_V2))["coldStart"] == true;
    assert_eq!([0, 1, 2].map(cold), [true, false, false]);
}

#[test]
fn the_line_names_the_key_that_verified_the_call() {
    let settings = [&SETTINGS[..], &[("KOOHOOK_BASE_KEY_PREVIOUS", PREVIOUS_KEY)]].concat();
    for (key, expected) in [(BASE_KEY, "current"), (PREVIOUS_KEY, "previous")] {
        let time = simulator::time::to_the_millisecond(NOW);
        let request = simulator::v1::request(ADDRESS, key, &time, &PURCHASE_V1).unwrap();
        let line = line(&koohook(&settings), &process(), request);
        has(&line, &[("key", expected.into()), ("contract", "V1".into())]);
    }
}

#[test]
fn the_line_of_an_imported_purchase_has_the_imported_id() {
    let koohook = koohook(&SETTINGS);
    let derived = line(&koohook, &process(), v2(NOW, &PURCHASE_V2))["instanceId"].clone();
    let derived = derived.as_str().unwrap();
    let moved = run(koohook.kept(derived)).unwrap();
    let imported = InstanceId::parse("imported-1").unwrap();
    let pointer = EntityRecord::new(Entity::MovedTo(imported.clone()));
    let Entity::Instance(instance) = moved.entity.clone() else { panic!("not an instance") };
    let record = EntityRecord { entity: Instance { id: imported, ..instance }.into(), ..moved };
    run(koohook.keep(derived, &pointer));
    run(koohook.keep("imported-1", &record));
    let line = line(&koohook, &process(), v2(NOW, &PURCHASE_V2));
    has(&line, &[("instanceId", "imported-1".into()), ("outcome", "repeated".into())]);
}

#[test]
fn an_id_is_cut_at_64_characters() {
    let long = "字".repeat(65);
    let members = [("activity", "newInstance"), ("businessId", long.as_str())];
    let line = line(&koohook(&SETTINGS), &process(), v2(NOW, &members));
    has(&line, &[("businessId", "字".repeat(64).into()), ("outcome", "refused".into())]);
}

#[test]
fn the_time_of_the_product_is_apart_from_the_time_of_the_store() {
    let koohook = koohook(&WITH_PRODUCT);
    koohook.world().lag(Duration::from_millis(20));
    let line = line(&koohook, &process(), v2(NOW, &PURCHASE_V2));
    let [store, product, all] =
        ["storeMillis", "productMillis", "millis"].map(|name| line[name].as_u64().unwrap());
    assert_eq!((store, product, all), (60, 20, 80), "{line}");
}

#[test]
fn the_line_of_a_call_that_is_not_verified_has_no_field_of_the_caller() {
    let koohook = koohook(&SETTINGS);
    let wrong = simulator::v1::request(ADDRESS, STRANGER_KEY, "20261005194927000", &PURCHASE_V1);
    let mut unsigned = v2(NOW, &PURCHASE_V2);
    *unsigned.uri_mut() = "/saasproduce?timestamp=1&orderId=CS1".parse().unwrap();
    let mut other_body = v2(NOW, &PURCHASE_V2);
    *other_body.body_mut() = br#"{"activity":"newInstance","orderId":"CS1"}"#.to_vec();
    for request in [wrong.unwrap(), unsigned, other_body] {
        let line = line(&koohook, &process(), request);
        has(&line, &[("outcome", "rejected".into()), ("level", "INFO".into())]);
        has(&line, &VERIFIED_FIELDS.map(|name| (name, Value::Null)));
        assert!(!line.to_string().contains("CS1"), "{line}");
    }
}

#[test]
fn at_most_ten_rejected_calls_a_second_have_a_line() {
    let (koohook, log) = (koohook(&SETTINGS), Log::default());
    let now = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now);
    let millis = move || Duration::from_millis(clock.load(Ordering::SeqCst));
    let process = Arc::new(ServingProcess::new("receive", millis));
    let _guard = log.keep();
    let send = |request: Request<Vec<u8>>| {
        let mut request = request.map(Bytes::from);
        request.extensions_mut().insert(origin(&process));
        assert_eq!(run(koohook.endpoint.answer(request)).status(), StatusCode::OK);
    };
    let wrong = || {
        simulator::v1::request(ADDRESS, STRANGER_KEY, "20261005194927000", &PURCHASE_V1).unwrap()
    };
    (0..30).for_each(|_| send(wrong()));
    assert_eq!(log.callbacks().len(), 10);
    // A verified call always has its line.
    send(v1(NOW, &PURCHASE_V1));
    assert_eq!(log.callbacks().len(), 11);
    now.store(1_000, Ordering::SeqCst);
    send(wrong());
    assert_eq!(log.callbacks().last().unwrap()["unlogged"], 20);
    send(wrong());
    assert_eq!(log.callbacks().last().unwrap()["unlogged"], Value::Null);
}

#[test]
fn many_refused_signatures_are_one_warning_a_minute() {
    let warnings = |seconds: &[u64]| {
        let log = Log::default();
        let _guard = log.keep();
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let lines = UnprovenLines::new(move || Duration::from_secs(clock.load(Ordering::SeqCst)));
        for second in seconds {
            now.store(*second, Ordering::SeqCst);
            lines.signature_refused();
        }
        let text = log.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let read = |line: Value| {
            let message = line["message"].as_str().unwrap();
            assert!(message.starts_with("many signatures were refused in a minute"), "{message}");
            (line["level"].clone(), line["count"].clone())
        };
        lines.map(read).collect::<Vec<_>>()
    };
    let (ten, eleven) = ([5; 10], [5; 11]);
    assert_eq!(warnings(&[&ten[..], &[65]].concat()), []);
    assert_eq!(warnings(&eleven), []);
    let one = ("WARN".into(), 11.into());
    assert_eq!(warnings(&[&eleven[..], &[64]].concat()), []);
    assert_eq!(warnings(&[&eleven[..], &[65, 66]].concat()), std::slice::from_ref(&one));
    assert_eq!(warnings(&[&eleven[..], &[65; 11], &[125]].concat()), [one.clone(), one]);
}

#[test]
fn a_pending_purchase_is_found_by_its_order() {
    let koohook = koohook(&PENDING);
    let line = line(&koohook, &process(), v1(NOW, &PURCHASE_V1));
    has(&line, &[("orderId", "CS1".into()), ("code", "000004".into())]);
    assert!(line["instanceId"].is_string(), "{line}");
}
