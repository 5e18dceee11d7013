//! Where one request on a connection ends and the next begins.

use std::sync::Arc;

use tokio::time::{advance, sleep};

use super::fixture::{GatedEndpoint, HostInMemory, MIB};
use super::{REQUEST, SLOW, seconds};

/// A caller that writes all before it reads gets the answer, though nobody reads its body.
#[tokio::test(start_paused = true)]
async fn an_answer_before_the_body_reaches_its_caller() {
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
async fn a_caller_may_close_its_side_and_wait() {
    let gate = GatedEndpoint::shut();
    let host = HostInMemory::serve(Arc::clone(&gate), 8);
    let mut caller = host.connect();
    caller.send(SLOW).await;
    caller.shut().await;
    advance(seconds(1.0)).await;
    gate.open_all();
    assert_eq!(caller.answer().await.unwrap().status, 200);
}

/// A caller's body, or an empty line, behind an answer is no next request: the connection is kept
/// for its time, and what comes next is read from its beginning.
#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_request_begins_no_other() {
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

/// A length beside chunks is seen behind the rest of another request, too.
#[tokio::test(start_paused = true)]
async fn a_left_over_head_vouches_for_no_other() {
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
