//! The rows that need a socket: raw bytes sent to the plain HTTP host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::signature::Interface;
use protocol::time::UnixMillis;
use serde::Deserialize;
use shell::store::memory::Memory;
use shell::store::{Store, Stored, Unavailable};
use shell::unverified_bodies::Bodies;
use shell::world::World;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{BASE_KEY, Koohook, SETTINGS, koohook, v1, v2};
use tests::forward;
use tests::served::{RawAnswer, RawCaller, ServedEndpoint};
use tests::world::NOW;
use tokio::sync::Semaphore;

use super::text::fill;

/// A row that sends raw bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadInput {
    id: String,
    what: String,
    #[serde(default, rename = "note")]
    _note: String,
    /// Variants of the bytes to send. Each one must get these answers.
    send: Vec<String>,
    /// The answers' codes, or HTTP statuses with `H` before them.
    answers: Vec<String>,
    /// Whether koohook closes the connection after the answers.
    #[serde(default)]
    closed: bool,
    /// The expected number of writes.
    #[serde(default)]
    writes: usize,
}

#[test]
fn the_host_rejects_ambiguous_http() {
    let rows: Vec<BadInput> =
        serde_json::from_str(include_str!("../../vectors/bad_inputs/wire.json")).unwrap();
    let faults: Vec<String> = rows.iter().flat_map(check_row).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn check_row(row: &BadInput) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, send) in row.send.iter().enumerate() {
        let endpoint = Arc::new(koohook(&SETTINGS).endpoint);
        let served = ServedEndpoint::new(Arc::clone(&endpoint));
        let mut caller = served.connect();
        caller.send(&bytes(send));
        let mut check = |passed: bool, fault: String| {
            if !passed {
                faults.push(format!("{} ({}) #{number}: {fault}", row.id, row.what));
            }
        };
        for expected in &row.answers {
            let answer = caller.answer();
            let word = answer.as_ref().map_or("nothing".to_owned(), word);
            check(word == *expected, format!("answered {word}, not {expected}"));
        }
        if row.closed {
            check(caller.is_closed(), "the connection is open".to_owned());
        }
        let (_, writes) = endpoint.world().store().take_counts();
        check(writes == row.writes, format!("{writes} writes"));
        let mut next = served.connect();
        next.send(&purchase("CS-next"));
        let next = next.answer().as_ref().map(word);
        check(next.as_deref() == Some("000000"), format!("the next call: {next:?}"));
        check(!served.log.text().contains("panic"), "a panic".to_owned());
    }
    faults
}

/// The code of an answer, or `H` and its HTTP status. An answer with a code must be signed, and its
/// headers must have the form that the marketplace expects.
fn word(answer: &RawAnswer) -> String {
    let RawAnswer { head, response } = answer;
    let status = response.status().as_u16();
    if status != 200 {
        return format!("H{status}");
    }
    if response.body() == br#"{"status":"ok"}"# {
        return "healthy".to_owned();
    }
    assert!(head.contains("\r\nBody-Sign: sign_type=\"HMAC-SHA256\", signature= \""), "{head}");
    assert!(head.contains("\r\nContent-Type: application/json\r\n"), "{head}");
    verify_body_sign(response, BASE_KEY).unwrap();
    Answer::read(response).unwrap().code
}

fn bytes(template: &str) -> Vec<u8> {
    let request = v2(NOW, &super::purchase("CS-canary-1"));
    let body = String::from_utf8(request.body().clone()).unwrap();
    let parameters = [
        ("activity", "newInstance"),
        ("businessId", "canary-business-2"),
        ("customerId", "canary-customer-1"),
        ("orderId", "CS-canary-2"),
        ("productId", "canary-product-3"),
    ];
    let target = |uri: &http::Uri| uri.path_and_query().unwrap().to_string();
    let names = BTreeMap::from([
        ("target", target(request.uri())),
        ("target-v1", target(v1(NOW, &parameters).uri())),
        ("length", body.len().to_string()),
        ("hex-length", format!("{:x}", body.len())),
        ("hex-rest", format!("{:X}", body.len() - 3)),
        ("body", body),
        ("purchase", String::from_utf8(purchase("CS-canary-3")).unwrap()),
    ]);
    fill(template, &|name| names.get(name).map(|text| text.as_bytes().to_vec()))
}

