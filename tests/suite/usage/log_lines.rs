//! The log lines of the product's calls about usage (decisions I1, I2, J3).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shell::call_origin::{CallOrigin, ServingProcess};
use tests::call::run;
use tests::log::Log;

use super::calls::*;

/// The lines with one of these messages that a call writes.
fn lines_of(messages: [&str; 2], call: impl FnOnce()) -> Vec<Value> {
    let log = Log::default();
    let guard = log.keep();
    call();
    drop(guard);
    assert!(!log.text().contains("canary"), "{}", log.text());
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a log line is JSON"));
    lines.filter(|line: &Value| messages.iter().any(|it| line["message"] == *it)).collect()
}

/// The line of a report.
fn line(koohook: &Reported, records: &[Value]) -> Value {
    let lines = lines_of(["usage reported", "usage report rejected"], || {
        sends(koohook, records);
    });
    let [line] = lines.try_into().expect("one line");
    line
}

fn members(line: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| line[*name].clone()).collect()
}

#[test]
fn the_line_of_a_report_has_its_counts_and_no_value() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let mut record = hour(&koohook, &id, 0, "7777.77");
    record["recordId"] = "canary".into();
    let first = line(&koohook, std::slice::from_ref(&record));
    let names = ["level", "status", "instanceId", "records", "instances", "accepted", "writes"];
    assert_eq!(
        members(&first, &names),
        json!(["INFO", 200, id, 1, 1, 1, 1]).as_array().unwrap()[..]
    );
    assert!(!first.to_string().contains("7777"), "{first}");
    let records = [record, json!("canary"), hour(&koohook, "canary-unknown", 1, "1")];
    let log = Log::default();
    let guard = log.keep();
    sends(&koohook, &records);
    drop(guard);
    let line: Value = serde_json::from_str(log.text().lines().next_back().unwrap()).unwrap();
    let names =
        ["level", "status", "instances", "accepted", "repeatedRecords", "rejected", "reasons"];
    let expected = json!(["WARN", 200, 2, 0, 1, 2, "instance-unknown 1 malformed 1"]);
    assert_eq!(members(&line, &names), expected.as_array().unwrap()[..]);
    assert_eq!(line["instanceId"], "canary-unknown", "the ID of a proven call");
}

/// A product that always sends a bad record gets one warning a minute.
#[test]
fn rejected_records_are_one_trouble() {
    let koohook = pay_per_use();
    let level = |records: &[Value]| line(&koohook, records)["level"].clone();
    let bad = [json!({})];
    assert_eq!([level(&bad), level(&bad)], ["WARN", "INFO"]);
    koohook.world().pass(Duration::from_secs(61));
    let again = line(&koohook, &bad);
    assert_eq!(members(&again, &["level", "repeated"]), [json!("WARN"), json!(3)]);
    koohook.world().pass(Duration::from_secs(61));
    let end = lines_of(["product reports acceptable usage again", ""], || {
        sends(&koohook, &[hour(&koohook, &id("CS1"), 0, "1")]);
    });
    assert_eq!(end[0]["count"], 3);
}

/// A window that is accepted after its deadline is one warning (decision J3).
#[test]
fn a_late_window_is_one_warning() {
    let koohook = pay_per_use();
    let records = |hours| [hour(&koohook, &id("CS1"), hours, "1")];
    let late = |hours| members(&line(&koohook, &records(hours)), &["level", "late"]);
    assert_eq!(late(1), [json!("INFO"), Value::Null]);
    assert_eq!(late(2), [json!("WARN"), json!(1)]);
    assert_eq!(late(3), [json!("WARN"), json!(1)], "each late window is a warning");
    assert_eq!(late(3), [json!("INFO"), Value::Null], "a repeated record is none");
}

#[test]
fn an_instance_with_little_room_is_a_warning() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let second = |place: u64| {
        json!({ "recordId": "r", "instanceId": id, "value": 1,
                "beginTime": ago(&koohook, place + 1), "endTime": ago(&koohook, place) })
    };
    // 80 % of 2,112 windows are 1,689.6.
    let levels = [0..1_000, 1_000..1_689, 1_689..1_690, 1_690..1_691].map(|places| {
        let records: Vec<_> = places.map(second).collect();
        members(&line(&koohook, &records), &["level", "almostFull"])
    });
    let quiet = [json!("INFO"), Value::Null];
    let expected = [quiet.clone(), quiet, [json!("WARN"), json!(1)], [json!("INFO"), json!(1)]];
    assert_eq!(levels, expected.map(|it| it.to_vec()));
}

