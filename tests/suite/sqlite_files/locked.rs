//! A database file that another process has locked.

use std::pin::pin;

use futures_util::FutureExt;
use rusqlite::Connection;
use shell::store::{Put, Queue, Store, Unavailable};
use tests::servers::run;

use super::{NOON, Place, put, stored};

#[test]
fn reads_do_not_wait_for_a_writer() {
    let place = Place::new();
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let _runtime = tests::servers::runtime().enter();
    let mut writes: Vec<_> = (2..9).map(|number| Box::pin(put(&place.store, number))).collect();
    for write in &mut writes {
        assert!(write.as_mut().now_or_never().is_none());
    }
    for _ in 0..100 {
        assert_eq!(place.get(1), Ok(Some(stored(1))));
        assert_eq!(run(place.store.agenda(Queue::Due, NOON..=NOON, 1)), Ok(Vec::new()));
    }
    for write in &mut writes {
        assert!(write.as_mut().now_or_never().is_none(), "reads came first");
    }
    other.execute_batch("COMMIT").unwrap();
    for write in writes {
        assert_eq!(run(write), Ok(Put::Won));
    }
}

/// Writers that wait for a lock wait concurrently. Otherwise each would wait for all writers before
/// it.
#[test]
fn writers_wait_for_a_lock_concurrently() {
    let place = Place::new();
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = std::time::Instant::now();
    let writes = futures_util::future::join_all((2..12).map(|number| put(&place.store, number)));
    assert_eq!(place.store.last_fault(), None);
    assert_eq!(run(writes), vec![Err(Unavailable); 10]);
    let fault = place.store.last_fault().unwrap();
    assert!(fault.starts_with("another process keeps the database locked; end "), "{fault}");
    // Each writer waits two seconds. Ten writers in sequence would need twenty seconds.
    assert!(start.elapsed().as_secs() < 10);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(place.put(2), Ok(Put::Won));
}

#[test]
fn a_write_whose_caller_is_dropped_before_its_turn_is_not_done() {
    let place = Place::new();
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut first = pin!(put(&place.store, 2));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(put(&place.store, 3).now_or_never().is_none(), "the write waits, and is dropped");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(run(first), Ok(Put::Won));
    assert_eq!(place.put(4), Ok(Put::Won));
    assert_eq!(place.get(3), Ok(None));
}
