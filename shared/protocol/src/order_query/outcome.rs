//! Reads the answer to an order query. The number in the result code counts before the HTTP status:
//! the marketplace also answers 500 to a query that always fails. Sources: V2 guide, page "error
//! codes"; the API gateway's manual.

use std::fmt;

use super::OrderDetails;
use crate::json::{Document, Json, Members};
use crate::message::OrderLineId;
use crate::open_api::AnswerCode;

/// The outcome of an order query.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderQueryOutcome {
    /// The marketplace returned the order.
    Found(OrderDetails),
    /// The query failed. It may succeed later.
    Retry(OrderQueryReason),
    /// The query failed. A retry would get the same answer.
    Permanent(OrderQueryReason),
    /// The gateway rejected the key, its signature or its time. More queries would lock the key.
    KeyRefused(OrderQueryReason),
}

/// Why a query returned no order: koohook's word and two numbers. It contains no text of the
/// answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OrderQueryReason {
    word: &'static str,
    status: u16,
    number: Option<u16>,
}

/// Reads the answer to a query for one line of an order.
pub(super) fn read(status: u16, body: &[u8], line: Option<&OrderLineId>) -> OrderQueryOutcome {
    let answer = Document::parse(body).map(|document| document.members);
    let answer = answer.unwrap_or_default();
    // The prefix is ignored: a number of an order query means the same with every prefix.
    let number = AnswerCode::of(&answer).map(|code| code.number);
    let reason = |word| OrderQueryReason { word, status, number };
    match number {
        Some(0) if is_success(status) => found(&answer, line, reason),
        Some(number) => {
            by_number(number, status, reason).unwrap_or_else(|| by_status(status, reason))
        }
        None if is_success(status) => OrderQueryOutcome::Retry(reason("unreadable")),
        None => by_status(status, reason),
    }
}