#[test]
fn a_report_that_fails_says_why() {
    let koohook = pay_per_use();
    run(koohook.keep_bytes(&id("CS1"), b"damaged"));
    let failed = line(&koohook, &[hour(&koohook, &id("CS1"), 1, "1")]);
    let names = ["level", "status", "retry", "fault", "instanceId"];
    let fault = "stored value sealed by another key";
    let expected = json!(["WARN", 503, 1, fault, id("CS1")]);
    assert_eq!(members(&failed, &names), expected.as_array().unwrap()[..], "{failed}");
}

#[test]
fn a_report_that_is_rejected_as_a_whole_names_nothing() {
    let koohook = pay_per_use();
    let rejected = lines_of(["usage report rejected", ""], || {
        assert_eq!(run(post(&koohook, br#"{"canary":"canary"}"#)).0, 422);
        let now = koohook.world().now_millis() / 1_000;
        let request = signed("POST", "/usage", now - 301, b"canary");
        assert_eq!(run(send(&koohook, request)).status(), 401);
    });
    let names = ["level", "outcome", "status", "instanceId"];
    let expected = [json!(["WARN", "refused", 422, null]), json!(["INFO", "rejected", 401, null])];
    assert_eq!(rejected.len(), 2);
    for (line, expected) in rejected.iter().zip(expected) {
        assert_eq!(members(line, &names), expected.as_array().unwrap()[..]);
    }
}

/// Anyone can send such calls.
#[test]
fn at_most_ten_unproven_calls_a_second_have_a_line() {
    let koohook = pay_per_use();
    let process = Arc::new(ServingProcess::new("usage", || Duration::ZERO));
    let address = "203.0.113.7".parse().ok();
    let origin = CallOrigin { request_id: Some("r-1".to_owned()), address, process };
    let origin = Arc::new(origin);
    let lines = lines_of(["usage report rejected", "usage info rejected"], || {
        for (method, path) in [("POST", "/usage"), ("PUT", "/instances/i/usage-info")].repeat(15) {
            let mut request = signed(method, path, 0, b"canary");
            request.extensions_mut().insert(Arc::clone(&origin));
            assert_eq!(run(send(&koohook, request)).status(), 401);
        }
    });
    assert_eq!(lines.len(), 10);
    for line in lines {
        let expected = [json!("r-1"), json!("203.0.113.7"), json!("usage"), json!("INFO")];
        assert_eq!(members(&line, &["requestId", "address", "function", "level"]), expected);
    }
}

#[test]
fn the_line_of_usage_info_names_the_instance_and_its_order() {
    let koohook = pay_per_use();
    let (id, now) = (id("CS1"), koohook.world().now_millis() / 1_000);
    let put = |path_id: &str, value: &str| {
        let data = json!({ "instanceId": id, "usageInfo": [{ "usageValue": value }] });
        let body = json!({ "type": "instance.usage", "data": data }).to_string();
        let path = format!("/instances/{path_id}/usage-info");
        let request = signed("PUT", &path, now, body.as_bytes());
        let lines = lines_of(["usage info accepted", "usage info rejected"], || {
            run(send(&koohook, request));
        });
        let [line] = lines.try_into().expect("one line");
        members(&line, &["level", "outcome", "status", "orderId", "instanceId"])
    };
    let cases = [
        (&*id, "1", json!(["INFO", "applied", 200, "CS1", id])),
        (&*id, "1", json!(["INFO", "no-effect", 200, "CS1", id])),
        (&*id, "canary", json!(["WARN", "refused", 422, null, id])),
        ("canary", "1", json!(["INFO", "refused", 400, null, null])),
    ];
    for (path_id, value, expected) in cases {
        assert_eq!(put(path_id, value), expected.as_array().unwrap()[..], "{path_id} {value}");
    }
}
