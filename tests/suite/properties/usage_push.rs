//! The body of a usage push is canonical for all records. Every answer is
//! classified.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::access_key::AccessKey;
use protocol::message::InstanceId;
use protocol::open_api::OpenApiHost;
use protocol::time::UnixMillis;
use protocol::usage::{PushedRecord, UsagePush, read_usage_answer};
use serde_json::Value;

use super::{cases, text, to_text, tree};

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn the_body_of_a_usage_push_is_sorted_compact_and_ascii(
        records in vec(record(), 0..6),
        nonce: [u8; 16],
        now: u64,
    ) {
        let key = AccessKey::parse("constructed-base-key-0001").unwrap();
        let (host, now) = (OpenApiHost::default(), UnixMillis::new(now));
        let request = UsagePush::request(&records, &host, &key, None, nonce, now);
        let read: Value = serde_json::from_slice(&request.body).unwrap();
        prop_assert_eq!(str::from_utf8(&request.body).unwrap(), canonical(&read));
        let sent = read["usage_records"].as_array().unwrap();
        prop_assert_eq!(sent.len(), records.len());
        for (sent, record) in sent.iter().zip(&records) {
            let package = record.package.as_ref().map(|id| Value::from(id.as_str()));
            let named: Vec<(&str, Value)> = vec![
                ("begin_time", record.begin.to_sdk_date().into()),
                ("end_time", record.end.to_sdk_date().into()),
                ("instance_id", record.instance_id.as_str().into()),
                ("metering_sn", record.metering_sn.as_str().into()),
                ("record_time", record.record_time.to_sdk_date().into()),
                ("usage_value", record.value.as_str().into()),
            ];
            let all = named.into_iter().chain(package.map(|id| ("relate_pkg_instance", id)));
            let expected = all.map(|(name, value)| (name.to_owned(), value)).collect();
            prop_assert_eq!(sent, &Value::Object(expected));
        }
    }

    #[test]
    fn every_answer_to_a_usage_push_has_a_short_reason(
        status in any::<u16>(),
        body in prop_oneof![vec(any::<u8>(), 0..64), answered().prop_map(String::into_bytes)],
    ) {
        let answer = read_usage_answer(status, &body);
        prop_assert!(answer.reason.to_string().len() <= 96);
        prop_assert_eq!(answer.reason.status(), status);
    }
}

fn record() -> impl Strategy<Value = PushedRecord> {
    let id = || text().prop_filter_map("not an identifier", |text| InstanceId::parse(&text).ok());
    let time = || any::<u64>().prop_map(UnixMillis::new);
    let texts = (id(), text(), text(), option::of(id()));
    (texts, [time(), time(), time()]).prop_map(|(texts, [record_time, begin, end])| {
        let (instance_id, value, metering_sn, package) = texts;
        PushedRecord { instance_id, record_time, begin, end, value, metering_sn, package }
    })
}

/// An answer with one of the codes, and something odd beside it.
fn answered() -> impl Strategy<Value = String> {
    let prefix = select(vec!["MKT.", "CBC.", "APIG.", "APIGW.", "MKT. ", "", "X."]);
    (prefix, 0_u16..10_000, tree()).prop_map(|(prefix, number, odd)| {
        let odd = to_text(&odd, " ", &super::all_escaped);
        format!(r#"{{"error_code":"{prefix}{number:04}","extra_info":{odd}}}"#)
    })
}

/// The canonical form, written by other rules than `protocol`'s: sorted member names, no white
/// space, and an escape for every character outside ASCII.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            let member = |(name, value): (&String, &Value)| {
                format!("{}:{}", escaped(name), canonical(value))
            };
            format!("{{{}}}", sorted.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::String(text) => escaped(text),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter.is_ascii() {
        true => letter.to_string(),
        false => {
            letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
        }
    };
    Value::from(text).to_string().chars().map(escape).collect()
}
