//! The log lines of calls on Lambda.

use tests::log::Log;

use super::*;

/// The lines of an event with this request ID.
fn lines(event: &Value, request_id: &str) -> Vec<Value> {
    let (log, endpoint) = (Log::default(), Arc::new(koohook(&SETTINGS).endpoint));
    let process = serving_process();
    let mut context = Context::default();
    context.request_id = request_id.to_owned();
    let event: LambdaRequest = serde_json::from_slice(event.to_string().as_bytes()).unwrap();
    let answer = service_fn(move |request| {
        let (endpoint, process) = (Arc::clone(&endpoint), Arc::clone(&process));
        async move { Ok::<_, Error>(lambda::answer(&endpoint, &process, request).await) }
    });
    let guard = log.keep();
    run(Adapter::from(answer).call(LambdaEvent::new(event, context))).unwrap();
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
