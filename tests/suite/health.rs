//! `/readyz`: what the probe of a process finds, and what an endpoint answers (decision I5).

use std::time::Duration;

use http::Request;
use protocol::time::UnixMillis;
use serde_json::Value as Json;
use shell::probe::Prober;
use shell::store::{Put, Store, Value, Version};
use tests::call::{APP_INFO, BASE_KEY, Koohook, SETTINGS, koohook, run, v2};
use tests::log::Log;
use tests::shared_store::Shared;
use tests::test_store::TestStore;
use tests::world::{NOW, StoreFault};

const PROBED_EVERY: Duration = Duration::from_secs(10);
/// Two seal keys.
const KEYS: [&str; 2] = [
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "//////////////////////////////////////////8=",
];

type Process = Koohook<TestStore>;

/// The status and the body of `/readyz`.
fn ready<S: Store>(koohook: &Koohook<S>) -> (u16, String) {
    let response = run(koohook.answer(Request::get("/readyz").body(Vec::new()).unwrap()));
    (response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
}

fn probe<S: Store>(koohook: &Koohook<S>, prober: &mut Prober) -> u16 {
    run(prober.probe(koohook.endpoint.context()));
    ready(koohook).0
}

/// A process that probes itself, and its prober, which writes each time.
fn probing() -> (Process, Prober) {
    let koohook = koohook(&SETTINGS);
    koohook.endpoint.context().readiness.begin();
    (koohook, Prober::new(Duration::ZERO))
}

#[test]
fn readyz_reports_the_last_probe_and_does_not_use_the_store() {
    let process = koohook(&SETTINGS);
    assert_eq!(ready(&process).0, 404, "a process that does not probe itself has no /readyz");
    let (process, mut prober) = probing();
    let not_ready = (503, r#"{"status":"not ready"}"#.to_owned());
    assert_eq!(ready(&process), not_ready, "no probe has ended");
    assert_eq!(probe(&process, &mut prober), 200);
    process.store().take_counts();
    assert_eq!(ready(&process), (200, r#"{"status":"ready"}"#.to_owned()));
    process.store().plan([StoreFault::Refused; 4]);
    assert_eq!(ready(&process).0, 200, "only a probe changes the result");
    assert_eq!(process.store().take_counts(), (0, 0));
    assert_eq!(probe(&process, &mut prober), 503);
    assert_eq!(ready(&process), not_ready);
    process.store().plan([]);
    assert_eq!(probe(&process, &mut prober), 200);
}

#[test]
fn a_probe_finds_a_store_that_cannot_be_written() {
    let (process, mut prober) = probing();
    for fault in [StoreFault::Refused, StoreFault::ReplyLost] {
        process.store().plan([StoreFault::None, fault]);
        assert_eq!(probe(&process, &mut prober), 503, "{fault:?}");
        assert_eq!(probe(&process, &mut prober), 200, "{fault:?}");
    }
    process.world().lag(Duration::from_secs(6));
    assert_eq!(probe(&process, &mut prober), 503, "the store answers too late");
}

#[test]
fn a_probe_finds_a_relay_that_has_ended_no_run_for_five_minutes() {
    let (process, mut prober) = probing();
    let world = process.world();
    world.pass(Duration::from_hours(1));
    assert_eq!(probe(&process, &mut prober), 200, "the relay runs in another process");
    let note = || {
        use shell::world::World;
        process.endpoint.context().readiness.note_relay(world.elapsed());
    };
    note();
    world.pass(Duration::from_mins(5));
    assert_eq!(probe(&process, &mut prober), 200);
    world.pass(Duration::from_secs(1));
    assert_eq!(probe(&process, &mut prober), 503);
    note();
    assert_eq!(probe(&process, &mut prober), 200);
}

#[test]
fn a_trouble_is_logged_at_its_start_once_a_minute_and_at_its_end() {
    let (process, mut prober) = probing();
    let log = Log::default();
    let kept = log.keep();
    for _ in 0..12 {
        process.store().plan([StoreFault::Refused]);
        assert_eq!(probe(&process, &mut prober), 503);
        process.world().pass(PROBED_EVERY);
    }
    assert_eq!([probe(&process, &mut prober), probe(&process, &mut prober)], [200; 2]);
    drop(kept);
    let lines = log.text();
    let lines: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let parts = |line: &Json| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        (text("level"), text("message"), line["count"].as_u64().unwrap())
    };
    let warn = |count| ("WARN".to_owned(), "not ready".to_owned(), count);
    let end = ("INFO".to_owned(), "ready again".to_owned(), 12);
    assert_eq!(lines.iter().map(parts).collect::<Vec<_>>(), [warn(1), warn(7), end]);
    assert_eq!(lines[0]["fault"], "store cannot be read: store unavailable");
    assert!(lines[0]["advice"].as_str().unwrap().contains("koohook check"));
}

#[test]
fn a_process_without_the_stores_key_is_not_ready() {
    let with = |key| {
        [
            ("KOOHOOK_BASE_KEY", BASE_KEY),
            ("KOOHOOK_APP_INFO", APP_INFO),
            ("KOOHOOK_STORE", "memory:"),
            ("KOOHOOK_SEAL_KEY", key),
        ]
    };
    let ours = Koohook::over(Shared::default(), &with(KEYS[0]));
    // The second call decrypts what the first one wrote. So the process puts its mark.
    for _ in 0..2 {
        let members = [
            ("activity", "newInstance"),
            ("businessId", "B1"),
            ("orderId", "CS1"),
            ("orderLineId", "CS1-1"),
        ];
        assert_eq!(run(ours.answer(v2(NOW, &members))).status(), 200);
    }
    let prober = || Prober::new(Duration::ZERO);
    assert_eq!(probe(&ours, &mut prober()), 200);
    assert_eq!(probe(&ours.another(&with(KEYS[1])), &mut prober()), 503);
    assert_eq!(probe(&ours.another(&SETTINGS), &mut prober()), 503);
    assert_eq!(probe(&ours.another(&with(KEYS[0])), &mut prober()), 200);
}

/// A write in DynamoDB costs money.
#[test]
fn a_probe_writes_only_as_often_as_it_must() {
    let (process, _) = probing();
    let mut prober = Prober::new(Duration::from_mins(1));
    let mut writes = |count: usize| {
        let writes = (0..count).map(|_| {
            process.store().take_counts();
            probe(&process, &mut prober);
            process.world().pass(PROBED_EVERY);
            process.store().take_counts().1
        });
        writes.collect::<Vec<_>>()
    };
    assert_eq!(writes(8), [1, 0, 0, 0, 0, 0, 1, 0]);
    process.store().plan([StoreFault::Refused]);
    assert_eq!(writes(3), [0, 1, 0], "after a fault the next probe writes");
}

#[test]
fn a_probe_replaces_what_an_interrupted_permission_check_left() {
    let (process, mut prober) = probing();
    let store = process.store().inner();
    let now = UnixMillis::new(NOW);
    let left = Value { version: Version([1; 16]), ..Value::default() };
    assert_eq!(run(store.put("proof", &left, None, now)), Ok(Put::Won));
    assert_eq!(probe(&process, &mut prober), 200);
    assert_eq!(run(store.get("proof", now)), Ok(None), "the probe leaves no value");
}
