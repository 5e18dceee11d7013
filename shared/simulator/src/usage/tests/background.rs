//! Tests of the check in the background: record codes, repeats, overlaps.

use serde_json::{Value, json};

use super::{ID, NOW, at, body, code, market, record, send};
use crate::usage::{RecordState, SimulatedInstance, UsageMarketplace};

/// Sends records one after another, checks them, and returns their codes; `-` is billable.
fn codes(market: &mut UsageMarketplace, records: &[Value]) -> Vec<&'static str> {
    let first = market.received_records().len();
    for one in records {
        assert_eq!(code(market, &body(std::slice::from_ref(one)), NOW), "200 MKT.0000", "{one}");
    }
    market.run_background(NOW);
    let states = market.received_records()[first..].iter();
    states.map(|record| record.rejected().map_or("-", |code| code.text())).collect()
}

#[test]
fn a_bad_record_gets_the_code_of_its_fault() {
    let records = [
        (json!({}), "-"),
        (json!({ "begin_time": "2022-08-09" }), "002"),
        (json!({ "end_time": "20220809T250000Z" }), "002"),
        (json!({ "record_time": "yesterday" }), "002"),
        (json!({ "metering_sn": null }), "004"),
        (json!({ "metering_sn": "" }), "004"),
        (json!({ "instance_id": "package" }), "012"),
        (json!({ "instance_id": "delisted" }), "006"),
        (json!({ "instance_id": "abnormal" }), "013"),
        (json!({ "relate_pkg_instance": "package" }), "-"),
        (json!({ "relate_pkg_instance": "unknown" }), "001"),
        // From the beginning of the instance, not before.
        (json!({ "begin_time": "20220809T000000Z" }), "-"),
        (json!({ "begin_time": "20220808T235959Z" }), "011"),
        // The end is not before the begin, and not in the future.
        (json!({ "end_time": "20220809T080000Z" }), "-"),
        (json!({ "end_time": "20220809T075959Z" }), "011"),
        (json!({ "end_time": "20220809T091000Z", "record_time": "20220809T091000Z" }), "-"),
        (json!({ "end_time": "20220809T091001Z", "record_time": "20220809T091001Z" }), "011"),
        // The record is not older than its end.
        (json!({ "record_time": "20220809T085959Z" }), "011"),
    ];
    for (changes, expected) in records {
        let mut market = market();
        market.know(SimulatedInstance::package("package", 0));
        market.know(SimulatedInstance { delisted: true, ..SimulatedInstance::new("delisted", 0) });
        market.know(SimulatedInstance { abnormal: true, ..SimulatedInstance::new("abnormal", 0) });
        assert_eq!(codes(&mut market, &[record(9, changes.clone())]), [expected], "{changes}");
    }
}

#[test]
fn a_window_ends_before_the_instance_is_closed() {
    for (closed_at, expected) in
        [("20220809T090000Z", "-"), ("20220809T100000Z", "-"), ("20220809T085959Z", "011")]
    {
        let mut market = market();
        market.close(ID, at(closed_at) + 999);
        assert_eq!(codes(&mut market, &[record(9, json!({}))]), [expected], "{closed_at}");
    }
}

/// The callbacks have milliseconds. The second in which the instance began belongs to it.
#[test]
fn an_instance_begins_in_its_second() {
    let mut market = market();
    market.know(SimulatedInstance::new(ID, at("20220809T080000Z") + 999));
    assert_eq!(codes(&mut market, &[record(9, json!({}))]), ["-"]);
}

#[test]
fn the_first_record_of_a_window_counts() {
    let mut market = market();
    let records = [
        record(9, json!({})),
        record(9, json!({})),
        record(9, json!({ "usage_value": "7" })),
        record(9, json!({ "metering_sn": "another" })),
        record(9, json!({ "record_time": "20220809T090600Z" })),
        record(9, json!({ "end_time": "20220809T090001Z" })),
        record(8, json!({ "metering_sn": "sn-9" })),
        record(8, json!({})),
    ];
    let expected = ["-", "010", "010", "010", "010", "005", "005", "-"];
    assert_eq!(codes(&mut market, &records), expected);
    assert_eq!(market.billable(ID), "3");
    assert_eq!((market.duplicates().count(), market.rejected_records().count()), (4, 2));
    let altered: Vec<_> = market.altered_duplicates().map(|record| &record.usage_value).collect();
    assert_eq!(altered, ["7", "1.5", "1.5"]);
}

