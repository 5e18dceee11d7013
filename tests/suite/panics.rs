//! A panic does not end the process. koohook answers the call with `000005`, signs it with the key
//! that verified the call, and reveals nothing.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::webhook::WebhookSecrets;
use http::{Request, Response};
use protocol::time::UnixMillis;
use shell::config::Config;
use shell::context::Context;
use shell::endpoint::Endpoint;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::endpoint::usage::UsageEndpoint;
use shell::store::memory::Memory;
use shell::store::{Put, Store, Stored, Unavailable, Value, Version};
use shell::world::World;
use simulator::answer::verify_body_sign;
use tests::call::{ADDRESS, BASE_KEY, PENDING, PRODUCT_SECRET, SETTINGS, config, run, v1, v2};
use tests::forward;
use tests::log::Log;
use tests::world::{NOW, Scripted, TestWorld};

const CANARY: &str = "canary-in-a-panic";
const PREVIOUS_KEY: &str = "constructed-base-key-0000";
const FAILED: &[u8] = br#"{"resultCode":"000005","resultMsg":"other internal error."}"#;

/// How many of the next calls of each operation panic.
#[derive(Default)]
struct Bugs {
    get: AtomicUsize,
    put: AtomicUsize,
    random: AtomicUsize,
    within: AtomicUsize,
}

/// Panics if a bug is planned for this call.
fn trigger(bug: &AtomicUsize) {
    let due = bug.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    assert!(due.is_err(), "{CANARY}");
}

/// A world, and a store in it, with bugs.
struct Buggy {
    world: TestWorld<Memory>,
    store: BuggyStore,
}

struct BuggyStore {
    memory: Memory,
    bugs: Bugs,
}

impl World for Buggy {
    type Store = BuggyStore;
    type Web = Scripted;

    fn store(&self) -> &BuggyStore {
        &self.store
    }

    fn web(&self) -> &Scripted {
        self.world.web()
    }

    fn now(&self) -> UnixMillis {
        self.world.now()
    }

    fn elapsed(&self) -> Duration {
        self.world.elapsed()
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        trigger(&self.store.bugs.random);
        self.world.random()
    }

    async fn within<F>(&self, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        trigger(&self.store.bugs.within);
        self.world.within(limit, future).await
    }

    async fn pause(&self, span: Duration) {
        self.world.pause(span).await;
    }
}

impl Store for BuggyStore {
    forward!(memory: agenda, catalogue);

    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let stored = self.memory.get(key, now).await;
        trigger(&self.bugs.get);
        stored
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        trigger(&self.bugs.put);
        self.memory.put(key, value, over, now).await
    }
}

type BuggyEndpoint = CallbackEndpoint<Buggy>;

fn endpoint() -> BuggyEndpoint {
    let mut settings = SETTINGS.to_vec();
    settings.push(("KOOHOOK_BASE_KEY_PREVIOUS", PREVIOUS_KEY));
    endpoint_with(&settings)
}

fn endpoint_with(settings: &[(&str, &str)]) -> BuggyEndpoint {
    let Config { endpoint, context, .. } = config(settings);
    let store = BuggyStore { memory: Memory::new(), bugs: Bugs::default() };
    let world = TestWorld::new(Memory::new());
    let context = Context::new(context, Buggy { world, store });
    CallbackEndpoint::new(endpoint, &functions::BASE, Arc::new(context))
        .expect("the settings of a test are usable")
}

fn answer(endpoint: &BuggyEndpoint, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
    let response = run(endpoint.answer(request.map(Bytes::from)));
    response.map(|body| body.to_vec())
}

fn purchase_v2() -> Request<Vec<u8>> {
    v2(
        NOW,
        &[
            ("activity", "newInstance"),
            ("businessId", "B1"),
            ("orderId", "CS1"),
            ("orderLineId", "CS1-1"),
        ],
    )
}

fn purchase_v1(key: &str) -> Request<Vec<u8>> {
    let parameters = [
        ("activity", "newInstance"),
        ("orderId", "CS1"),
        ("productId", "P1"),
        ("businessId", "B1"),
        ("customerId", "C1"),
    ];
    simulator::v1::request(ADDRESS, key, "20261005194927000", &parameters).unwrap()
}

