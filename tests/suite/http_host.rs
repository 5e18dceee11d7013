//! The plain HTTP host: how long it waits, how much it holds, and how it stops (decision G6). Over
//! streams in memory and under a clock that moves only where nothing else can happen.

mod fixture;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use fixture::{Gate, Host, MIB};
use tests::log::Log;
use tokio::time::{Instant, advance, sleep};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_lives_10_s() {
    let host = Host::serve(Gate::open(), 8);
    let mut silent = host.connect();
    let started = Instant::now();
    assert!(silent.is_closed().await);
    assert_eq!(started.elapsed(), seconds(10.0));
}

#[tokio::test(start_paused = true)]
async fn a_head_may_take_3_s_from_its_first_byte() {
    let host = Host::serve(Gate::open(), 8);
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
    let host = Host::serve(Gate::open(), 8);
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
    let host = Host::serve(Gate::open(), 8);
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

/// A function platform freezes a process between requests. When it thaws, the time is over and the
/// request is in the socket, both at once.
#[tokio::test(start_paused = true)]
async fn what_arrives_while_the_host_is_frozen_is_answered() {
    for frozen in [1.0, 3.5, 10.5, 80.0, 3_600.0].map(seconds) {
        let host = Host::serve(Gate::open(), 8);
        let (mut kept, mut silent, mut head) = (host.connect(), host.connect(), host.connect());
        let mut body = host.connect();
        kept.send(REQUEST).await;
        assert_eq!(kept.answer().await.unwrap().status, 200);
        head.send(&REQUEST[..10]).await;
        body.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nxy").await;
        // Nothing is polled between these lines: it all happens while the host stands still.
        kept.put(REQUEST);
        silent.put(REQUEST);
        head.put(&REQUEST[10..]);
        body.put(b"z!");
        advance(frozen).await;
        for (name, caller) in
            [("kept", &mut kept), ("silent", &mut silent), ("head", &mut head), ("body", &mut body)]
        {
            let answer = caller.answer().await;
            assert_eq!(answer.map(|it| it.status), Some(200), "{name} after {frozen:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_the_longest_idle_connection_ends_first() {
    let log = Log::default();
    let _guard = log.keep();
    let gate = Gate::shut();
    let host = Host::serve(Arc::clone(&gate), 3);
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

/// A thousand strangers who say nothing do not keep a caller out.
#[tokio::test(start_paused = true)]
async fn strangers_at_the_limit_keep_no_caller_out() {
    let host = Host::serve(Gate::open(), 16);
    let strangers: Vec<_> = (0..1_000).map(|_| host.connect()).collect();
    let started = Instant::now();
    let mut caller = host.connect();
    caller.send(REQUEST).await;
    assert_eq!(caller.answer().await.unwrap().status, 200);
    assert!(started.elapsed() < seconds(1.0), "{:?}", started.elapsed());
    drop(strangers);
}

#[tokio::test(start_paused = true)]
async fn an_accept_that_fails_rests_and_is_logged_once_a_minute() {
    let log = Log::default();
    let _guard = log.keep();
    let host = Host::serve(Gate::open(), 8);
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
    // A caller that gave up is no trouble.
    host.fail(io::ErrorKind::ConnectionAborted.into());
    caller.send(REQUEST).await;
    assert_eq!(caller.answer().await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_what_is_under_way_and_nothing_else() {
    let log = Log::default();
    let _guard = log.keep();
    let gate = Gate::shut();
    let mut host = Host::serve(Arc::clone(&gate), 1_000);
    let (mut idle, mut busy, mut silent) = (host.connect(), host.connect(), host.connect());
    let mut head = host.connect();
    idle.send(REQUEST).await;
    assert!(!idle.answer().await.unwrap().closes());
    busy.send(SLOW).await;
    head.send(&REQUEST[..10]).await;
    advance(seconds(0.5)).await;
    // In the system's queue: more than are accepted before the stop is seen.
    let mut waiting: Vec<_> = (0..400).map(|_| host.connect()).collect();
    waiting.iter_mut().for_each(|caller| caller.put(REQUEST));
    host.stop();
    assert!(idle.is_closed().await && silent.is_closed().await);
    head.send(&REQUEST[10..]).await;
    let answer = head.answer().await.unwrap();
    assert_eq!((answer.status, answer.closes()), (200, true));
    for caller in &mut waiting {
        assert_eq!(caller.answer().await.unwrap().status, 200);
        assert!(caller.is_closed().await);
    }
    assert!(!host.is_done());
    gate.open_all();
    let answer = busy.answer().await.unwrap();
    assert_eq!((answer.status, answer.closes()), (200, true));
    assert!(busy.is_closed().await);
    host.done().await;
    assert!(log.text().contains(r#""message":"stopped""#), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_10_s_at_most() {
    let log = Log::default();
    let _guard = log.keep();
    let mut host = Host::serve(Gate::shut(), 8);
    let (mut busy, mut gone) = (host.connect(), host.connect());
    busy.send(SLOW).await;
    gone.send(SLOW).await;
    advance(seconds(0.1)).await;
    drop(gone);
    let started = Instant::now();
    host.stop();
    host.done().await;
    assert_eq!(started.elapsed(), seconds(10.0));
    assert!(log.text().contains("cut off"), "{}", log.text());
    assert!(log.text().contains(r#""requests":2"#), "{}", log.text());
}

/// A caller that hangs up does not end its call, so that a stop waits for the call, too.
#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_calls_whose_callers_are_gone() {
    let gate = Gate::shut();
    let mut host = Host::serve(Arc::clone(&gate), 8);
    let mut gone = host.connect();
    gone.send(SLOW).await;
    advance(seconds(0.1)).await;
    drop(gone);
    host.stop();
    advance(seconds(5.0)).await;
    assert!(!host.is_done());
    gate.open_all();
    host.done().await;
    assert_eq!(gate.answered(), 1);
}

#[tokio::test(start_paused = true)]
async fn bodies_in_flight_are_bounded_and_purchases_have_a_share() {
    let host = Host::serve(Gate::open(), 64);
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

/// A caller that writes all before it reads gets the answer, though nobody reads its body.
#[tokio::test(start_paused = true)]
async fn an_answer_before_the_body_reaches_its_caller() {
    let host = Host::serve(Gate::open(), 8);
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
    let gate = Gate::shut();
    let host = Host::serve(Arc::clone(&gate), 8);
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
    let host = Host::serve(Gate::open(), 8);
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
    let host = Host::serve(Gate::open(), 8);
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

#[tokio::test(start_paused = true)]
async fn callers_that_say_half_of_it_make_room() {
    for half in [&b"G"[..], b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"] {
        let host = Host::serve(Gate::open(), 4);
        let mut halves: Vec<_> = (0..12).map(|_| host.connect()).collect();
        halves.iter_mut().for_each(|caller| caller.put(half));
        let started = Instant::now();
        let mut caller = host.connect();
        caller.send(REQUEST).await;
        assert_eq!(caller.answer().await.unwrap().status, 200);
        assert!(started.elapsed() < seconds(1.5), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_waits_for_room_is_served_when_the_host_stops() {
    let gate = Gate::shut();
    let mut host = Host::serve(Arc::clone(&gate), 1);
    let mut busy = host.connect();
    busy.send(SLOW).await;
    let mut waiting = host.connect();
    waiting.send(REQUEST).await;
    host.stop();
    assert_eq!(waiting.answer().await.map(|it| it.status), Some(200));
    gate.open_all();
    assert_eq!(busy.answer().await.map(|it| it.status), Some(200));
    host.done().await;
}
