//! `PUT /instances/{instanceId}/usage-info` (decisions J6, J7).

use domain::instance::UsageKind;
use serde_json::{Value, json};
use tests::call::{PENDING, koohook, run};
use tests::world::StoreFault;

use super::calls::*;

fn message(id: &str, entries: &[Value]) -> Vec<u8> {
    let data = json!({ "instanceId": id, "usageInfo": entries });
    json!({ "type": "instance.usage", "data": data }).to_string().into_bytes()
}

fn entry(value: &str) -> Value {
    json!({ "usageValue": value })
}

/// Sends a message to an instance's path, signed so many seconds ago.
fn put(koohook: &Reported, id: &str, ago: u64, body: &[u8]) -> u16 {
    let at = koohook.world().now_millis() / 1_000 - ago;
    let request = signed("PUT", &format!("/instances/{id}/usage-info"), at, body);
    run(send(koohook, request)).status().as_u16()
}

/// The stored values of the entries.
fn values(koohook: &Reported, id: &str) -> Vec<String> {
    let info = stored(koohook, id).and_then(|usage| usage.info).expect("a message is stored");
    info.entries.iter().map(|entry| entry.usage_value.to_string()).collect()
}

#[test]
fn the_newest_message_counts() {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", Some("5"));
    koohook.store().take_counts();
    let id = id("CS1");
    let full = json!({ "usageValue": 12.5, "relatedInstanceId": "i-2",
                       "dashboardUrl": "https://app.example.com/usage?i=1" });
    assert_eq!(put(&koohook, &id, 10, &message(&id, &[full.clone(), entry("0.0001")])), 200);
    assert_eq!(koohook.store().take_counts(), (2, 1));
    assert_eq!(values(&koohook, &id), ["12.5", "0.0001"]);
    let first = stored(&koohook, &id).unwrap().info.unwrap();
    assert_eq!(first.entries[0].related_instance_id.as_ref().unwrap().as_str(), "i-2");
    assert_eq!(put(&koohook, &id, 10, &message(&id, &[full, entry("0.0001")])), 200);
    assert_eq!(koohook.store().take_counts(), (2, 0), "a repeated message changes nothing");
    assert_eq!(put(&koohook, &id, 11, &message(&id, &[entry("1")])), 200);
    assert_eq!(koohook.store().take_counts(), (2, 0), "an older message changes nothing");
    assert_eq!(values(&koohook, &id), ["12.5", "0.0001"]);
    assert_eq!(put(&koohook, &id, 9, &message(&id, &[entry("1")])), 200);
    assert_eq!(values(&koohook, &id), ["1"]);
}

