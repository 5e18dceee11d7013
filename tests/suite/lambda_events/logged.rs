//! The log lines of calls on Lambda.

use tests::log::Log;

use super::invoked::invoke_in;
use super::*;

/// The lines of an event with this request ID.
fn lines(event: &Value, request_id: &str) -> Vec<Value> {
    let log = Log::default();
    let mut context = Context::default();
    context.request_id = request_id.to_owned();
    let guard = log.keep();
    invoke_in(koohook(&SETTINGS).endpoint, event, context).unwrap();
    drop(guard);
    let text = log.text();
    let own = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let own = own.filter(|line| line["target"].as_str().unwrap().starts_with("shell"));
    own.collect()
}

#[test]
fn a_line_has_the_platforms_request_id_and_the_callers_address() {
    let mut event = v2_event("http-api");
    event["requestContext"]["http"]["sourceIp"] = "203.0.113.7".into();
    let [line] = lines(&event, "lambda-1").try_into().unwrap();
    let read = ["message", "requestId", "address", "orderId"].map(|name| line[name].clone());
    assert_eq!(read, [json!("callback"), json!("lambda-1"), json!("203.0.113.7"), json!("CS1")]);
    assert_eq!(line["coldStart"], true);
    event["requestContext"]["http"]["sourceIp"] = "unknown".into();
    let [line] = lines(&event, "not an ID").try_into().unwrap();
    assert_eq!(line["address"], Value::Null);
    assert_eq!(line["requestId"].as_str().map(str::len), Some(32), "it is random");
}

#[test]
fn a_rejected_request_has_one_line() {
    let mut event = v2_event("http-api");
    event["rawPath"] = "/elsewhere".into();
    event["requestContext"]["http"]["path"] = "/elsewhere".into();
    event["requestContext"]["http"]["sourceIp"] = "203.0.113.7".into();
    let [line] = lines(&event, "lambda-1").try_into().unwrap();
    let read = ["message", "requestId", "address", "path"].map(|name| line[name].clone());
    let [message, path] = ["request rejected", "/elsewhere"].map(Value::from);
    assert_eq!(read, [message, json!("lambda-1"), json!("203.0.113.7"), path]);
    assert_eq!(line["status"], 404);
}

/// A stranger can send it, so it is no fault of koohook, and its text is not in the log.
#[test]
fn an_impossible_request_has_one_line_without_its_text() {
    let mut event = v2_event("http-api");
    event["rawQueryString"] = "a=<made-up>".into();
    let [line] = lines(&event, "lambda-1").try_into().unwrap();
    let read = ["level", "message", "status"].map(|name| line[name].clone());
    assert_eq!(read, [json!("INFO"), json!("request rejected"), json!(400)]);
    assert!(!line.to_string().contains("made-up"), "{line}");
}
