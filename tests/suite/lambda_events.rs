//! Tests of AWS Lambda's events, from the event's JSON to the response's JSON.
//!
//! Other events:
//!
//! - Events of version 1.0, of a schedule or of another cloud, and events that are not an object,
//!   are rejected by the parser. The runtime reports a failed invocation, and koohook is not
//!   called.
//! - A request that is not possible in HTTP is answered with a status, whatever a stranger sends.
//! - A body that is null is an empty body.
//! - The path and the raw query stay the same, byte for byte, whatever `queryStringParameters`
//!   contains. But the part after a `#` is removed.

mod impossible;
mod invoked;
mod logged;
mod usage;

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use lambda_http::LambdaEvent;
use lambda_http::lambda_runtime::Context;
use protocol::signature::Interface;
use serde_json::{Value, json};
use shell::endpoint::{Admitted, Endpoint};
use shell::host::lambda::{self, HttpEvent};
use shell::host::serving_process;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{BASE_KEY, Bundled, SETTINGS, koohook, run, v1, v2};
use tests::world::NOW;

use self::invoked::invoke_at;

const EVENTS: &str = include_str!("../vectors/lambda/events.json");

const PURCHASE_V1: [(&str, &str); 8] = [
    ("activity", "newInstance"),
    ("orderId", "CS1"),
    ("productId", "P1"),
    ("businessId", "B1"),
    ("customerId", "C1"),
    ("customerName", "测试 a+b&c"),
    ("email", ""),
    ("skuCode", ""),
];
const PURCHASE_V2: [(&str, &str); 5] = [
    ("activity", "newInstance"),
    ("businessId", "B1"),
    ("customerName", "测试"),
    ("orderId", "CS1"),
    ("orderLineId", "CS1-1"),
];

/// An event of a kind, with this query and this body.
fn event(kind: &str, query: &str, body: &[u8]) -> Value {
    use base64::Engine;
    let events: Value = serde_json::from_str(EVENTS).unwrap();
    let mut event = events[kind].clone();
    let base64 = base64::engine::general_purpose::STANDARD.encode(body);
    for (name, text) in
        [("«query»", query), ("«body»", str::from_utf8(body).unwrap()), ("«base64»", &base64)]
    {
        for member in event.as_object_mut().unwrap().values_mut() {
            if member == name {
                *member = text.into();
            }
        }
    }
    event
}

fn v1_event(kind: &str) -> Value {
    event(kind, v1(NOW, &PURCHASE_V1).uri().query().unwrap(), b"")
}

fn v2_event(kind: &str) -> Value {
    let request = v2(NOW, &PURCHASE_V2);
    event(kind, request.uri().query().unwrap(), request.body())
}

/// The runtime's response to an event, or `None` if the event cannot be parsed.
fn invoke(koohook: Bundled, event: &Value) -> Option<Value> {
    invoke_at(koohook.endpoint, event)
}

/// The answer in a response. Its signature is verified over the bytes that the caller gets.
fn read_answer(sent: &Value) -> Answer {
    assert_eq!(sent["isBase64Encoded"], false, "every answer must be text");
    let mut response = http::Response::new(sent["body"].as_str().unwrap().as_bytes().to_vec());
    let status = sent["statusCode"].as_u64().unwrap();
    *response.status_mut() = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
    for (name, value) in sent["headers"].as_object().unwrap() {
        let name: http::HeaderName = name.parse().unwrap();
        response.headers_mut().insert(name, value.as_str().unwrap().parse().unwrap());
    }
    verify_body_sign(&response, BASE_KEY).unwrap();
    Answer::read(&response).unwrap()
}

fn code(event: &Value) -> String {
    read_answer(&invoke(koohook(&SETTINGS), event).expect("a readable event")).code
}

fn status(event: &Value) -> u64 {
    let sent = invoke(koohook(&SETTINGS), event).expect("a readable event");
    sent["statusCode"].as_u64().unwrap()
}

#[test]
fn a_purchase_is_answered_and_the_answer_is_signed() {
    for event in [v2_event("http-api"), v2_event("function-url"), v1_event("function-url-get")] {
        let sent = invoke(koohook(&SETTINGS), &event).unwrap();
        assert_eq!(read_answer(&sent).code, "000000");
        // The body's signature is valid only if Lambda sends exactly these bytes.
        let members: Vec<_> = sent.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            members,
            ["body", "cookies", "headers", "isBase64Encoded", "multiValueHeaders", "statusCode"]
        );
        assert_eq!(sent["headers"]["content-type"], "application/json");
        // The event's format has header names in lower case. AWS decides what the caller sees.
        assert!(sent["headers"]["body-sign"].is_string());
        assert_eq!((&sent["cookies"], &sent["multiValueHeaders"]), (&json!([]), &json!({})));
    }
}

#[test]
fn a_body_in_base64_equals_the_same_body_as_text() {
    let mut as_text = v2_event("http-api");
    let as_base64 = v2_event("function-url");
    let answers = [&as_text, &as_base64].map(|event| invoke(koohook(&SETTINGS), event).unwrap());
    assert_eq!(answers[0]["body"], answers[1]["body"]);
    as_text["isBase64Encoded"] = true.into();
    as_text["body"] = as_base64["body"].clone();
    assert_eq!(code(&as_text), "000000");
}