fn found(
    answer: &Members,
    line: Option<&OrderLineId>,
    reason: impl Fn(&'static str) -> OrderQueryReason,
) -> OrderQueryOutcome {
    match answer.iter().find(|(name, _)| name == "orderInfo") {
        Some((_, Json::Object(order))) => OrderDetails::read(order, line).map_or_else(
            || OrderQueryOutcome::Permanent(reason("line-unknown")),
            OrderQueryOutcome::Found,
        ),
        Some(_) | None => OrderQueryOutcome::Retry(reason("unreadable")),
    }
}

/// The numbers of both tables. For any other number the HTTP status decides. The numbers 0303,
/// 0305, 0307, 1009 and 2201 belong to other gateway schemes. They also mean a rejected key.
fn by_number(
    number: u16,
    status: u16,
    reason: impl Fn(&'static str) -> OrderQueryReason,
) -> Option<OrderQueryOutcome> {
    match number {
        250 | 308 => Some(OrderQueryOutcome::Retry(reason("throttled"))),
        // The request is too large, or the backend failed. The status distinguishes them.
        201 if status < 500 => Some(OrderQueryOutcome::Permanent(reason("malformed"))),
        201..=203 | 601 | 606 | 608 | 610 | 613 | 999 => {
            Some(OrderQueryOutcome::Retry(reason("unavailable")))
        }
        301 | 303 | 305 | 307 | 1009 | 2201 => {
            Some(OrderQueryOutcome::KeyRefused(reason("key-refused")))
        }
        150 | 151 | 154 | 302 | 304 | 306 | 401..=405 | 501 | 502 => {
            Some(OrderQueryOutcome::Permanent(reason("not-allowed")))
        }
        100..=102 | 106 | 199 | 204 | 9001..=9004 => {
            Some(OrderQueryOutcome::Permanent(reason("malformed")))
        }
        _ => None,
    }
}

/// Decides by the status if the number is missing or unknown. Then a 401 means that the key was
/// rejected.
fn by_status(status: u16, reason: impl Fn(&'static str) -> OrderQueryReason) -> OrderQueryOutcome {
    match status {
        401 => OrderQueryOutcome::KeyRefused(reason("key-refused")),
        429 => OrderQueryOutcome::Retry(reason("throttled")),
        500..=599 => OrderQueryOutcome::Retry(reason("unavailable")),
        _ => OrderQueryOutcome::Permanent(reason("refused")),
    }
}

const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

impl fmt::Display for OrderQueryReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (status {}", self.word, self.status)?;
        match self.number {
            Some(number) => write!(formatter, ", number {number:04})"),
            None => formatter.write_str(")"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(outcome: &OrderQueryOutcome) -> String {
        match outcome {
            OrderQueryOutcome::Found(_) => "found".to_owned(),
            OrderQueryOutcome::Retry(reason) => format!("retry: {reason}"),
            OrderQueryOutcome::Permanent(reason) => format!("permanent: {reason}"),
            OrderQueryOutcome::KeyRefused(reason) => format!("key: {reason}"),
        }
    }

    /// Every row of the marketplace's table and of the gateway's table, and codes that neither
    /// table contains.
    #[rustfmt::skip]
    const CODES: &[(u16, &str, &str)] = &[
        (200, "MKT.0000", "retry: unreadable (status 200, number 0000)"),
        (500, "MKT.0000", "retry: unavailable (status 500, number 0000)"),
        (500, "MKT.0999", "retry: unavailable (status 500, number 0999)"),
        (500, "CBC.0999", "retry: unavailable (status 500, number 0999)"),
        (500, "MKT.0100", "permanent: malformed (status 500, number 0100)"),
        (400, "MKT.0101", "permanent: malformed (status 400, number 0101)"),
        (400, "MKT.0102", "permanent: malformed (status 400, number 0102)"),
        (400, "MKT.0199", "permanent: malformed (status 400, number 0199)"),
        (401, "MKT.0150", "permanent: not-allowed (status 401, number 0150)"),
        (401, "CBC.0151", "permanent: not-allowed (status 401, number 0151)"),
        (401, "MKT.0154", "permanent: not-allowed (status 401, number 0154)"),
        (406, "MKT. 0250", "retry: throttled (status 406, number 0250)"),
        (500, "MKT.9001", "permanent: malformed (status 500, number 9001)"),
        (500, "MKT.9002", "permanent: malformed (status 500, number 9002)"),
        (500, "MKT.9003", "permanent: malformed (status 500, number 9003)"),
        (500, "MKT.9004", "permanent: malformed (status 500, number 9004)"),
        (500, "MKT.9005", "retry: unavailable (status 500, number 9005)"),
        (400, "MKT.9005", "permanent: refused (status 400, number 9005)"),
        (404, "APIG.0101", "permanent: malformed (status 404, number 0101)"),
        (400, "APIG.0106", "permanent: malformed (status 400, number 0106)"),
        (400, "APIG.0201", "permanent: malformed (status 400, number 0201)"),
        (413, "APIG.0201", "permanent: malformed (status 413, number 0201)"),
        (414, "APIG.0201", "permanent: malformed (status 414, number 0201)"),
        (494, "APIG.0201", "permanent: malformed (status 494, number 0201)"),
        (502, "APIG.0201", "retry: unavailable (status 502, number 0201)"),
        (502, "APIG.0202", "retry: unavailable (status 502, number 0202)"),
        (504, "APIG.0201", "retry: unavailable (status 504, number 0201)"),
        (504, "APIG.0203", "retry: unavailable (status 504, number 0203)"),
        (400, "APIG.0204", "permanent: malformed (status 400, number 0204)"),
        (401, "APIG.0301", "key: key-refused (status 401, number 0301)"),
        (401, "APIGW.0301", "key: key-refused (status 401, number 0301)"),
        (403, "APIG.0302", "permanent: not-allowed (status 403, number 0302)"),
        (401, "APIG.0303", "key: key-refused (status 401, number 0303)"),
        (403, "APIG.0304", "permanent: not-allowed (status 403, number 0304)"),
        (401, "APIG.0305", "key: key-refused (status 401, number 0305)"),
        (403, "APIG.0306", "permanent: not-allowed (status 403, number 0306)"),
        (401, "APIG.0307", "key: key-refused (status 401, number 0307)"),
        (429, "APIG.0308", "retry: throttled (status 429, number 0308)"),
        (403, "APIG.0401", "permanent: not-allowed (status 403, number 0401)"),
        (403, "APIG.0405", "permanent: not-allowed (status 403, number 0405)"),
        (405, "APIG.0501", "permanent: not-allowed (status 405, number 0501)"),
        (405, "APIG.0502", "permanent: not-allowed (status 405, number 0502)"),
        (500, "APIG.0601", "retry: unavailable (status 500, number 0601)"),
        (500, "APIG.0606", "retry: unavailable (status 500, number 0606)"),
        (500, "APIG.0608", "retry: unavailable (status 500, number 0608)"),
        (502, "APIG.0610", "retry: unavailable (status 502, number 0610)"),
        (503, "APIG.0613", "retry: unavailable (status 503, number 0613)"),
        (400, "APIG.1009", "key: key-refused (status 400, number 1009)"),
        (400, "APIG.2201", "key: key-refused (status 400, number 2201)"),
        (200, "MKT.0777", "permanent: refused (status 200, number 0777)"),
        (503, "MKT.0777", "retry: unavailable (status 503, number 0777)"),
        (401, "MKT.0777", "key: key-refused (status 401, number 0777)"),
        (200, "MKT.00000", "retry: unreadable (status 200)"),
        (200, "92020000", "retry: unreadable (status 200)"),
        (200, "MKT.+001", "retry: unreadable (status 200)"),
        (200, "MKT.０３０１", "retry: unreadable (status 200)"),
        (200, "", "retry: unreadable (status 200)"),
        (403, "", "permanent: refused (status 403)"),
        (429, "", "retry: throttled (status 429)"),
        (302, "", "permanent: refused (status 302)"),
    ];

    #[test]
    fn the_number_in_a_code_decides_the_outcome() {
        for (status, code, expected) in CODES {
            for body in [
                format!(r#"{{"resultCode":"{code}","resultMsg":"canary"}}"#),
                format!(r#"{{"error_msg":"canary","error_code":"{code}","request_id":"canary"}}"#),
            ] {
                assert_eq!(shown(&read(*status, body.as_bytes(), None)), *expected, "{code}");
            }
        }
    }

    #[test]
    fn an_answer_without_the_order_is_retried_or_permanent() {
        #[rustfmt::skip]
        let cases: [(u16, &[u8], &str); 9] = [
            (200, b"", "retry: unreadable (status 200)"),
            (200, b"<html>", "retry: unreadable (status 200)"),
            (200, b"[]", "retry: unreadable (status 200)"),
            (200, b"\xff", "retry: unreadable (status 200)"),
            (200, br#"{"resultCode":["MKT.0000"]}"#, "retry: unreadable (status 200)"),
            (200, br#"{"resultCode":"MKT.0000","orderInfo":null}"#, "retry: unreadable (status 200, number 0000)"),
            (200, br#"{"resultCode":"MKT.0000","orderInfo":"{}"}"#, "retry: unreadable (status 200, number 0000)"),
            (200, br#"{"resultCode":"MKT.0000","orderInfo":{}}"#, "permanent: line-unknown (status 200, number 0000)"),
            (0, b"", "permanent: refused (status 0)"),
        ];
        for (status, body, expected) in cases {
            let read = read(status, body, None);
            assert_eq!(shown(&read), expected, "{}", String::from_utf8_lossy(body));
        }
    }
}
