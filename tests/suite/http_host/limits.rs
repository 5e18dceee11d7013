//! The limits on connections and bytes, and which connections the host closes at the limit.

use std::io;
use std::sync::Arc;

use tests::log::Log;
use tokio::time::{Instant, advance};

use super::fixture::{GatedEndpoint, HostInMemory, MIB};
use super::{REQUEST, SLOW, seconds};

#[tokio::test(start_paused = true)]
async fn at_the_limit_the_longest_idle_connection_ends_first() {
    let log = Log::default();
    let _guard = log.keep();
    let gate = GatedEndpoint::shut();
    let host = HostInMemory::serve(Arc::clone(&gate), 3);
    let (mut busy, mut older, mut newer) = (host.connect(), host.connect(), host.connect());
    busy.send(SLOW).await;
    for caller in [&mut older, &mut newer] {
        advance(seconds(1.0)).await;
        caller.send(REQUEST).await;
        assert_eq!(caller.answer().await.unwrap().status, 200);
    }
    let mut next = host.connect();
    next.send(REQUEST).await;
    assert_eq!(next.answer().await.unwrap().status, 200);
    assert!(older.is_closed().await);
    newer.send(REQUEST).await;
    assert_eq!(newer.answer().await.unwrap().status, 200);
    gate.open_all();
    assert_eq!(busy.answer().await.unwrap().status, 200);
    assert_eq!(log.text().matches("too many connections").count(), 1, "{}", log.text());
}

/// A thousand connections without a request must not delay a caller.
#[tokio::test(start_paused = true)]
async fn silent_connections_at_the_limit_do_not_delay_a_caller() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 16);
    let silent: Vec<_> = (0..1_000).map(|_| host.connect()).collect();
    let started = Instant::now();
    let mut caller = host.connect();
    caller.send(REQUEST).await;
    assert_eq!(caller.answer().await.unwrap().status, 200);
    assert!(started.elapsed() < seconds(1.0), "{:?}", started.elapsed());
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn a_failed_accept_pauses_and_is_logged_once_a_minute() {
    let log = Log::default();
    let _guard = log.keep();
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut idle = host.connect();
    idle.send(REQUEST).await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    // EMFILE, on Linux.
    (0..650).for_each(|_| host.fail(io::Error::from_raw_os_error(24)));
    let started = Instant::now();
    let mut caller = host.connect();
    caller.send(REQUEST).await;
    assert_eq!(caller.answer().await.unwrap().status, 200);
    assert!(idle.is_closed().await, "a descriptor was freed");
    assert!(seconds(65.0) <= started.elapsed(), "{:?}", started.elapsed());
    let lines = log.text().matches("cannot accept connections").count();
    assert!((2..=3).contains(&lines), "{lines} lines");
    // An aborted connection is not a fault of the host.
    host.fail(io::ErrorKind::ConnectionAborted.into());
    caller.send(REQUEST).await;
    assert_eq!(caller.answer().await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn unfinished_bodies_are_bounded_and_purchases_have_their_share() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 64);
    let post = |path: &str, len: usize| {
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n").into_bytes()
    };
    let mut halves = Vec::new();
    for _ in 0..12 {
        let mut half = host.connect();
        half.send(&post("/kit", 4 * MIB)).await;
        half.send(&vec![b'x'; 4 * MIB - 1]).await;
        halves.push(half);
    }
    let mut more = host.connect();
    more.send(&post("/kit", 100)).await;
    more.send(&[b'x'; 13]).await;
    let answer = more.answer().await.unwrap();
    assert_eq!((answer.status, answer.closes()), (503, true));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let mut purchase = host.connect();
    purchase.send(&post("/", 200_000)).await;
    purchase.send(&vec![b'x'; 200_000]).await;
    assert_eq!(purchase.answer().await.unwrap().status, 200);
    for half in &mut halves {
        assert_eq!(half.answer().await.unwrap().status, 408);
    }
    let mut after = host.connect();
    after.send(&post("/kit", 4 * MIB)).await;
    after.send(&vec![b'x'; 4 * MIB]).await;
    assert_eq!(after.answer().await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn connections_with_half_a_request_are_closed_at_the_limit() {
    for half in [&b"G"[..], b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"] {
        let host = HostInMemory::serve(GatedEndpoint::open(), 4);
        let mut halves: Vec<_> = (0..12).map(|_| host.connect()).collect();
        halves.iter_mut().for_each(|caller| caller.put(half));
        let started = Instant::now();
        let mut caller = host.connect();
        caller.send(REQUEST).await;
        assert_eq!(caller.answer().await.unwrap().status, 200);
        assert!(started.elapsed() < seconds(1.5), "{:?}", started.elapsed());
    }
}
