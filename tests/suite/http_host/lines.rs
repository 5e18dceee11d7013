//! The lines of requests that no endpoint logs (decision I1).

use serde_json::Value;
use tests::log::Log;
use tokio::time::advance;

use super::fixture::{GatedEndpoint, HostInMemory};
use super::{REQUEST, seconds};

const UNKNOWN: &[u8] =
    b"GET /no?secret=canary HTTP/1.1\r\nHost: a\r\nCookie: canary\r\nX-Request-Id: canary\r\n\r\n";

fn lines(log: &Log, message: &str) -> Vec<Value> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["message"] == message).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rejected_request_has_one_line_and_an_answered_one_has_none() {
    let log = Log::default();
    let _guard = log.keep();
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut caller = host.connect();
    for request in [UNKNOWN, REQUEST] {
        caller.send(request).await;
        caller.answer().await.unwrap();
    }
    let rejected = lines(&log, "request rejected");
    assert_eq!(rejected.len(), 1, "{}", log.text());
    let line = &rejected[0];
    assert_eq!((&line["status"], &line["method"]), (&404.into(), &"GET".into()));
    assert_eq!((&line["path"], &line["function"]), (&"/no".into(), &"koohook".into()));
    assert_eq!(line["requestId"].as_str().map(str::len), Some(32));
    assert_eq!(line["level"], "INFO");
    assert!(!log.text().contains("canary"), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn the_path_is_cut_and_other_statuses_have_none() {
    let log = Log::default();
    let _guard = log.keep();
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let long = "x".repeat(300);
    let head = |head: String| format!("{head}\r\n\r\n").into_bytes();
    for (request, status) in [
        (head(format!("POST /{long} HTTP/1.1\r\nHost: a\r\nContent-Length: 999999")), 413),
        (head("GET /canary HTTP/1.1".to_owned()), 400),
        (head("GET /canary".to_owned()), 400),
        (head(format!("GET /canary HTTP/1.1\r\nHost: a{}", "\r\nA: b".repeat(100))), 431),
    ] {
        let mut caller = host.connect();
        caller.send(&request).await;
        assert_eq!(caller.answer().await.unwrap().status, status);
        drop(caller);
        advance(seconds(1.0)).await;
        let line = lines(&log, "request rejected").pop().unwrap();
        assert_eq!((&line["status"], &line["path"]), (&status.into(), &Value::Null));
    }
    assert_eq!(lines(&log, "request rejected").len(), 4);
    assert!(!log.text().contains("canary"), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn more_than_ten_lines_a_second_are_counted_and_written_after_it() {
    let log = Log::default();
    let _guard = log.keep();
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut caller = host.connect();
    for _ in 0..25 {
        caller.send(UNKNOWN).await;
        caller.answer().await.unwrap();
    }
    assert_eq!(lines(&log, "request rejected").len(), 10);
    advance(seconds(1.5)).await;
    caller.send(REQUEST).await;
    caller.answer().await.unwrap();
    let rest = lines(&log, "more calls were not verified");
    assert_eq!(rest.len(), 1, "{}", log.text());
    assert_eq!(rest[0]["unlogged"], 15);
}

#[tokio::test(start_paused = true)]
async fn a_stop_writes_the_number_that_is_left() {
    let log = Log::default();
    let _guard = log.keep();
    let mut host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut caller = host.connect();
    for _ in 0..12 {
        caller.send(UNKNOWN).await;
        caller.answer().await.unwrap();
    }
    drop(caller);
    host.stop();
    host.done().await;
    assert_eq!(lines(&log, "more calls were not verified")[0]["unlogged"], 2);
}