/// A complete request.
fn purchase(order: &str) -> Vec<u8> {
    let request = v2(NOW, &super::purchase(order));
    let target = request.uri().path_and_query().unwrap();
    let mut bytes = format!(
        "POST {target} HTTP/1.1\r\nHost: seller.example.com\r\nContent-Length: {}\r\n\r\n",
        request.body().len()
    )
    .into_bytes();
    bytes.extend(request.body());
    bytes
}

#[test]
fn idle_connections_do_not_delay_a_call() {
    let served = ServedEndpoint::new(Arc::new(koohook(&SETTINGS).endpoint));
    let idle: Vec<RawCaller> = (0..200).map(|_| served.connect()).collect();
    let mut caller = served.connect();
    caller.send(&purchase("CS-canary-1"));
    assert_eq!(caller.answer().as_ref().map(word).as_deref(), Some("000000"));
    drop(idle);
}

#[test]
fn a_hundred_calls_on_one_connection_are_answered_in_order() {
    let served = ServedEndpoint::new(Arc::new(koohook(&SETTINGS).endpoint));
    let calls: Vec<Vec<u8>> = (0..100).map(|order| purchase(&format!("CS-{order}"))).collect();
    let single: Vec<Vec<u8>> = calls
        .iter()
        .map(|call| {
            let mut caller = served.connect();
            caller.send(call);
            caller.answer().unwrap().response.into_body()
        })
        .collect();
    let mut caller = served.connect();
    caller.send(&calls.concat());
    for body in single {
        assert_eq!(caller.answer().unwrap().response.into_body(), body);
    }
}

/// The store delays every call until the gate opens. The caller has hung up by then.
#[test]
fn a_caller_that_hangs_up_changes_nothing_about_the_call() {
    let koohook: Koohook<Gated> = Koohook::over(Gated::default(), &SETTINGS);
    let endpoint = Arc::new(koohook.endpoint);
    let gated = || endpoint.world().store().inner();
    let served = ServedEndpoint::new(Arc::clone(&endpoint));
    let whole = purchase("CS-canary-1");
    let mut half = served.connect();
    half.send(&whole[..whole.len() - 1]);
    drop(half);
    let mut gone = served.connect();
    gone.send(&whole);
    wait_until(|| gated().waiting.load(Ordering::SeqCst) == 1);
    drop(gone);
    // Two more requests, so that the server has noticed that the caller hung up.
    for _ in 0..2 {
        let mut caller = served.connect();
        caller.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(caller.answer().as_ref().map(word).as_deref(), Some("healthy"));
    }
    gated().gate.add_permits(2);
    let mut writes = 0;
    wait_until(|| {
        writes += endpoint.world().store().take_counts().1;
        writes > 0
    });
    let mut again = served.connect();
    again.send(&whole);
    assert_eq!(again.answer().as_ref().map(word).as_deref(), Some("000000"));
    assert_eq!((writes, endpoint.world().store().take_counts()), (1, (1, 0)));
}

/// After its signature is verified, a body may wait for the store. It must not use the room for
/// unverified bodies meanwhile.
#[test]
fn a_body_counts_as_unverified_until_its_signature_is_verified() {
    let koohook: Koohook<Gated> = Koohook::over(Gated::default(), &SETTINGS);
    for (sign, waits) in [(true, true), (false, false)] {
        let unverified = Arc::new(Arc::<Bodies>::default().begin(Interface::Base));
        let mut request = v2(NOW, &super::purchase("CS-1")).map(Bytes::from);
        if !sign {
            *request.body_mut() = Bytes::from_static(b"{}");
        }
        request.extensions_mut().insert(Arc::clone(&unverified));
        let mut answer = Box::pin(koohook.endpoint.answer(request));
        let polled = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!((polled.is_pending(), Arc::strong_count(&unverified)), (waits, 1));
    }
}

/// A store whose reads wait at a gate.
struct Gated {
    memory: Memory,
    waiting: AtomicUsize,
    gate: Semaphore,
}

impl Default for Gated {
    fn default() -> Self {
        Self { memory: Memory::new(), waiting: AtomicUsize::new(0), gate: Semaphore::new(0) }
    }
}

impl Store for Gated {
    forward!(memory: put, agenda, catalogue);

    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.memory.get(key, now).await
    }
}

fn wait_until(mut is_true: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_true() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the condition did not become true in 20 s"
        );
        thread::yield_now();
    }
}
