//! The boundary between two requests on one connection.

use std::sync::Arc;

use tokio::time::{advance, sleep};

use super::fixture::{GatedEndpoint, HostInMemory, MIB};
use super::{REQUEST, SLOW, seconds};

/// Some callers write the whole request before they read. They must get the answer even if the host
/// does not read the body.
#[tokio::test(start_paused = true)]
async fn a_caller_gets_an_answer_that_is_sent_before_its_body_is_read() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    for (len, kept) in [(100, true), (4 * MIB, false)] {
        let mut caller = host.connect();
        caller
            .send(
                format!("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n").as_bytes(),
            )
            .await;
        caller.send(&vec![b'x'; len]).await;
        let answer = caller.answer().await.unwrap();
        assert_eq!((answer.status, answer.closes()), (404, !kept), "{len}");
        if kept {
            caller.send(REQUEST).await;
            assert_eq!(caller.answer().await.unwrap().status, 200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_closes_its_sending_side_is_answered() {
    let gate = GatedEndpoint::shut();
    let host = HostInMemory::serve(Arc::clone(&gate), 8);
    let mut caller = host.connect();
    caller.send(SLOW).await;
    caller.shut().await;
    advance(seconds(1.0)).await;
    gate.open_all();
    assert_eq!(caller.answer().await.unwrap().status, 200);
}

/// The rest of a body, or an empty line, may follow an early answer. The host must not treat it as
/// a request. It keeps the connection for its usual time and reads the next request from its start.
#[tokio::test(start_paused = true)]
async fn the_rest_of_a_request_is_not_a_new_request() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for left in [&[b'x'; 20_000][..], b"POST /a HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n"] {
        for next in [REQUEST, chunked] {
            let mut caller = host.connect();
            let body = if left == b"\r\n" { 0 } else { left.len() };
            let head = format!("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: {body}\r\n\r\n");
            caller.send(head.as_bytes()).await;
            assert_eq!(caller.answer().await.unwrap().status, 404);
            sleep(seconds(2.0)).await;
            caller.send(left).await;
            advance(seconds(60.0)).await;
            caller.send(&next[..10]).await;
            advance(seconds(2.5)).await;
            caller.send(&next[10..]).await;
            assert_eq!(
                caller.answer().await.map(|it| it.status),
                Some(200),
                "{} bytes",
                left.len()
            );
        }
    }
}

/// The host must reject a request with both a length and chunks, even after the rest of another
/// request.
#[tokio::test(start_paused = true)]
async fn an_ambiguous_request_is_rejected_after_the_rest_of_another_request() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut caller = host.connect();
    let left = b"POST /a HTTP/1.1\r\nHost: x\r\n\r\n";
    let head = format!("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", left.len());
    caller.send(head.as_bytes()).await;
    assert_eq!(caller.answer().await.unwrap().status, 404);
    caller.send(left).await;
    caller
        .send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        .await;
    assert_eq!(caller.answer().await.unwrap().status, 400);
}