fn each_bug(bugs: &Bugs) -> [(&'static str, &AtomicUsize); 4] {
    [("get", &bugs.get), ("put", &bugs.put), ("random", &bugs.random), ("within", &bugs.within)]
}

#[test]
fn a_panic_fails_one_call_and_the_next_call_works() {
    for bug in 0..4 {
        for request in [purchase_v2(), purchase_v1(BASE_KEY)] {
            let endpoint = endpoint();
            let (name, due) = each_bug(&endpoint.world().store.bugs)[bug];
            due.store(1, Ordering::SeqCst);
            let log = Log::default();
            let guard = log.keep();
            let response = answer(&endpoint, request.clone());
            let again = answer(&endpoint, request);
            drop(guard);
            assert_eq!((response.status().as_u16(), response.body().as_slice()), (200, FAILED));
            assert_eq!(response.headers()["content-type"], "application/json", "{name}");
            verify_body_sign(&response, BASE_KEY).unwrap();
            assert!(again.body().starts_with(br#"{"resultCode":"000000""#), "{name}");
            let lines = log.callbacks();
            assert_eq!(lines.len(), 2, "{name}");
            assert_eq!(
                (&lines[0]["code"], &lines[0]["fault"]),
                (&"000005".into(), &"panic".into())
            );
            assert_eq!(
                (&lines[0]["outcome"], &lines[0]["level"]),
                (&"failed".into(), &"ERROR".into())
            );
            assert_eq!(lines[0]["orderId"], "CS1", "{name}: the operator needs the order");
            assert!(!log.text().contains(CANARY), "{name}");
        }
    }
}

#[test]
fn the_answer_is_signed_with_the_key_that_matched() {
    for (key, other) in [(BASE_KEY, PREVIOUS_KEY), (PREVIOUS_KEY, BASE_KEY)] {
        let endpoint = endpoint();
        endpoint.world().store.bugs.get.store(1, Ordering::SeqCst);
        let response = answer(&endpoint, purchase_v1(key));
        assert_eq!(response.body(), FAILED);
        verify_body_sign(&response, key).unwrap();
        assert!(verify_body_sign(&response, other).is_err());
    }
}

#[test]
fn the_endpoint_works_after_many_panics() {
    let endpoint = endpoint();
    for (_, due) in each_bug(&endpoint.world().store.bugs) {
        due.store(50, Ordering::SeqCst);
    }
    let answers: Vec<_> = (0..250).map(|_| answer(&endpoint, purchase_v2())).collect();
    let failed = answers.iter().filter(|answer| answer.body() == FAILED).count();
    assert_eq!(failed, 200);
    let last = answers.last().unwrap();
    assert!(last.body().starts_with(br#"{"resultCode":"000000""#));
}

#[test]
fn calls_without_store_access_work_while_the_store_panics() {
    let endpoint = endpoint();
    for (_, due) in each_bug(&endpoint.world().store.bugs) {
        due.store(1_000, Ordering::SeqCst);
    }
    let rehearsed = v1(NOW, &[("activity", "newInstance"), ("testFlag", "1")]);
    assert!(answer(&endpoint, rehearsed).body().starts_with(br#"{"resultCode":"000000""#));
    let rejected = answer(&endpoint, purchase_v1("constructed-base-key-0009"));
    assert!(rejected.body().starts_with(br#"{"resultCode":"000001""#));
    let health = Request::get("/healthz").body(Vec::new()).unwrap();
    assert_eq!(answer(&endpoint, health).status(), 200);
}

/// The hosts' log and panic hook belong to the whole process. So this test starts itself as another
/// process, and reads that process's output.
#[test]
fn the_hosts_log_has_the_place_of_a_panic_but_not_its_message() {
    const INSIDE: &str = "KOOHOOK_TEST_PANICS_INSIDE";
    const NAME: &str = "panics::the_hosts_log_has_the_place_of_a_panic_but_not_its_message";
    if std::env::var_os(INSIDE).is_some() {
        let settings = [&SETTINGS[..], &[("KOOHOOK_LOG", "trace")]].concat();
        shell::host::start_log(&config(&settings).log);
        let endpoint = endpoint();
        endpoint.world().store.bugs.get.store(1, Ordering::SeqCst);
        assert_eq!(answer(&endpoint, purchase_v2()).body(), FAILED);
        return;
    }
    let inside = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let output = [inside.stdout, inside.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let output = output.concat();
    assert!(inside.status.success(), "{output}");
    let lines = || output.lines().filter(|line| line.starts_with('{'));
    let line = |word: &str| lines().filter(|line| line.contains(word)).count();
    assert_eq!((line("\"panicked\""), line("tests/suite/panics.rs:")), (1, 1), "{output}");
    assert_eq!(line("\"callback\""), 1, "{output}");
    assert!(!output.contains(CANARY), "{output}");
}

/// A panic while koohook stores a report is a failure of its instance. The product sends the report
/// again.
#[test]
fn a_panic_in_a_report_of_usage_is_answered_with_retry() {
    for bug in 0..4 {
        let callbacks = endpoint_with(&PENDING);
        let bought = answer(&callbacks, purchase_v2());
        let bought: serde_json::Value = serde_json::from_slice(bought.body()).unwrap();
        callbacks.world().world.pass(Duration::from_hours(1));
        let [begin, end] = [NOW, NOW + 3_600_000].map(|at| UnixMillis::new(at).to_rfc3339());
        let record = serde_json::json!({ "recordId": "r", "instanceId": bought["instanceId"],
            "beginTime": begin, "endTime": end, "value": 1 });
        let body = serde_json::json!({ "records": [record] }).to_string();
        let usage = UsageEndpoint::new(Arc::clone(callbacks.context()));
        let report = || {
            let secrets = WebhookSecrets::parse(PRODUCT_SECRET).unwrap();
            let seconds = NOW / 1_000 + 3_600;
            let request = Request::post("/usage")
                .header("webhook-id", "msg_1")
                .header("webhook-timestamp", seconds)
                .header("webhook-signature", secrets.sign("msg_1", seconds, body.as_bytes()));
            let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
            let response = run(Endpoint::answer(&usage, request));
            (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
        };
        let (name, due) = each_bug(&callbacks.world().store.bugs)[bug];
        due.store(1, Ordering::SeqCst);
        let answer = |status| format!(r#"{{"records":[{{"recordId":"r","status":"{status}"}}]}}"#);
        assert_eq!(report(), (503, answer("retry")), "{name}");
        assert_eq!(report(), (200, answer("accepted")), "{name}");
    }
}
