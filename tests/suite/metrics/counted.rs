//! What is counted.

use std::time::Duration;

use protocol::time::UnixMillis;
use shell::probe::Prober;
use shell::store::{Queue, Store, Value as StoredValue, Version};
use shell::world::World;
use tests::call::{ADDRESS, BASE_KEY, PENDING, PRODUCT_SECRET, SETTINGS, WITH_PRODUCT, run};
use tests::product::{Mood, READY, ScriptedProduct};
use tests::world::{NOW, StoreFault};

use super::*;

fn calls(koohook: &Bundled, activity: &str, code: &str, outcome: &str) -> Option<f64> {
    let labels = format!(
        r#"activity="{activity}",code="{code}",contract="V2",function="other",outcome="{outcome}""#
    );
    value(&text(koohook), &format!("koohook_calls_total{{{labels}}}"))
}

#[test]
fn metrics_that_are_off_do_not_exist() {
    let koohook = koohook(&SETTINGS);
    buy(&koohook, "CS1");
    assert_eq!(koohook.endpoint.context().metrics_text(), None);
    assert_eq!(koohook.endpoint.context().emf_lines(), "");
}

#[test]
fn a_callback_is_counted_by_its_activity_code_and_outcome() {
    let koohook = with_metrics(&SETTINGS);
    for outcome in ["applied", "repeated", "repeated"] {
        assert_eq!(buy(&koohook, "CS1"), "000000", "{outcome}");
    }
    assert_eq!(calls(&koohook, "newInstance", "000000", "applied"), Some(1.0));
    assert_eq!(calls(&koohook, "newInstance", "000000", "repeated"), Some(2.0));
    let freeze =
        [("activity", "updateInstanceStatus"), ("instanceId", "unknown"), ("status", "FREEZE")];
    let code = run(koohook.v2(&freeze)).code;
    assert_eq!(calls(&koohook, "updateInstanceStatus", &code, "refused"), Some(1.0), "{code}");
    let labels = r#"{activity="newInstance",contract="V2",function="other"}"#;
    let text = text(&koohook);
    assert_eq!(value(&text, &format!("koohook_call_duration_seconds_count{labels}")), Some(3.0));
}

/// A stranger chooses the activity of a call that is not verified. It must not make a new series.
#[test]
fn a_call_that_is_not_verified_is_counted_by_its_reason() {
    let koohook = with_metrics(&SETTINGS);
    let before = text(&koohook).lines().count();
    for number in 0..40 {
        let now = koohook.world().now_millis().to_string();
        let body = simulator::v2::body(&[("activity", format!("canary{number}").as_str())]);
        let key = "constructed-base-key-of-nobody";
        let request = simulator::v2::request(ADDRESS, key, &now, &format!("nonce{number}"), &body);
        run(koohook.answer(request.unwrap()));
    }
    let text = text(&koohook);
    let wrong = r#"koohook_rejections_total{contract="V2",reason="signature-wrong"}"#;
    assert_eq!(value(&text, wrong), Some(40.0), "{text}");
    assert!(!text.contains("canary"), "{text}");
    assert!(text.lines().count() < before + 50, "{text}");
}

