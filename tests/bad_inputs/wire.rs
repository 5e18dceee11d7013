//! The rows that need a socket: bytes in, bytes out, over the plain HTTP host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sender::answer::{Answer, verify_body_sign};
use serde::Deserialize;
use shell::world::World;
use tests::call::{BASE_KEY, SETTINGS, koohook, v1, v2};
use tests::served::{Caller, Served, Wire};
use tests::world::NOW;

use super::text::fill;

/// A row of bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    what: String,
    #[serde(default, rename = "note")]
    _note: String,
    /// What is sent, once for each.
    send: Vec<String>,
    /// The answers' codes, or HTTP statuses with `H` before them.
    answers: Vec<String>,
    /// Whether the connection is closed behind them.
    #[serde(default)]
    closed: bool,
    /// How often something was written.
    #[serde(default)]
    writes: usize,
}

#[test]
fn the_socket_takes_no_bytes_that_could_be_read_in_two_ways() {
    let rows: Vec<Row> =
        serde_json::from_str(include_str!("../vectors/bad_inputs/wire.json")).unwrap();
    let faults: Vec<String> = rows.iter().flat_map(hold_row).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn hold_row(row: &Row) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, send) in row.send.iter().enumerate() {
        let door = Arc::new(koohook(&SETTINGS).door);
        let served = Served::new(Arc::clone(&door));
        let mut caller = served.connect();
        caller.send(&bytes(send));
        let mut hold = |holds: bool, fault: String| {
            if !holds {
                faults.push(format!("{} ({}) #{number}: {fault}", row.id, row.what));
            }
        };
        for expected in &row.answers {
            let answer = caller.answer();
            let word = answer.as_ref().map_or("nothing".to_owned(), word);
            hold(
                word == *expected,
                format!("answered {word}, not {expected}"),
            );
        }
        if row.closed {
            hold(caller.is_closed(), "not closed".to_owned());
        }
        let (_, writes) = door.world().store().take_counts();
        hold(writes == row.writes, format!("{writes} writes"));
        let mut next = served.connect();
        next.send(&purchase("CS-next"));
        let next = next.answer().as_ref().map(word);
        hold(
            next.as_deref() == Some("000000"),
            format!("the next call: {next:?}"),
        );
        hold(!served.log.text().contains("panic"), "a panic".to_owned());
    }
    faults
}

/// An answer's code, or its status. A signed answer is signed, and its headers are written as
/// the marketplace looks for them.
fn word(answer: &Wire) -> String {
    let Wire { head, response } = answer;
    let status = response.status().as_u16();
    if status != 200 {
        return format!("H{status}");
    }
    if response.body() == br#"{"status":"ok"}"# {
        return "healthy".to_owned();
    }
    assert!(
        head.contains("\r\nBody-Sign: sign_type=\"HMAC-SHA256\", signature= \""),
        "{head}"
    );
    assert!(
        head.contains("\r\nContent-Type: application/json\r\n"),
        "{head}"
    );
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
        (
            "purchase",
            String::from_utf8(purchase("CS-canary-3")).unwrap(),
        ),
    ]);
    fill(template, &|name| {
        names.get(name).map(|text| text.as_bytes().to_vec())
    })
}

/// A whole request.
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

/// Rows B080 and B081: time is the subject, so that this is real time. All at once.
#[test]
fn who_is_slow_is_sent_away_within_seconds() {
    let served = Arc::new(Served::new(Arc::new(koohook(&SETTINGS).door)));
    let whole = purchase("CS-canary-1");
    let head = whole.len() - 40;
    let slow: [(&'static str, &[u8], bool); 5] = [
        ("a body that stops", &whole[..head], true),
        ("a body byte by byte", &whole[..head], true),
        ("a head that stops", &whole[..20], false),
        ("a head byte by byte", &whole[..20], false),
        ("nothing at all", &[], false),
    ];
    let callers: Vec<_> = slow
        .into_iter()
        .map(|(name, first, answered)| {
            let (served, whole) = (Arc::clone(&served), whole.clone());
            let mut caller = served.connect();
            caller.send(first);
            let rest = whole[first.len()..].to_vec();
            thread::spawn(move || {
                if name.ends_with("byte by byte") {
                    trickle(&mut caller, &rest);
                }
                let answer = caller.answer().as_ref().map(word);
                assert_eq!(answer.as_deref(), answered.then_some("H408"), "{name}");
                assert!(caller.is_closed(), "{name}");
            })
        })
        .collect();
    let mut prompt = served.connect();
    prompt.send(&purchase("CS-next"));
    assert_eq!(
        prompt.answer().as_ref().map(word).as_deref(),
        Some("000000")
    );
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
}

/// A byte a second, for as long as the other side has not said anything.
fn trickle(caller: &mut Caller, rest: &[u8]) {
    let stream = caller.stream.try_clone().unwrap();
    let patience = stream.read_timeout().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    for byte in rest.chunks(1).take(10) {
        if stream.peek(&mut [0]).is_ok() {
            break;
        }
        caller.send(byte);
    }
    stream.set_read_timeout(patience).unwrap();
}

#[test]
fn idle_connections_keep_nobody_waiting() {
    let served = Served::new(Arc::new(koohook(&SETTINGS).door));
    let idle: Vec<Caller> = (0..200).map(|_| served.connect()).collect();
    let mut caller = served.connect();
    caller.send(&purchase("CS-canary-1"));
    assert_eq!(
        caller.answer().as_ref().map(word).as_deref(),
        Some("000000")
    );
    drop(idle);
}

#[test]
fn a_hundred_calls_in_a_row_are_answered_in_order() {
    let served = Served::new(Arc::new(koohook(&SETTINGS).door));
    let calls: Vec<Vec<u8>> = (0..100)
        .map(|order| purchase(&format!("CS-{order}")))
        .collect();
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

#[test]
fn a_caller_that_hangs_up_changes_nothing_about_the_call() {
    for _ in 0..20 {
        let door = Arc::new(koohook(&SETTINGS).door);
        let served = Served::new(Arc::clone(&door));
        let whole = purchase("CS-canary-1");
        let mut half = served.connect();
        half.send(&whole[..whole.len() - 1]);
        drop(half);
        let mut gone = served.connect();
        gone.send(&whole);
        drop(gone);
        let mut writes = 0;
        while writes == 0 {
            writes += door.world().store().take_counts().1;
            thread::yield_now();
        }
        let mut again = served.connect();
        again.send(&whole);
        assert_eq!(again.answer().as_ref().map(word).as_deref(), Some("000000"));
        assert_eq!((writes, door.world().store().take_counts()), (1, (1, 0)));
    }
}
