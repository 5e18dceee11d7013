//! Tests of the body: the table of its members, and the errors of a whole request.

use serde_json::{Value, json};

use super::{HOUR, ID, NOW, at, body, code, market, record, said, send};
use crate::usage::{CodePrefix, InstanceChecks, SimulatedInstance};

/// A body that is not an array of records.
#[test]
fn the_top_level_has_one_member() {
    let one = record(9, json!({})).to_string();
    let long = format!("{{\"usage_records\":[{}]}}", "{},".repeat(1_000) + "{}");
    let bodies = [
        ("{}", "400 MKT.0101"),
        ("[]", "400 MKT.0199"),
        (r#"{"usage_records":[]}"#, "400 MKT.0101"),
        (r#"{"usage_records":{}}"#, "500 MKT.0100"),
        (r#"{"usage_records":null}"#, "500 MKT.0100"),
        (r#"{"usage_records":[1]}"#, "500 MKT.0100"),
        (&format!(r#"{{"records":[{one}]}}"#), "400 MKT.0101"),
        (&format!(r#"{{"a":1,"usage_records":[{one}]}}"#), "400 MKT.0101"),
        (&long, "500 MKT.9003"),
    ];
    for (body, expected) in bodies {
        let mut market = market();
        assert_eq!(code(&mut market, body, NOW), expected, "{body:.80}");
        assert!(market.received_records().is_empty());
    }
}

/// A text of this length.
fn text(length: usize) -> Value {
    "x".repeat(length).into()
}

/// `null` removes the member; the text `null` in JSON is tested above.
#[test]
fn each_member_has_its_type_and_length() {
    let members: [(&str, Value, &str); 22] = [
        ("instance_id", Value::Null, MISSING),
        ("instance_id", "".into(), MISSING),
        ("instance_id", 5.into(), RANGE),
        ("instance_id", text(65), RANGE),
        ("record_time", Value::Null, MISSING),
        ("record_time", text(18), RANGE),
        ("record_time", 20_220_809.into(), RANGE),
        ("begin_time", Value::Null, MISSING),
        ("begin_time", text(18), RANGE),
        ("end_time", Value::Null, MISSING),
        ("end_time", text(18), RANGE),
        ("usage_value", Value::Null, MISSING),
        ("usage_value", text(21), RANGE),
        ("usage_value", true.into(), RANGE),
        ("metering_sn", text(65), RANGE),
        ("metering_sn", 5.into(), RANGE),
        ("relate_pkg_instance", text(65), RANGE),
        ("relate_pkg_instance", 5.into(), RANGE),
        ("product_id", "p".into(), MISSING),
        ("metering_sn", text(64), FINE),
        ("metering_sn", Value::Null, FINE),
        ("record_time", text(17), FINE),
    ];
    for (name, value, expected) in members {
        let changed = body(&[record(9, json!({ name: value }))]);
        assert_eq!(code(&mut market(), &changed, NOW), expected, "{changed}");
    }
}

#[test]
fn a_value_is_a_positive_decimal_as_text_or_number() {
    let values = [
        (json!("99"), FINE),
        (json!("0.0001"), FINE),
        (json!("99999999.9999"), FINE),
        (json!(12.5), FINE),
        (json!(3), FINE),
        (json!("0"), VALUE),
        (json!("0.0000"), VALUE),
        (json!(0), VALUE),
        (json!("-1"), VALUE),
        (json!(-1), VALUE),
        (json!("1.00001"), VALUE),
        (json!(1.00001), VALUE),
        (json!("1e3"), VALUE),
        (json!("100000000"), VALUE),
        (json!("1,5"), VALUE),
    ];
    for (value, expected) in values {
        let sent = body(&[record(9, json!({ "usage_value": value }))]);
        assert_eq!(code(&mut market(), &sent, NOW), expected, "{value}");
    }
}

/// One wrong record refuses the others.
#[test]
fn a_wrong_record_refuses_its_whole_request() {
    let wrong = [
        (json!({ "instance_id": "theirs" }), "401 MKT.0150"),
        (json!({ "instance_id": "unknown" }), "500 MKT.9001"),
        (json!({ "usage_value": "0" }), VALUE),
        (json!({ "begin_time": "20220719T090959Z" }), "500 MKT.9004"),
    ];
    for (changes, expected) in wrong {
        let mut market = market();
        market.know(SimulatedInstance { ours: false, ..SimulatedInstance::new("theirs", 0) });
        let sent = body(&[record(8, json!({})), record(9, changes)]);
        assert_eq!(code(&mut market, &sent, NOW), expected, "{sent}");
        assert!(market.received_records().is_empty());
        market.rules_mut().prefix = CodePrefix::Cbc;
        assert_eq!(code(&mut market, &sent, NOW), expected.replace("MKT", "CBC"), "{sent}");
    }
}

#[test]
fn a_begin_is_refused_after_21_days() {
    let sent = body(&[record(9, json!({}))]);
    let begin = at("20220809T080000Z");
    let limit = begin + 21 * 24 * HOUR;
    assert_eq!(code(&mut market(), &sent, limit), FINE);
    assert_eq!(code(&mut market(), &sent, limit + 1), "500 MKT.9004");
}

/// With the other reading, the request succeeds and the check in the background rejects.
#[test]
fn instances_and_values_can_be_checked_later() {
    let wrong = [
        (json!({ "instance_id": "theirs" }), "009"),
        (json!({ "instance_id": "unknown" }), "001"),
        (json!({ "usage_value": "0" }), "003"),
        (json!({ "begin_time": "20220719T090959Z" }), "007"),
    ];
    for (changes, expected) in wrong {
        let mut market = market();
        market.rules_mut().checks = InstanceChecks::InBackground;
        market.know(SimulatedInstance::new(ID, 0));
        market.know(SimulatedInstance { ours: false, ..SimulatedInstance::new("theirs", 0) });
        let sent = body(&[record(8, json!({})), record(9, changes)]);
        assert_eq!(code(&mut market, &sent, NOW), FINE);
        market.run_background(NOW);
        let codes: Vec<_> = market.rejected_records().map(|r| r.rejected().unwrap()).collect();
        assert_eq!(codes.iter().map(|code| code.text()).collect::<Vec<_>>(), [expected]);
        assert_eq!(market.billable(ID), "1.5");
    }
}

#[test]
fn a_smaller_limit_of_records_is_a_rule() {
    let mut market = market();
    market.rules_mut().max_records = 1;
    let two = body(&[record(8, json!({})), record(9, json!({}))]);
    assert_eq!(code(&mut market, &two, NOW), "500 MKT.9003");
    assert_eq!(code(&mut market, &body(&[record(8, json!({}))]), NOW), FINE);
}

#[test]
fn a_thousand_records_are_received() {
    let second = |at: u32| format!("20220809T01{:02}{:02}Z", at / 60, at % 60);
    let records: Vec<Value> = (0..1_000)
        .map(|at| {
            let changes = json!({
                "begin_time": second(at), "end_time": second(at + 1), "metering_sn": at.to_string(),
                "usage_value": "0.1",
            });
            record(9, changes)
        })
        .collect();
    let mut market = market();
    assert_eq!(code(&mut market, &body(&records), NOW), FINE);
    market.run_background(NOW);
    assert_eq!((market.billable(ID).as_str(), market.overlaps().count()), ("100", 0));
}

#[test]
fn the_answers_have_the_members_of_the_guide() {
    let mut market = market();
    let answers = [
        (body(&[record(9, json!({}))]), r#"{"error_code":"MKT.0000","error_msg":"success"}"#),
        ("{}".to_owned(), r#"{"error_code":"MKT.0101","error_msg":"Invalid parameter"}"#),
    ];
    for (sent, expected) in answers {
        let reply = send(&mut market, &sent, NOW);
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(read(reply.in_time().unwrap().1), read(expected), "{}", said(&reply));
    }
}

const FINE: &str = "200 MKT.0000";
const MISSING: &str = "400 MKT.0101";
const RANGE: &str = "500 MKT.0100";
const VALUE: &str = "500 MKT.9002";