/// The seller must report a rejected window again, also under the same number.
#[test]
fn a_rejected_record_holds_neither_its_window_nor_its_number() {
    let mut market = market();
    market.instance_mut(ID).unwrap().abnormal = true;
    assert_eq!(codes(&mut market, &[record(9, json!({}))]), ["013"]);
    market.instance_mut(ID).unwrap().abnormal = false;
    assert_eq!(codes(&mut market, &[record(9, json!({})), record(9, json!({}))]), ["-", "010"]);
    assert_eq!(market.billable(ID), "1.5");
    // A record that is rejected for another reason does not correct the first one.
    market.instance_mut(ID).unwrap().abnormal = true;
    assert_eq!(codes(&mut market, &[record(9, json!({ "usage_value": "2" }))]), ["013"]);
    assert_eq!(market.altered_duplicates().count(), 0);
}

#[test]
fn windows_of_two_instances_do_not_touch() {
    let mut market = market();
    market.know(SimulatedInstance::new("other", 0));
    let other = record(9, json!({ "instance_id": "other", "metering_sn": "o" }));
    assert_eq!(codes(&mut market, &[record(9, json!({})), other]), ["-", "-"]);
    assert_eq!((market.billable(ID), market.billable("other")), ("1.5".into(), "1.5".into()));
    assert_eq!(market.billable("unknown"), "0");
    assert_eq!(market.overlaps().count(), 0);
}

/// The guide does not forbid overlaps, but the buyer would pay twice.
#[test]
fn overlapping_windows_are_billed_and_counted() {
    let window = |begin: &str, end: &str| {
        let changes = json!({
            "begin_time": format!("20220809T{begin}00Z"), "end_time": format!("20220809T{end}00Z"),
            "metering_sn": format!("{begin}-{end}"), "record_time": "20220809T090500Z",
        });
        record(9, changes)
    };
    let cases: [(&str, &str, usize); 7] = [
        ("0700", "0800", 0),
        ("0830", "0900", 0),
        ("0700", "0801", 1),
        ("0829", "0900", 1),
        ("0810", "0820", 1),
        ("0700", "0900", 1),
        ("0800", "0829", 1),
    ];
    for (begin, end, overlaps) in cases {
        let mut market = market();
        let records = [window("0800", "0830"), window(begin, end)];
        assert_eq!(codes(&mut market, &records), ["-", "-"]);
        assert_eq!(market.overlaps().count(), overlaps, "{begin} {end}");
    }
}

#[test]
fn an_answer_can_list_the_rejected_records() {
    let mut market = market();
    market.rules_mut().record_codes_in_answer = true;
    let records = [
        record(8, json!({})),
        record(9, json!({})),
        record(9, json!({})),
        record(7, json!({ "metering_sn": "sn-8" })),
    ];
    let reply = send(&mut market, &body(&records), NOW);
    let answer: Value = serde_json::from_str(reply.in_time().unwrap().1).unwrap();
    assert_eq!(
        answer,
        json!({ "error_code": "MKT.0000", "error_msg": "success", "failed_records": [
            { "metering_sn": "sn-9", "error_code": "010" },
            { "metering_sn": "sn-8", "error_code": "005" },
        ]})
    );
    // Records of earlier requests are not listed again.
    let reply = send(&mut market, &body(&[record(6, json!({}))]), NOW);
    let answer: Value = serde_json::from_str(reply.in_time().unwrap().1).unwrap();
    assert_eq!(answer, json!({ "error_code": "MKT.0000", "error_msg": "success" }));
    assert_eq!(market.billable(ID), "4.5");
}

#[test]
fn a_received_record_waits_for_the_check() {
    let mut market = market();
    send(&mut market, &body(&[record(9, json!({}))]), NOW);
    assert_eq!(market.received_records()[0].state, RecordState::Waiting);
    assert_eq!((market.billable(ID), market.collect(NOW + 86_400_000)), ("0".to_owned(), 0));
    market.run_background(NOW + 7);
    assert_eq!(market.received_records()[0].state, RecordState::Billable { since: NOW + 7 });
}
