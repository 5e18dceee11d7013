//! The stop of a host.

use std::sync::Arc;

use tests::log::Log;
use tokio::time::{Instant, advance};

use super::fixture::{GatedEndpoint, HostInMemory};
use super::{REQUEST, SLOW, seconds};

#[tokio::test(start_paused = true)]
async fn a_stop_answers_waiting_requests_and_closes_idle_connections() {
    let log = Log::default();
    let _guard = log.keep();
    let gate = GatedEndpoint::shut();
    let mut host = HostInMemory::serve(Arc::clone(&gate), 1_000);
    let (mut idle, mut busy, mut silent) = (host.connect(), host.connect(), host.connect());
    let mut head = host.connect();
    idle.send(REQUEST).await;
    assert!(!idle.answer().await.unwrap().closes());
    busy.send(SLOW).await;
    head.send(&REQUEST[..10]).await;
    advance(seconds(0.5)).await;
    // More connections in the system's queue than the host accepts before it notices the stop.
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
    let mut host = HostInMemory::serve(GatedEndpoint::shut(), 8);
    let (mut busy, mut gone) = (host.connect(), host.connect());
    busy.send(SLOW).await;
    gone.send(SLOW).await;
    advance(seconds(0.1)).await;
    drop(gone);
    let started = Instant::now();
    host.stop();
    host.done().await;
    assert_eq!(started.elapsed(), seconds(10.0));
    let expected = "stopped; the open connections and requests were cut off";
    assert!(log.text().contains(expected), "{}", log.text());
    assert!(log.text().contains(r#""requests":2"#), "{}", log.text());
}

/// A call continues after its caller hangs up, so a stop waits for that call, too.
#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_calls_whose_callers_hung_up() {
    let gate = GatedEndpoint::shut();
    let mut host = HostInMemory::serve(Arc::clone(&gate), 8);
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
async fn a_stop_serves_a_caller_that_waits_for_a_free_connection() {
    let gate = GatedEndpoint::shut();
    let mut host = HostInMemory::serve(Arc::clone(&gate), 1);
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
