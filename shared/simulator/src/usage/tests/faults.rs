//! Tests of the faults.

use serde_json::json;

use super::{BODY, ID, NOW, body, market, record, said, send};
use crate::usage::{UsageFault, UsageReply};

#[test]
fn a_fault_changes_one_request() {
    let answer = |reply: UsageReply| reply.in_time().map(|(s, b)| (s, b.to_owned()));
    let cases = [
        (UsageFault::Status(500, "0999"), Some((500, "MKT.0999")), 0),
        (UsageFault::Status(406, "0250"), Some((406, "MKT.0250")), 0),
        (UsageFault::Gateway(504, "0201"), Some((504, "APIG.0201")), 0),
        (UsageFault::Garbage, Some((200, "<html>")), 0),
        (UsageFault::Empty, Some((200, "")), 0),
        (UsageFault::LoseRequest, None, 0),
        (UsageFault::LoseReply, None, 1),
        (UsageFault::Slow, None, 1),
    ];
    for (fault, expected, kept) in cases {
        let mut market = market();
        market.queue_fault(fault);
        let seen = answer(send(&mut market, BODY, NOW));
        assert_eq!(seen.as_ref().map(|(s, _)| *s), expected.map(|(s, _)| s), "{fault:?}");
        let is_there = seen.zip(expected).is_none_or(|((_, body), (_, part))| body.contains(part));
        assert!(is_there, "{fault:?}");
        assert_eq!(market.received_records().len(), kept, "{fault:?}");
        assert_eq!(market.requests()[0].kept, kept);
        // The seller sends the same record again, under a new nonce. It counts once.
        assert_eq!(said(&send(&mut market, BODY, NOW)), "200 MKT.0000");
        market.run_background(NOW);
        assert_eq!(market.billable(ID), "99");
        assert_eq!(market.duplicates().count(), kept);
        assert_eq!(market.altered_duplicates().count(), 0);
    }
}

#[test]
fn a_slow_answer_is_the_right_answer() {
    let mut market = market();
    market.queue_fault(UsageFault::Slow);
    let body = r#"{"error_code":"MKT.0000","error_msg":"success"}"#.to_owned();
    assert_eq!(send(&mut market, BODY, NOW), UsageReply::Slow { status: 200, body });
}

#[test]
fn a_gateway_answer_has_a_request_id() {
    let mut market = market();
    market.queue_fault(UsageFault::Gateway(429, "0308"));
    let reply = send(&mut market, BODY, NOW);
    let answer: serde_json::Value = serde_json::from_str(reply.in_time().unwrap().1).unwrap();
    assert_eq!(answer["error_code"], "APIG.0308");
    assert!(answer["request_id"].is_string() && answer["error_msg"].is_string());
}

#[test]
fn faults_come_in_their_order() {
    let mut market = market();
    market.queue_fault(UsageFault::LoseRequest);
    market.queue_fault(UsageFault::Status(500, "0999"));
    for (hour, expected) in [(7, None), (8, Some(500)), (9, Some(200))] {
        let reply = send(&mut market, &body(&[record(hour, json!({}))]), NOW);
        assert_eq!(reply.in_time().map(|(status, _)| status), expected);
    }
    let codes: Vec<_> = market.requests().iter().map(|r| (r.status, r.code.as_str())).collect();
    assert_eq!(codes, [(0, ""), (500, "MKT.0999"), (200, "MKT.0000")]);
}