#[test]
fn a_call_that_failed_is_counted_by_its_reason() {
    let koohook = with_metrics(&SETTINGS);
    let failures = r#"koohook_failures_total{reason="store-unavailable",source="callback"}"#;
    assert_eq!(value(&text(&koohook), failures), Some(0.0), "an alert sees the first failure");
    koohook.store().plan([StoreFault::Refused; 8]);
    assert_eq!(buy(&koohook, "CS1"), "000005");
    let text = text(&koohook);
    assert_eq!(value(&text, failures), Some(1.0));
    assert_eq!(value(&text, r#"koohook_store_failures_total{operation="read"}"#), Some(1.0));
    assert_eq!(calls(&koohook, "newInstance", "000005", "failed"), Some(1.0));
}

#[test]
fn notices_are_counted_by_type_and_outcome() {
    let koohook = with_metrics(&PENDING);
    let mut moods = [Mood::Refuses(503, ""), READY].into_iter();
    let product = ScriptedProduct::of(koohook.world(), move |_| moods.next().unwrap());
    buy(&koohook, "CS1");
    relay(&koohook);
    koohook.world().pass(Duration::from_secs(10));
    relay(&koohook);
    assert_eq!(product.effects().len(), 1);
    let text = text(&koohook);
    let notices = |outcome| {
        let labels = format!(r#"outcome="{outcome}",type="instance.created""#);
        value(&text, &format!("koohook_notices_total{{{labels}}}"))
    };
    assert_eq!((notices("failed"), notices("delivered")), (Some(1.0), Some(1.0)));
    assert_eq!(value(&text, "koohook_product_duration_seconds_count"), Some(2.0));
    assert_eq!(value(&text, r#"koohook_relay_runs_total{end="finished"}"#), Some(2.0));
    let last = value(&text, "koohook_relay_last_run_timestamp_seconds");
    let second = Duration::from_millis(NOW).as_secs_f64() + 10.0;
    assert!(last.is_some_and(|last| (second..second + 60.0).contains(&last)), "{last:?}");
}

#[test]
fn a_notice_that_is_given_up_because_of_time_is_counted() {
    let koohook = with_metrics(&PENDING);
    ScriptedProduct::of(koohook.world(), |_| Mood::NotReached);
    buy(&koohook, "CS1");
    for _ in 0..80 {
        relay(&koohook);
        koohook.world().pass(Duration::from_hours(1));
    }
    let labels = r#"{outcome="given-up",type="instance.created"}"#;
    assert_eq!(value(&text(&koohook), &format!("koohook_notices_total{labels}")), Some(1.0));
}

#[test]
fn the_figures_of_the_store_are_shown_while_the_relay_runs() {
    let koohook = with_metrics(&PENDING);
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    buy(&koohook, "CS1");
    assert_eq!(
        value(&text(&koohook), "koohook_purchases_pending"),
        None,
        "absent before the relay"
    );
    koohook.world().pass(Duration::from_mins(31));
    relay(&koohook);
    let shown = text(&koohook);
    assert_eq!(value(&shown, "koohook_purchases_pending"), Some(1.0));
    assert_eq!(value(&shown, "koohook_store_due"), Some(1.0));
    for metric in ["koohook_purchases_pending_oldest_seconds", "koohook_store_due_oldest_seconds"] {
        let age = value(&shown, metric).unwrap();
        assert!((1_860.0..1_920.0).contains(&age), "{metric}: {age}");
    }
    koohook.world().pass(Duration::from_mins(6));
    let shown = text(&koohook);
    assert_eq!(value(&shown, "koohook_purchases_pending"), None, "too old to be true");
    assert!(value(&shown, "koohook_store_figures_timestamp_seconds").is_some());
}

#[test]
fn the_age_of_a_rehearsal_is_absent_before_the_first() {
    let koohook = with_metrics(&SETTINGS);
    let age = |koohook: &Bundled| {
        value(&text(koohook), r#"koohook_rehearsal_age_seconds{contract="V2"}"#)
    };
    buy(&koohook, "CS1");
    assert_eq!(age(&koohook), None, "not a rehearsal");
    run(koohook.v2(&[
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", "CS1"),
        ("orderLineId", "CS1-1"),
        ("testFlag", "1"),
    ]));
    koohook.world().pass(Duration::from_hours(13));
    assert_eq!(age(&koohook), Some(46_800.0));
    assert_eq!(value(&text(&koohook), r#"koohook_rehearsal_age_seconds{contract="V1"}"#), None);
}

#[test]
fn the_readiness_is_a_word() {
    let koohook = with_metrics(&SETTINGS);
    let word = |koohook: &Bundled| {
        let text = text(koohook);
        let states =
            text.lines().filter_map(|line| line.strip_prefix("koohook_readiness{state=\""));
        let current: Vec<_> = states.filter_map(|line| line.strip_suffix("\"} 1")).collect();
        assert_eq!(current.len(), 1, "{text}");
        current[0].to_owned()
    };
    assert_eq!(word(&koohook), "unprobed");
    koohook.endpoint.context().readiness.begin();
    assert_eq!(word(&koohook), "starting");
    let mut prober = Prober::new(Duration::ZERO);
    let mut probed = |faults: &[StoreFault]| {
        koohook.store().plan(faults.iter().copied());
        run(prober.probe(koohook.endpoint.context()));
        koohook.store().plan([]);
        word(&koohook)
    };
    assert_eq!(probed(&[]), "ready");
    assert_eq!(probed(&[StoreFault::Refused]), "store-unreadable");
    assert_eq!(probed(&[StoreFault::None, StoreFault::Refused]), "store-unwritable");
    let world = koohook.world();
    koohook.endpoint.context().readiness.note_relay(World::elapsed(world));
    world.pass(Duration::from_mins(6));
    assert_eq!(probed(&[]), "relay-stuck");
}

/// Canaries are in every text of a call, of the product's answer and of the settings.
#[test]
fn no_text_of_a_call_or_a_setting_is_in_the_metrics() {
    let koohook = with_metrics(&WITH_PRODUCT);
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, "canary-answer"));
    let members = [
        ("activity", "newInstance"),
        ("businessId", "canary-business"),
        ("customerName", "canary-name"),
        ("email", "canary@example.com"),
        ("mobilePhone", "canary-phone"),
        ("orderId", "CANARY1"),
        ("orderLineId", "CANARY1-1"),
        ("canary-member", "canary-value"),
    ];
    run(koohook.v2(&members));
    run(koohook.v2(&[("activity", "canary-activity"), ("instanceId", "canary-instance")]));
    relay(&koohook);
    let text = text(&koohook);
    assert!(text.contains("koohook_calls_total{activity=\"other\""), "{text}");
    let lower = text.to_lowercase();
    for secret in ["canary", "example.com", "made-up", "constructed", PRODUCT_SECRET, BASE_KEY] {
        assert!(!lower.contains(&secret.to_lowercase()), "{secret}");
    }
}

#[test]
fn a_value_that_waits_in_the_agenda_of_usage_is_counted() {
    let koohook = with_metrics(&SETTINGS);
    let at = UnixMillis::new(NOW - 120_000);
    let value_of = StoredValue {
        version: Version([7; 16]),
        bytes: vec![1],
        agenda: Some((Queue::Usage, at)),
        ..StoredValue::default()
    };
    run(koohook.store().put("usage:made-up", &value_of, None, at)).unwrap();
    relay(&koohook);
    let text = text(&koohook);
    assert_eq!(value(&text, "koohook_usage_waiting"), Some(1.0));
    let age = value(&text, "koohook_usage_oldest_seconds").unwrap();
    assert!((120.0..180.0).contains(&age), "{age}");
}
