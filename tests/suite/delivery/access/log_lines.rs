//! The log lines of the product's messages (decisions I1, I2).

use shell::call_origin::{CallOrigin, ServingProcess};

use super::*;

/// The lines of the product's messages.
fn lines_of(koohook: &Bundled, send: impl FnOnce(&Bundled)) -> Vec<Value> {
    let log = Log::default();
    let guard = log.keep();
    send(koohook);
    drop(guard);
    assert!(!log.text().contains("canary"), "{}", log.text());
    let mut sent = lines(&log, "access data accepted");
    sent.extend(lines(&log, "access data rejected"));
    sent
}

#[test]
fn a_proven_message_has_a_line_with_the_instance_and_its_order() {
    let koohook = pending();
    let (id, unknown) = (id("CS1"), id("CS9"));
    let unusable = message("instance.access", json!({ "instanceId": id, "refuse": "000108" }));
    for (instance, body, level, outcome, order, named) in [
        (&id, ready(&id), "INFO", "applied", json!("CS1"), true),
        (&id, ready(&id), "INFO", "no-effect", json!("CS1"), true),
        (&id, refused(&id), "WARN", "refused", json!("CS1"), true),
        (&id, unusable, "INFO", "refused", Value::Null, true),
        (&unknown, ready(&unknown), "INFO", "refused", Value::Null, true),
        // The signature does not cover the path.
        (&unknown, ready(&id), "INFO", "refused", Value::Null, false),
        (&id, b"[]".to_vec(), "INFO", "refused", Value::Null, false),
    ] {
        let sent = lines_of(&koohook, |koohook| {
            send_signed(koohook, instance, 0, &body);
        });
        let [line] = sent.try_into().expect("one line");
        let read = ["level", "outcome", "orderId", "instanceId"].map(|name| line[name].clone());
        let instance = if named { json!(instance) } else { Value::Null };
        assert_eq!(read, [json!(level), json!(outcome), order, instance], "{line}");
        assert!(line["status"].is_u64() && line["millis"].is_u64(), "{line}");
    }
}

#[test]
fn the_line_of_an_unproven_message_is_no_warning_and_names_nothing() {
    let koohook = pending();
    let id = id("CS1");
    let sent = lines_of(&koohook, |koohook| {
        assert_eq!(send_signed(koohook, &id, 301, &ready(&id)), 401);
    });
    let [line] = sent.try_into().expect("one line");
    let read = ["level", "outcome", "orderId", "instanceId"].map(|name| line[name].clone());
    assert_eq!(read, [json!("INFO"), json!("rejected"), Value::Null, Value::Null], "{line}");
    assert!(!line.to_string().contains(&id), "{line}");
}

/// Anyone can send such messages.
#[test]
fn at_most_ten_unproven_messages_a_second_have_a_line() {
    let (koohook, id) = (pending(), id("CS1"));
    let process = Arc::new(ServingProcess::new("app-info", || Duration::ZERO));
    let address = "203.0.113.7".parse().ok();
    let origin = CallOrigin { request_id: Some("r-1".to_owned()), address, process };
    let origin = Arc::new(origin);
    let sent = lines_of(&koohook, |koohook| {
        for _ in 0..30 {
            let mut request = put(&id, koohook.world().now_millis() / 1_000 - 301, &ready(&id));
            request.extensions_mut().insert(Arc::clone(&origin));
            let endpoint = AppInfoEndpoint::new(Arc::clone(koohook.endpoint.context()));
            assert_eq!(run(Endpoint::answer(&endpoint, request)).status(), 401);
        }
    });
    assert_eq!(sent.len(), 10);
    for line in sent {
        let read = ["requestId", "address", "function"].map(|name| line[name].clone());
        assert_eq!(read, [json!("r-1"), json!("203.0.113.7"), json!("app-info")], "{line}");
    }
}
