//! What the product may send (decisions J1, J6).

use domain::usage::{UsageInfoReport, UsageMessageError, UsageReport};
use serde_json::{Value, json};

use super::{id, reported};

/// A record with all members. `changes` replaces them; null removes one.
fn record(changes: &Value) -> Value {
    let mut record = json!({
        "recordId": "r-1",
        "instanceId": "i-1",
        "beginTime": "2028-03-01T10:00:00Z",
        "endTime": "2028-03-01T11:00:00Z",
        "value": "2.5",
    });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn read(records: &Value) -> Result<UsageReport, UsageMessageError> {
    UsageReport::read(json!({ "records": records }).to_string().as_bytes())
}

/// Whether a record has an ID that an answer can name, and whether it is well-formed.
fn shape(changes: &Value) -> (bool, bool) {
    let report = read(&json!([record(changes)])).unwrap();
    let line = report.lines.first().unwrap();
    (line.record_id.is_some(), line.record.is_some())
}

#[test]
fn a_message_has_1_to_1000_records() {
    let read = |count| read(&vec![record(&json!({})); count].into());
    assert_eq!(read(0), Err(UsageMessageError::NoRecords));
    assert_eq!(read(1).unwrap().lines.len(), 1);
    assert_eq!(read(1_000).unwrap().lines.len(), 1_000);
    assert_eq!(read(1_001), Err(UsageMessageError::TooMany));
}

#[test]
fn a_body_without_a_list_of_records_is_rejected_as_a_whole() {
    for body in ["", "[]", "null", "{", "{} {}", "{\"records\":[", "\u{0}{}"] {
        let read = UsageReport::read(body.as_bytes());
        assert_eq!(read, Err(UsageMessageError::NotAnObject), "{body}");
    }
    for records in [json!(null), json!({}), json!("[]"), json!(7), json!([])] {
        assert_eq!(read(&records), Err(UsageMessageError::NoRecords), "{records}");
    }
    let twice = r#"{"records":[],"records":[]}"#;
    assert_eq!(UsageReport::read(twice.as_bytes()), Err(UsageMessageError::NotAnObject));
    let marked = format!("\u{feff}{}", json!({ "records": [record(&json!({}))] }));
    assert!(UsageReport::read(marked.as_bytes()).is_ok());
}

#[test]
fn a_record_id_has_1_to_64_characters() {
    for (text, fits) in [
        (String::new(), false),
        ("r".repeat(64), true),
        ("r".repeat(65), false),
        ("量".repeat(64), true),
        ("量".repeat(65), false),
        ("\"quoted\\".to_owned(), true),
        ("a\nb".to_owned(), false),
        ("a\u{0}".to_owned(), false),
    ] {
        assert_eq!(shape(&json!({ "recordId": text })), (fits, fits), "{text:?}");
    }
    for value in [json!(null), json!(7), json!(["r"])] {
        assert_eq!(shape(&json!({ "recordId": value })), (false, false), "{value}");
    }
}

#[test]
fn a_record_is_read_with_any_offset_and_either_form_of_a_number() {
    let wanted = reported(super::BEGIN, super::END, "2.5");
    let spellings = [
        json!({}),
        json!({ "value": 2.5 }),
        json!({ "value": "2.50" }),
        json!({ "beginTime": "2028-03-01T18:00:00+08:00", "endTime": "2028-03-01T05:30:00-05:30" }),
        json!({ "relatedPackageInstanceId": null, "other": [1] }),
    ];
    for changes in spellings {
        let report = read(&json!([record(&changes)])).unwrap();
        assert_eq!(report.lines[0].record.as_ref(), Some(&wanted), "{changes}");
    }
    let package = json!([record(&json!({ "relatedPackageInstanceId": "p-1" }))]);
    let report = read(&package).unwrap();
    assert_eq!(report.lines[0].record.as_ref().unwrap().package, Some(id("p-1")));
}

#[test]
fn a_malformed_record_keeps_its_id() {
    for changes in [
        json!({ "instanceId": null }),
        json!({ "instanceId": "" }),
        json!({ "instanceId": "i".repeat(65) }),
        json!({ "instanceId": 7 }),
        json!({ "beginTime": null }),
        json!({ "endTime": null }),
        json!({ "endTime": 1_835_521_200 }),
        json!({ "endTime": "2028-03-01T11:00:00" }),
        json!({ "endTime": "2028-03-01T11:00:00.5Z" }),
        json!({ "endTime": "2028-02-30T11:00:00Z" }),
        json!({ "endTime": "2028-03-01T10:00:00Z" }),
        json!({ "endTime": "2028-03-01T09:59:59Z" }),
        json!({ "endTime": "2028-03-02T10:00:01Z" }),
        json!({ "value": null }),
        json!({ "value": true }),
        json!({ "value": ["1"] }),
        json!({ "value": "" }),
        json!({ "value": "-1" }),
        json!({ "value": -0.5 }),
        json!({ "value": "1.00001" }),
        json!({ "value": 100_000_000 }),
        json!({ "relatedPackageInstanceId": "" }),
        json!({ "relatedPackageInstanceId": 7 }),
    ] {
        assert_eq!(shape(&changes), (true, false), "{changes}");
    }
    assert_eq!(shape(&json!({ "endTime": "2028-03-02T10:00:00Z" })), (true, true));
}

#[test]
fn lines_are_in_the_order_of_the_message_and_a_bad_one_harms_no_other() {
    let ids = ["c", "a", "b"];
    let mut records: Vec<_> = ids.map(|id| record(&json!({ "recordId": id }))).into();
    records.insert(1, json!("text"));
    let report = read(&records.into()).unwrap();
    let names: Vec<_> = report.lines.iter().map(|line| line.record_id.as_deref()).collect();
    assert_eq!(names, [Some("c"), None, Some("a"), Some("b")]);
    let formed: Vec<_> = report.lines.iter().map(|line| line.record.is_some()).collect();
    assert_eq!(formed, [true, false, true, true]);
}

fn info(message: &Value) -> Result<UsageInfoReport, UsageMessageError> {
    UsageInfoReport::read(&id("i-1"), message.to_string().as_bytes())
}

fn message(entries: &Value) -> Value {
    json!({ "type": "instance.usage", "data": { "instanceId": "i-1", "usageInfo": entries } })
}

#[test]
fn usage_of_a_package_has_1_to_64_entries() {
    let read = |count| info(&message(&vec![json!({ "usageValue": "1" }); count].into()));
    assert_eq!(read(0), Err(UsageMessageError::EntryCount));
    assert_eq!(read(1).unwrap().entries.len(), 1);
    assert_eq!(read(64).unwrap().entries.len(), 64);
    assert_eq!(read(65), Err(UsageMessageError::EntryCount));
}

#[test]
fn usage_of_a_package_is_read_with_all_members() {
    let read = info(&message(&json!([
        { "usageValue": 1.25, "relatedInstanceId": "i-2", "dashboardUrl": "https://example.com/u" },
        { "usageValue": "7.0", "relatedInstanceId": null },
    ])))
    .unwrap();
    assert!(read.is_of_package());
    let [first, second] = [&read.entries[0], &read.entries[1]];
    assert_eq!(first.related_instance_id, Some(id("i-2")));
    assert_eq!(first.dashboard_url.as_deref(), Some("https://example.com/u"));
    let values = [first, second].map(|entry| entry.usage_value.to_string());
    assert_eq!(values, ["1.25", "7"]);
    assert!(second.related_instance_id.is_none() && second.dashboard_url.is_none());
    assert!(!info(&message(&json!([{ "usageValue": "1" }]))).unwrap().is_of_package());
}

#[test]
fn a_message_about_another_instance_or_of_another_type_is_misdirected() {
    let entries = json!([{ "usageValue": "1" }]);
    for (name, wrong) in [("type", json!("instance.access")), ("type", json!("Instance.usage"))] {
        let mut message = message(&entries);
        message[name] = wrong;
        assert_eq!(info(&message), Err(UsageMessageError::Misdirected));
    }
    for wrong in [json!("i-2"), json!("I-1"), json!(null), json!(1)] {
        let mut message = message(&entries);
        message["data"]["instanceId"] = wrong;
        assert_eq!(info(&message), Err(UsageMessageError::Misdirected));
    }
}

#[test]
fn a_malformed_message_about_a_package_is_rejected() {
    for (body, fault) in [
        (json!([]), UsageMessageError::NotAnObject),
        (json!({}), UsageMessageError::NotAMessage),
        (json!({ "type": "instance.usage" }), UsageMessageError::NotAMessage),
        (json!({ "type": "instance.usage", "data": [] }), UsageMessageError::NotAMessage),
        (message(&json!(null)), UsageMessageError::NotAMessage),
        (message(&json!({ "usageValue": "1" })), UsageMessageError::NotAMessage),
    ] {
        assert_eq!(info(&body), Err(fault), "{body}");
    }
    let long = format!("https://{}", "a".repeat(505));
    for entry in [
        json!("1"),
        json!({}),
        json!({ "usageValue": null }),
        json!({ "usageValue": "-1" }),
        json!({ "usageValue": "0.00001" }),
        json!({ "usageValue": "1", "relatedInstanceId": 7 }),
        json!({ "usageValue": "1", "relatedInstanceId": "" }),
        json!({ "usageValue": "1", "dashboardUrl": "ftp://example.com" }),
        json!({ "usageValue": "1", "dashboardUrl": "https://example.com/a b" }),
        json!({ "usageValue": "1", "dashboardUrl": long }),
    ] {
        let read = info(&message(&json!([{ "usageValue": "1" }, entry])));
        assert_eq!(read, Err(UsageMessageError::Entry), "{entry}");
    }
    let longest = format!("https://{}", "a".repeat(504));
    assert!(info(&message(&json!([{ "usageValue": "1", "dashboardUrl": longest }]))).is_ok());
}
