//! The time limits of a connection, of a request's headers and of its body.

use tokio::time::{Instant, advance, sleep};

use super::fixture::{GatedEndpoint, HostInMemory};
use super::{REQUEST, seconds};

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_after_10_s() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut silent = host.connect();
    let started = Instant::now();
    assert!(silent.is_closed().await);
    assert_eq!(started.elapsed(), seconds(10.0));
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_a_request_may_take_3_s_from_the_first_byte() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut slow = host.connect();
    advance(seconds(9.0)).await;
    let started = Instant::now();
    for byte in REQUEST.iter().take(6) {
        slow.send(&[*byte]).await;
        advance(seconds(0.4)).await;
    }
    assert!(slow.is_closed().await);
    assert_eq!(started.elapsed(), seconds(3.0));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_take_3_s() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    for trickles in [false, true] {
        let mut slow = host.connect();
        slow.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx").await;
        let started = Instant::now();
        for _ in 0..if trickles { 25 } else { 0 } {
            sleep(seconds(0.1)).await;
            slow.send(b"x").await;
        }
        let answer = slow.answer().await.unwrap();
        assert_eq!((answer.status, answer.closes()), (408, true));
        let took = started.elapsed();
        assert!(seconds(2.99) <= took && took < seconds(3.1), "{took:?}");
        assert!(slow.is_closed().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_75_s_for_the_next_request() {
    let host = HostInMemory::serve(GatedEndpoint::open(), 8);
    let mut kept = host.connect();
    for _ in 0..3 {
        kept.send(REQUEST).await;
        assert_eq!(kept.answer().await.unwrap().status, 200);
        advance(seconds(74.9)).await;
    }
    kept.send(REQUEST).await;
    assert_eq!(kept.answer().await.unwrap().status, 200);
    let started = Instant::now();
    assert!(kept.is_closed().await);
    // The request took a millisecond to send.
    assert_eq!(started.elapsed(), seconds(74.999));
}

/// A function platform suspends a process between requests. When the process resumes, the time
/// limit has passed and the request is in the socket.
#[tokio::test(start_paused = true)]
async fn a_request_that_arrives_while_the_host_is_suspended_is_answered() {
    for suspended in [1.0, 3.5, 10.5, 80.0, 3_600.0].map(seconds) {
        let host = HostInMemory::serve(GatedEndpoint::open(), 8);
        let (mut kept, mut silent, mut head) = (host.connect(), host.connect(), host.connect());
        let mut body = host.connect();
        kept.send(REQUEST).await;
        assert_eq!(kept.answer().await.unwrap().status, 200);
        head.send(&REQUEST[..10]).await;
        body.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nxy").await;
        // No task runs between these lines, so all of this happens while the host is suspended.
        kept.put(REQUEST);
        silent.put(REQUEST);
        head.put(&REQUEST[10..]);
        body.put(b"z!");
        advance(suspended).await;
        for (name, caller) in
            [("kept", &mut kept), ("silent", &mut silent), ("head", &mut head), ("body", &mut body)]
        {
            let answer = caller.answer().await;
            assert_eq!(answer.map(|it| it.status), Some(200), "{name} after {suspended:?}");
        }
    }
}
