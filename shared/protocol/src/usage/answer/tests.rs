//! Every row of both tables, and answers that neither table contains.

use super::*;

fn shown(status: u16, body: &str) -> String {
    let answer = read_usage_answer(status, body.as_bytes());
    let verdict = match answer.verdict {
        PushVerdict::Received => "received",
        PushVerdict::Retry => "retry",
        PushVerdict::TooMany => "halve",
        PushVerdict::RecordAtFault => "record",
        PushVerdict::InstanceNotFound => "instance",
        PushVerdict::WrongBodySign => "sign",
        PushVerdict::KeyRefused => "key",
        PushVerdict::Unknown => "unknown",
    };
    format!("{verdict}: {}", answer.reason)
}

/// The marketplace's table. Each row is tried with both prefixes.
#[rustfmt::skip]
const MARKETPLACE: &[(u16, &str, &str)] = &[
    (200, "0000", "received: received (status 200, MKT.0000: Success)"),
    (500, "0999", "retry: unavailable (status 500, MKT.0999: System internal error)"),
    (500, "0100", "record: record-at-fault (status 500, MKT.0100: Failure of input parameter)"),
    (400, "0101", "record: record-at-fault (status 400, MKT.0101: Invalid parameter)"),
    (400, "0102", "sign: wrong-body-sign (status 400, MKT.0102: Invalid body sign)"),
    (400, "0199", "record: record-at-fault (status 400, MKT.0199: Request parameter error)"),
    (401, "0150", "record: record-at-fault (status 401, MKT.0150: Illegal operation)"),
    (401, "0151", "key: key-refused (status 401, MKT.0151: No authority)"),
    (401, "0154", "key: key-refused (status 401, MKT.0154: Illegal token)"),
    (406, "0250", "retry: throttled (status 406, MKT.0250: Access frequency overlimit)"),
    (500, "9001", "instance: instance-not-found (status 500, MKT.9001: Instance ID not found)"),
    (500, "9002", "record: record-at-fault (status 500, MKT.9002: Invalid usage enties)"),
    (500, "9003", "halve: too-many (status 500, MKT.9003: Usage records extends size limit)"),
    (500, "9004", "record: record-at-fault (status 500, MKT.9004: Record beginTime extends Limit)"),
    (500, "9005", "unknown: unknown-answer (status 500, MKT.9005)"),
    // A success needs both: the code and the status.
    (201, "0000", "received: received (status 201, MKT.0000: Success)"),
    (299, "0000", "received: received (status 299, MKT.0000: Success)"),
    (199, "0000", "retry: contradictory (status 199, MKT.0000: Success)"),
    (300, "0000", "retry: contradictory (status 300, MKT.0000: Success)"),
    (401, "0000", "retry: contradictory (status 401, MKT.0000: Success)"),
    (500, "0000", "retry: contradictory (status 500, MKT.0000: Success)"),
    // The number counts before the status.
    (200, "0150", "record: record-at-fault (status 200, MKT.0150: Illegal operation)"),
    (429, "0151", "key: key-refused (status 429, MKT.0151: No authority)"),
    (200, "0250", "retry: throttled (status 200, MKT.0250: Access frequency overlimit)"),
    (503, "9003", "halve: too-many (status 503, MKT.9003: Usage records extends size limit)"),
    // Numbers that are not in the table.
    (200, "9005", "unknown: unknown-answer (status 200, MKT.9005)"),
    (200, "0777", "unknown: unknown-answer (status 200, MKT.0777)"),
    (401, "0777", "unknown: unknown-answer (status 401, MKT.0777)"),
    (503, "0777", "unknown: unknown-answer (status 503, MKT.0777)"),
    (429, "0777", "retry: throttled (status 429, MKT.0777)"),
    // Numbers of the gateway's table.
    (401, "0301", "unknown: unknown-answer (status 401, MKT.0301)"),
    (429, "0308", "retry: throttled (status 429, MKT.0308)"),
    (400, "0308", "unknown: unknown-answer (status 400, MKT.0308)"),
    (400, "1009", "unknown: unknown-answer (status 400, MKT.1009)"),
];