#[test]
fn only_the_raw_query_is_read() {
    let event = v1_event("function-url-get");
    let query = event["rawQueryString"].as_str().unwrap().to_owned();
    assert!(query.contains("%2B") && query.contains('+') && query.contains("email=&"));
    let with = |query: String| {
        let mut event = event.clone();
        event["rawQueryString"] = query.into();
        code(&event)
    };
    assert_eq!(with(query.clone()), "000000");
    assert_eq!(with(query.replace('+', "%20")), "000000");
    assert_eq!(with(format!("{query}&orderId=CS1")), "000001");
    assert_eq!(with(format!("{query}&&")), "000000");
    assert_eq!(with(query.replace("email=&", "")), "000001");
    assert_eq!(with(query.replace("email=&", "email&")), "000000");
    assert_eq!(with(String::new()), "000001");
    let (mut misled, mut bare) = (event.clone(), event.clone());
    misled["queryStringParameters"] = json!({"orderId": "CS1,CS2", "authToken": "a"});
    bare.as_object_mut().unwrap().remove("queryStringParameters");
    assert_eq!((code(&misled).as_str(), code(&bare).as_str()), ("000000", "000000"));
}

/// Every byte that an address may contain reaches the endpoint unchanged.
#[test]
fn lambda_changes_no_byte_of_a_query() {
    let visible: String =
        (0x21..0x7f).map(char::from).filter(|letter| !"#<>\"".contains(*letter)).collect();
    for query in [
        "a=%2B&b=+&c=%20&d=&e=&f=&&a=1",
        "a=%C3%A9%e6%b5%8b&b=%zz&c=%",
        "a=测试&b=é",
        &visible,
        "%00%0d%0a%23%26%3d",
        "?a=b?c=d",
    ] {
        assert_eq!(target(query), ("/saasproduce".to_owned(), query.to_owned()));
    }
    assert_eq!(target("a=1#b=2").1, "a=1");
}

/// The path and the query that an endpoint gets from an event with a raw query.
fn target(query: &str) -> (String, String) {
    let mut event = v1_event("function-url-get");
    event["rawQueryString"] = query.into();
    let seen = Seen::default();
    invoke_at(seen.clone(), &event).unwrap();
    let uri = seen.0.lock().unwrap().clone().unwrap();
    (uri.path().to_owned(), uri.query().unwrap().to_owned())
}

/// An endpoint that keeps the target of the last request.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Option<Uri>>>);

impl Endpoint for Seen {
    fn admit(&self, _: &Parts) -> Result<Admitted, Response<Bytes>> {
        Ok(Admitted { max_body_len: 0, interface: Interface::Base })
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        *self.0.lock().unwrap() = Some(request.uri().clone());
        Response::default()
    }
}

#[test]
fn health_checks_and_unknown_paths_are_answered() {
    let at = |method: &str, path: &str| {
        let mut event = v1_event("function-url-get");
        event["rawPath"] = path.into();
        event["requestContext"]["http"]["method"] = method.into();
        event["requestContext"]["http"]["path"] = path.into();
        status(&event)
    };
    for path in ["/", "/healthz"] {
        assert_eq!([at("GET", path), at("HEAD", path), at("POST", path)], [200, 200, 405]);
    }
    assert_eq!(at("DELETE", "/saasproduce"), 405);
    assert_eq!(at("GET", "/saasproduce/"), 200);
    for path in ["/unknown", "//saasproduce", "/SaasProduce", "/saasproduce%2f", "/saasproduce;a"] {
        assert_eq!(at("GET", path), 404, "{path}");
    }
    // The host does not resolve a path.
    for path in ["/a/../saasproduce", "/a/%2e%2e/saasproduce", "/./saasproduce"] {
        assert_eq!(at("GET", path), 404, "{path}");
    }
}

/// A gateway puts a stage that is not the default one before the path. The base path must then
/// contain the stage.
#[test]
fn the_stage_is_a_part_of_the_path() {
    let mut event = v2_event("http-api");
    event["rawPath"] = "/prod/saasproduce".into();
    event["requestContext"]["stage"] = "prod".into();
    assert_eq!(status(&event), 404);
    let mut settings = SETTINGS.to_vec();
    settings.push(("KOOHOOK_BASE_PATH", "/prod/saasproduce"));
    let sent = invoke(koohook(&settings), &event).unwrap();
    assert_eq!(read_answer(&sent).code, "000000");
}

#[test]
fn headers_and_limits_are_checked_as_at_any_host() {
    let mut event = v2_event("http-api");
    event["headers"]["content-encoding"] = "gzip".into();
    assert_eq!(status(&event), 415);
    let mut event = v2_event("http-api");
    event["headers"]["x-amzn-trace-id"] = "a".repeat(17_000).into();
    assert_eq!(status(&event), 431);
    let mut event = v2_event("http-api");
    event["body"] = "x".repeat(256 * 1024 + 1).into();
    assert_eq!(status(&event), 413);
    let mut event = v2_event("http-api");
    event["rawQueryString"] = "a".repeat(16 * 1024 + 1).into();
    assert_eq!(status(&event), 414);
}

#[test]
fn an_absent_body_is_an_empty_body() {
    for absent in [Value::Null, "".into()] {
        for base64 in [true, false] {
            let mut event = v2_event("http-api");
            event["body"] = absent.clone();
            event["isBase64Encoded"] = base64.into();
            assert_eq!(code(&event), "000001");
        }
    }
    let mut event = v2_event("http-api");
    event.as_object_mut().unwrap().remove("body");
    assert_eq!(code(&event), "000001");
}

#[test]
fn other_events_do_not_reach_the_endpoint() {
    for kind in ["rest-api-1.0", "schedule", "apig-of-functiongraph"] {
        let event = event(kind, "", b"");
        assert!(invoke(koohook(&SETTINGS), &event).is_none(), "{kind}");
    }
    for event in [json!({}), json!([]), json!(null), json!("a"), json!(1)] {
        assert!(invoke(koohook(&SETTINGS), &event).is_none(), "{event}");
    }
    let mut event = v2_event("http-api");
    event["body"] = json!({"activity": "newInstance"});
    assert!(invoke(koohook(&SETTINGS), &event).is_none(), "a body that is already decoded");
}