#[test]
fn a_message_that_cannot_be_used_changes_nothing() {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", Some("5"));
    buy(&koohook, "CS2", Some("5"));
    let (one, other) = (id("CS1"), id("CS2"));
    koohook.store().take_counts();
    let put = |body: &[u8]| put(&koohook, &one, 0, body);
    for body in ["", "[]", "{}", "null", r#"{"type":"instance.usage"}"#, "{\"type\":7,\"data\":{}}"]
    {
        assert_eq!(put(body.as_bytes()), 422, "{body}");
    }
    for entries in [
        vec![],
        vec![entry("1"); 65],
        vec![json!({})],
        vec![entry("1.00001")],
        vec![entry("-1")],
        vec![json!("1")],
        vec![json!({ "usageValue": "1", "relatedInstanceId": "" })],
        vec![json!({ "usageValue": "1", "dashboardUrl": "javascript:alert(1)" })],
        vec![json!({ "usageValue": "1", "dashboardUrl": format!("https://{}", "x".repeat(505)) })],
        vec![entry("1"), entry("x")],
    ] {
        assert_eq!(put(&message(&one, &entries)), 422, "{entries:?}");
    }
    assert_eq!(put(&message(&other, &[entry("1")])), 400, "signed for another path");
    let access =
        json!({ "type": "instance.access", "data": { "instanceId": one, "usageInfo": [] } });
    assert_eq!(put(access.to_string().as_bytes()), 400);
    assert_eq!(put(&vec![b' '; 128 * 1024 + 1]), 413);
    assert_eq!(koohook.store().take_counts(), (0, 0));
    assert_eq!(put(&message(&one, &vec![entry("1"); 64])), 200);
}

#[test]
fn each_instance_that_can_have_no_usage_has_its_status() {
    let koohook = koohook(&PENDING);
    for (order, mode) in [("CS1", "1"), ("CS2", "0"), ("CS3", "0")] {
        buy(&koohook, order, Some(mode));
    }
    let release = [
        ("activity", "releaseInstance"),
        ("businessId", "made-up-business"),
        ("instanceId", &*id("CS2")),
        ("orderId", "CS2"),
    ];
    assert_eq!(run(koohook.v1(&release)).code, "000000");
    for (id, status) in
        [(id_of_other("CS1"), 409), (id("CS2"), 410), (id("CS3"), 200), (id("CS4"), 404)]
    {
        assert_eq!(put(&koohook, &id, 0, &message(&id, &[entry("1")])), status, "{id}");
    }
    let (id, now) = (id("CS3"), koohook.world().now_millis() / 1_000);
    let mut unsigned = signed("PUT", &format!("/instances/{id}/usage-info"), now, b"{}");
    *unsigned.body_mut() = message(&id, &[entry("2")]).into();
    assert_eq!(run(send(&koohook, unsigned)).status(), 401);
    koohook.store().plan([StoreFault::Refused; 3]);
    assert_eq!(put(&koohook, &id, 0, &message(&id, &[entry("2")])), 503);
    koohook.store().plan([]);
    assert_eq!(values(&koohook, &id), ["1"]);
}

/// The columns: the charging mode, whether the instance reported a window before, the kind after a
/// message with `relatedInstanceId`, and after one without it.
#[test]
fn only_an_instance_of_unknown_mode_learns_its_kind_from_the_message() {
    let (pay, package) = (UsageKind::PayPerUse, UsageKind::Package);
    for (mode, has_reported, related, unrelated) in [
        (None, false, package, pay),
        (None, true, package, pay),
        (Some("0"), false, pay, pay),
        (Some("0"), true, pay, pay),
        (Some("5"), false, package, package),
    ] {
        let related_entry = json!({ "usageValue": "1", "relatedInstanceId": "i-2" });
        for (entry, kind) in [(related_entry, related), (entry("1"), unrelated)] {
            learns(mode, has_reported, &entry, kind);
        }
    }
}

fn learns(mode: Option<&str>, has_reported: bool, sent: &Value, kind: UsageKind) {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", mode);
    koohook.world().pass(HOUR * 3);
    let id = if mode.is_some() { id("CS1") } else { id_of_other("CS1") };
    if has_reported {
        assert_eq!(sends(&koohook, &[hour(&koohook, &id, 1, "1")]).1, ["accepted"]);
    }
    assert_eq!(put(&koohook, &id, 1, &message(&id, std::slice::from_ref(sent))), 200);
    let usage_kind = || run(koohook.instance(&id)).usage_kind();
    assert_eq!(usage_kind(), Some(kind), "{mode:?} {has_reported} {sent}");
    assert_eq!(values(&koohook, &id), ["1"]);
    let windows = stored(&koohook, &id).unwrap().records.len();
    assert_eq!(windows, usize::from(has_reported), "the windows stay");
    // A later message without `relatedInstanceId` changes no kind.
    assert_eq!(put(&koohook, &id, 0, &message(&id, &[entry("2")])), 200);
    assert_eq!(usage_kind(), Some(kind), "{mode:?} {has_reported} {sent}");
}

/// The windows and the entries share one stored value. A message that does not fit is wrong for ever, so
/// it is not a temporary failure.
#[test]
fn entries_that_do_not_fit_beside_the_windows_are_rejected() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let window = |minute: u64| {
        json!({ "recordId": minute.to_string(), "instanceId": id, "value": "99999999.9999",
                "relatedPackageInstanceId": format!("{:064}", minute % 128),
                "beginTime": ago(&koohook, (minute + 1) * 60), "endTime": ago(&koohook, minute * 60) })
    };
    for start in [0, 700, 1_400] {
        let windows: Vec<_> = (start..start + 700).map(window).collect();
        assert_eq!(sends(&koohook, &windows), (200, vec!["accepted".to_owned(); 700]));
    }
    let address = format!("https://app.example.com/{}", "x".repeat(480));
    let long = json!({ "usageValue": "1", "dashboardUrl": address });
    assert_eq!(put(&koohook, &id, 0, &message(&id, &vec![long; 64])), 422);
    assert_eq!(put(&koohook, &id, 0, &message(&id, &[entry("1")])), 200);
    assert_eq!(stored(&koohook, &id).unwrap().records.len(), 2_100);
}
