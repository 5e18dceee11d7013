//! Events of the function `usage`.

use domain::webhook::WebhookSecrets;
use shell::endpoint::usage::UsageEndpoint;
use tests::call::{PENDING, PRODUCT_SECRET};

use super::*;

/// An event with a call of the product, signed now.
fn product_event(kind: &str, method: &str, path: &str, body: &str) -> Value {
    let mut event = event(kind, "", body.as_bytes());
    let seconds = NOW / 1_000;
    let signature = WebhookSecrets::parse(PRODUCT_SECRET).unwrap();
    let signature = signature.sign("msg_1", seconds, body.as_bytes());
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["method"] = method.into();
    event["requestContext"]["http"]["path"] = path.into();
    event["headers"]["webhook-id"] = "msg_1".into();
    event["headers"]["webhook-timestamp"] = seconds.to_string().into();
    event["headers"]["webhook-signature"] = signature.into();
    event
}

/// The status and the body of the function's response.
fn sent(event: &Value) -> (u64, Value) {
    let koohook = koohook(&PENDING);
    let endpoint = UsageEndpoint::new(Arc::clone(koohook.endpoint.context()));
    let sent = invoke_at(endpoint, event).expect("a readable event");
    assert_eq!(sent["isBase64Encoded"], false, "every answer must be text");
    let body = sent["body"].as_str().unwrap();
    assert!(body.is_ascii(), "{body}");
    (sent["statusCode"].as_u64().unwrap(), serde_json::from_str(body).unwrap())
}

#[test]
fn a_report_is_answered() {
    let record = json!({ "recordId": "单-1", "instanceId": "i-1", "value": 1,
        "beginTime": "2026-10-05T18:00:00Z", "endTime": "2026-10-05T19:00:00Z" });
    let body = json!({ "records": [record] }).to_string();
    let answer = json!({ "recordId": "单-1", "status": "rejected", "reason": "instance-unknown" });
    for kind in ["http-api", "function-url"] {
        let event = product_event(kind, "POST", "/usage", &body);
        assert_eq!(sent(&event), (200, json!({ "records": [answer] })), "{kind}");
        let mut unsigned = event;
        unsigned["headers"]["webhook-id"] = "msg_2".into();
        assert_eq!(sent(&unsigned).0, 401, "{kind}");
    }
}

#[test]
fn the_usage_of_a_package_is_answered() {
    let data = json!({ "instanceId": "i-1", "usageInfo": [{ "usageValue": 1 }] });
    let body = json!({ "type": "instance.usage", "data": data }).to_string();
    let status = |path: &str| sent(&product_event("http-api", "PUT", path, &body)).0;
    assert_eq!(status("/instances/i-1/usage-info"), 404, "an unknown instance");
    assert_eq!(status("/instances/i%2D1/usage-info"), 404, "the same instance");
    assert_eq!(status("/instances/i-2/usage-info"), 400, "signed for another instance");
}
