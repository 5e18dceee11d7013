//! Bodies of `POST /usage` that are malformed as a whole or in a record.

use serde_json::{Value, json};
use tests::call::run;

use super::calls::*;

/// Sends a text. Returns the status, and the outcomes if the report was read.
fn outcome(koohook: &Reported, text: &str) -> (u16, Vec<String>) {
    let (status, answer) = run(post(koohook, text.as_bytes()));
    let read = answer.get("records").is_some();
    (status, if read { outcomes(&answer) } else { Vec::new() })
}

#[test]
fn a_body_that_is_unusable_as_a_whole_stores_nothing() {
    let koohook = pay_per_use();
    let good = hour(&koohook, &id("CS1"), 1, "1").to_string();
    let many = vec![good.as_str(); 1_001].join(",");
    for body in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"records":null}"#.to_owned(),
        r#"{"records":{}}"#.to_owned(),
        r#"{"records":[]}"#.to_owned(),
        format!(r#"{{"records":[{good}]"#),
        format!(r#"{{"records":[{many}]}}"#),
        format!(r#"{{"records":[{good}],"records":[]}}"#),
    ] {
        let shown: String = body.chars().take(80).collect();
        assert_eq!(outcome(&koohook, &body), (422, Vec::new()), "{shown}");
    }
    assert_eq!(koohook.store().take_counts(), (0, 0));
    let marked = format!("\u{feff}{{\"records\":[{good}],\"x\":1}}");
    assert_eq!(outcome(&koohook, &marked), (200, vec!["accepted".to_owned()]));
}

/// A record that is odd in itself rejects no other (decision J1).
#[test]
fn an_odd_record_rejects_no_other() {
    let koohook = pay_per_use();
    let [first, last] = [2, 1].map(|hours| hour(&koohook, &id("CS1"), hours, "1").to_string());
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let odd = [
        first.replacen('{', r#"{"value":"2","#, 1),
        first.replace("r-2", r"\ud800"),
        first.replace(r#""value":"1""#, r#""value":1e400"#),
        first.replacen('{', &format!(r#"{{"x":{deep},"#), 1),
    ];
    for odd in odd {
        assert_ne!(odd, first);
        let body = format!(r#"{{"records":[{odd},{last}]}}"#);
        let (status, outcomes) = outcome(&koohook, &body);
        assert_eq!((status, outcomes.len()), (200, 2), "{odd}");
        assert_eq!(outcomes[0], "malformed", "{odd}");
        assert!(["accepted", "repeated"].contains(&outcomes[1].as_str()), "{outcomes:?}");
    }
}

#[test]
fn a_thousand_records_are_accepted() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let minute = |place: u64| {
        json!({ "recordId": place.to_string(), "instanceId": id, "value": 0.5,
                "beginTime": ago(&koohook, (place + 1) * 60), "endTime": ago(&koohook, place * 60) })
    };
    let records: Vec<_> = (0..1_000).map(minute).collect();
    assert_eq!(sends(&koohook, &records), (200, vec!["accepted".to_owned(); 1_000]));
    assert_eq!(koohook.store().take_counts(), (2, 1));
    assert_eq!(total(&koohook, &id), ("500".to_owned(), 1_000));
}

#[test]
fn a_body_has_at_most_a_mebibyte() {
    let koohook = pay_per_use();
    let good = hour(&koohook, &id("CS1"), 1, "1").to_string();
    let padded = |len: usize| {
        let start = format!(r#"{{"records":[{good}],"pad":""#);
        format!("{start}{}\"}}", "x".repeat(len - start.len() - 2))
    };
    let longest = padded(1024 * 1024);
    assert_eq!(longest.len(), 1_048_576);
    assert_eq!(outcome(&koohook, &padded(1_048_577)).0, 413);
    assert_eq!(koohook.store().take_counts(), (0, 0));
    assert_eq!(outcome(&koohook, &longest), (200, vec!["accepted".to_owned()]));
}

/// What replaces a member of a good record.
fn malformed_members(good: &Value) -> Vec<(&'static str, Value)> {
    let texts = |name, texts: &[&str]| -> Vec<_> {
        texts.iter().map(|text| (name, Value::from(*text))).collect()
    };
    let [long_id, long_instance] = ["é", "i"].map(|letter| letter.repeat(65));
    let times = ["2026-10-05", "2026-10-05T10:00:00", "2026-10-05T10:00:00.5Z", "20261005100000"];
    let values = ["", "-1", "1.00001", "100000000", "1,5", "0x10", "NaN", "1 "];
    let mut members = [
        texts("recordId", &["", &long_id, "a\u{0}"]),
        texts("instanceId", &["", &long_instance, "a\u{0}b"]),
        texts("beginTime", &times),
        texts("endTime", &times),
        texts("value", &values),
        texts("relatedPackageInstanceId", &["", "p\u{7f}"]),
    ]
    .concat();
    members.push(("beginTime", good["endTime"].clone()));
    members.push(("value", true.into()));
    let names = ["recordId", "instanceId", "beginTime", "endTime", "relatedPackageInstanceId"];
    members.extend(names.map(|name| (name, json!(7))));
    let required = ["recordId", "instanceId", "beginTime", "endTime", "value"];
    members.extend(required.map(|name| (name, Value::Null)));
    members.extend(["value", "instanceId"].map(|name| (name, json!(["1"]))));
    members
}

#[test]
fn a_malformed_member_rejects_its_record_alone() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let good = hour(&koohook, &id, 9, "7");
    let cases = malformed_members(&good);
    let replaced = |(name, value): &(&str, Value)| {
        let mut bad = good.clone();
        bad[*name] = value.clone();
        bad
    };
    let mut records: Vec<_> = cases.iter().map(replaced).collect();
    records.push(good.clone());
    let (status, words) = sends(&koohook, &records);
    let (last, bad) = words.split_last().unwrap();
    assert_eq!((bad.len(), cases.len()), (38, 38));
    for (word, case) in bad.iter().zip(&cases) {
        assert_eq!(word, "malformed", "{case:?}");
    }
    assert_eq!((status, last.as_str()), (200, "accepted"));
    assert_eq!(total(&koohook, &id), ("7".to_owned(), 1));
}

/// The texts that mean the same number or the same time are the same record.
#[test]
fn other_spellings_are_the_same_record() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let record = |begin: &str, end: &str, value: &str| {
        format!(
            r#"{{"recordId":"{}","instanceId":"{id}","beginTime":"{begin}","endTime":"{end}","value":{value}}}"#,
            "é".repeat(64)
        )
    };
    // The world began at 2026-10-05T21:09:27Z, two days ago.
    let utc = ("2026-10-06T10:00:00Z", "2026-10-06T11:00:00Z");
    let beijing = ("2026-10-06T18:00:00+08:00", "2026-10-06T19:00:00.000+08:00");
    let zero = ("2026-10-06T12:00:00Z", "2026-10-06T13:00:00Z");
    let records = [
        record(utc.0, utc.1, "1e2"),
        record(utc.0, utc.1, "100.0000"),
        record(beijing.0, beijing.1, "\"100\""),
        record(zero.0, zero.1, "-0.0"),
        record(zero.0, zero.1, "0e0"),
        record(utc.0, utc.1, "1.50"),
    ];
    let body = format!(r#"{{"records":[{}]}}"#, records.join(","));
    let expected = ["accepted", "repeated", "repeated", "accepted", "repeated", "other-value"];
    assert_eq!(outcome(&koohook, &body), (200, expected.map(str::to_owned).to_vec()));
    assert_eq!(total(&koohook, &id), ("100".to_owned(), 2));
}