/// The gateway's table. Each row is tried with both prefixes.
#[rustfmt::skip]
const GATEWAY: &[(u16, &str, &str)] = &[
    (404, "0101", "unknown: unknown-answer (status 404, APIG.0101)"),
    (400, "0106", "unknown: unknown-answer (status 400, APIG.0106)"),
    (400, "0201", "unknown: unknown-answer (status 400, APIG.0201)"),
    (413, "0201", "unknown: unknown-answer (status 413, APIG.0201)"),
    (414, "0201", "unknown: unknown-answer (status 414, APIG.0201)"),
    (494, "0201", "unknown: unknown-answer (status 494, APIG.0201)"),
    (502, "0201", "retry: unavailable (status 502, APIG.0201)"),
    (502, "0202", "retry: unavailable (status 502, APIG.0202)"),
    (504, "0201", "retry: unavailable (status 504, APIG.0201)"),
    (504, "0203", "retry: unavailable (status 504, APIG.0203)"),
    (400, "0204", "unknown: unknown-answer (status 400, APIG.0204)"),
    (401, "0301", "key: key-refused (status 401, APIG.0301)"),
    (403, "0302", "unknown: unknown-answer (status 403, APIG.0302)"),
    (401, "0303", "key: key-refused (status 401, APIG.0303)"),
    (403, "0304", "unknown: unknown-answer (status 403, APIG.0304)"),
    (401, "0305", "key: key-refused (status 401, APIG.0305)"),
    (403, "0306", "unknown: unknown-answer (status 403, APIG.0306)"),
    (401, "0307", "key: key-refused (status 401, APIG.0307)"),
    (429, "0308", "retry: throttled (status 429, APIG.0308)"),
    (403, "0401", "unknown: unknown-answer (status 403, APIG.0401)"),
    (403, "0402", "unknown: unknown-answer (status 403, APIG.0402)"),
    (403, "0403", "unknown: unknown-answer (status 403, APIG.0403)"),
    (403, "0404", "unknown: unknown-answer (status 403, APIG.0404)"),
    (403, "0405", "unknown: unknown-answer (status 403, APIG.0405)"),
    (405, "0501", "unknown: unknown-answer (status 405, APIG.0501)"),
    (405, "0502", "unknown: unknown-answer (status 405, APIG.0502)"),
    (500, "0601", "retry: unavailable (status 500, APIG.0601)"),
    (500, "0606", "retry: unavailable (status 500, APIG.0606)"),
    (500, "0608", "retry: unavailable (status 500, APIG.0608)"),
    (502, "0610", "retry: unavailable (status 502, APIG.0610)"),
    (503, "0613", "retry: unavailable (status 503, APIG.0613)"),
    (400, "1009", "key: key-refused (status 400, APIG.1009)"),
    (400, "2201", "key: key-refused (status 400, APIG.2201)"),
    // Every number with a status 5xx, and every unknown number.
    (500, "0301", "retry: unavailable (status 500, APIG.0301)"),
    (599, "0777", "retry: unavailable (status 599, APIG.0777)"),
    (600, "0777", "unknown: unknown-answer (status 600, APIG.0777)"),
    (429, "0777", "retry: throttled (status 429, APIG.0777)"),
    (401, "0777", "unknown: unknown-answer (status 401, APIG.0777)"),
    (200, "0308", "retry: throttled (status 200, APIG.0308)"),
    // Numbers of the marketplace's table.
    (200, "0000", "unknown: unknown-answer (status 200, APIG.0000)"),
    (401, "0150", "unknown: unknown-answer (status 401, APIG.0150)"),
    (401, "0151", "unknown: unknown-answer (status 401, APIG.0151)"),
    (400, "0102", "unknown: unknown-answer (status 400, APIG.0102)"),
    (400, "9001", "unknown: unknown-answer (status 400, APIG.9001)"),
    (500, "9001", "retry: unavailable (status 500, APIG.9001)"),
];

/// Codes with another prefix.
#[rustfmt::skip]
const OTHERS: &[(u16, &str, &str)] = &[
    (200, "0000", "unknown: unknown-answer (status 200, 0000)"),
    (200, "0150", "unknown: unknown-answer (status 200, 0150)"),
    (401, "0150", "key: key-refused (status 401, 0150)"),
    (429, "0150", "retry: throttled (status 429, 0150)"),
    (500, "9001", "retry: unavailable (status 500, 9001)"),
    (400, "0301", "unknown: unknown-answer (status 400, 0301)"),
];

#[test]
fn the_code_decides_the_verdict() {
    let tables = [
        (MARKETPLACE, ["MKT.", "CBC.", "MKT. "]),
        (GATEWAY, ["APIG.", "APIGW.", "APIG. "]),
        (OTHERS, ["", "mkt.", "KTM."]),
    ];
    for (table, prefixes) in tables {
        for ((status, number, expected), prefix) in
            table.iter().flat_map(|row| prefixes.map(|prefix| (row, prefix)))
        {
            let code = format!("{prefix}{number}");
            for body in [
                format!(r#"{{"error_code":"{code}","error_msg":"canary"}}"#),
                format!(r#"{{"resultMsg":"canary","resultCode":"{code}","extra_info":[1]}}"#),
            ] {
                assert_eq!(shown(*status, &body), *expected, "{body}");
            }
        }
    }
}

#[test]
fn the_status_decides_about_an_answer_without_a_code() {
    let bodies = [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"error_code":"MKT.000"}"#,
        r#"{"error_code":["MKT.0000"]}"#,
        r#"{"error_code":null,"error_msg":"success"}"#,
        r#"{"error_code":"MKT.0150""#,
        r#"{"error_code":"MKT.0000","error_code":"MKT.0999"}"#,
    ];
    let cases = [
        (200, "retry: unreadable (status 200)"),
        (204, "retry: unreadable (status 204)"),
        (401, "key: key-refused (status 401)"),
        (429, "retry: throttled (status 429)"),
        (500, "retry: unavailable (status 500)"),
        (502, "retry: unavailable (status 502)"),
        (0, "unknown: unknown-answer (status 0)"),
        (100, "unknown: unknown-answer (status 100)"),
        (302, "unknown: unknown-answer (status 302)"),
        (400, "unknown: unknown-answer (status 400)"),
        (403, "unknown: unknown-answer (status 403)"),
        (404, "unknown: unknown-answer (status 404)"),
        (600, "unknown: unknown-answer (status 600)"),
    ];
    for body in bodies {
        for (status, expected) in cases {
            assert_eq!(shown(status, body), expected, "{body}");
        }
    }
    assert_eq!(read_usage_answer(200, b"\xff").verdict, PushVerdict::Retry);
}

/// Decision J4, for every code of the gateway and every status.
#[test]
fn no_answer_of_the_gateway_blames_a_record() {
    for number in 0..10_000 {
        for status in [200, 400, 401, 403, 406, 429, 500, 503] {
            let body = format!(
                r#"{{"error_code":"APIG.{number:04}","r":{{"metering_sn":"a","code":"002"}}}}"#
            );
            let answer = read_usage_answer(status, body.as_bytes());
            use PushVerdict::{KeyRefused, Retry, Unknown};
            assert!(matches!(answer.verdict, KeyRefused | Retry | Unknown), "{status} {body}");
            assert!(answer.records.is_empty(), "{body}");
        }
    }
}

fn records(body: &str) -> Vec<(String, String)> {
    let records = read_usage_answer(200, body.as_bytes()).records.into_iter();
    records.map(|record| (record.metering_sn, record.code.to_string())).collect()
}

#[test]
fn the_codes_of_records_are_found_anywhere() {
    let cases: [(&str, &[(&str, &str)]); 14] = [
        (r#"{"error_code":"MKT.0000","error_msg":"success"}"#, &[]),
        (
            r#"{"error_code":"MKT.0000","data":{"list":[{"metering_sn":"a","error_code":"005"},
                {"meteringSn":"b","errorCode":"013"}],"x":[[{"code":"001","metering_sn":"c"}]]}}"#,
            &[("a", "005"), ("b", "013"), ("c", "001")],
        ),
        (
            r#"{"a":{"metering_sn":"a","record_code":"002"},"b":{"metering_sn":"b",
                "result_code":"099"},"c":{"metering_sn":"c","resultCode":"010"}}"#,
            &[("a", "002"), ("b", "099"), ("c", "010")],
        ),
        // Both answers of one record, and a record inside another one.
        (
            r#"{"a":[{"metering_sn":"a","code":"005"},{"metering_sn":"a","code":"007",
                "more":{"metering_sn":"b","code":"006"}}]}"#,
            &[("a", "005"), ("a", "007"), ("b", "006")],
        ),
        // The outermost object has the code of the batch, too.
        (r#"{"error_code":"MKT.0150","metering_sn":"a","code":"009"}"#, &[("a", "009")]),
        (r#"{"r":{"metering_sn":"a","error_code":"MKT.0150","code":"009"}}"#, &[("a", "009")]),
        (r#"{"r":{"metering_sn":7,"meteringSn":"a","code":"009"}}"#, &[("a", "009")]),
        (r#"{"r":{"metering_sn":"a","error_code":"000"}}"#, &[]),
        (r#"{"r":{"metering_sn":"a","error_code":"5"}}"#, &[]),
        (r#"{"r":{"metering_sn":"a","code":200}}"#, &[]),
        (r#"{"r":{"metering_sn":"a","status":"005"}}"#, &[]),
        (r#"{"r":{"metering_sn":1,"code":"005"}}"#, &[]),
        (r#"{"r":{"sn":"a","code":"005"}}"#, &[]),
        (r#"[{"metering_sn":"a","code":"005"}]"#, &[]),
    ];
    for (body, expected) in cases {
        let expected: Vec<_> =
            expected.iter().map(|(sn, code)| ((*sn).to_owned(), (*code).to_owned())).collect();
        assert_eq!(records(body), expected, "{body}");
    }
}

#[test]
fn every_answer_but_the_gateways_may_have_codes_of_records() {
    let records = r#""records":[{"metering_sn":"a","code":"010"}]"#;
    for (status, code, count) in [
        (200, "MKT.0000", 1),
        (500, "MKT.0999", 1),
        (500, "MKT.9003", 1),
        (401, "CBC.0150", 1),
        (500, "MKT.9001", 1),
        (400, "MKT.0102", 1),
        (401, "MKT.0151", 1),
        (500, "MKT.9005", 1),
        (200, "", 1),
        (200, "APIG.0000", 0),
        (503, "APIGW.0613", 0),
    ] {
        let body = format!(r#"{{"error_code":"{code}",{records}}}"#);
        let answer = read_usage_answer(status, body.as_bytes());
        assert_eq!(answer.records.len(), count, "{body}");
    }
}
