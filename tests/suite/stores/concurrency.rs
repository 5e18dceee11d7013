//! The guarantees of every store about dropped futures and concurrent writers.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use protocol::time::UnixMillis;
use shell::store::{Put, Queue, Store, Stored, Value, Version};
use tests::servers::{self, run};

use super::{NOON, get, put, value, version};

/// Wakes the thread that polls.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future a number of times, each time after it has woken, and drops it. Returns its output
/// if it was ready by then.
pub fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let _runtime = servers::runtime().enter();
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    for poll in 1..=polls {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return Some(output),
            Poll::Pending if poll < polls => thread::park(),
            Poll::Pending => {}
        }
    }
    None
}

/// A dropped write may still happen later, but only over the version that it names.
pub(super) fn a_dropped_future_leaves_whole_values<S: Store>(store: &S) {
    let long = |number| Value { bytes: vec![number; 64 * 1024], ..value(number) };
    put(store, "a", &long(0), None);
    let (mut current, mut under_way) = (0, Vec::new());
    for (polls, number) in (0..40).zip(1..) {
        let _ = dropped_after(polls, store.get("a", NOON));
        let _ = dropped_after(polls, store.agenda(Queue::Due, UnixMillis::EPOCH..=NOON, 1));
        let done =
            dropped_after(polls, store.put("a", &long(number), Some(version(current)), NOON));
        under_way.push(number);
        let found = get(store, "a", NOON).unwrap();
        let won = done.is_some_and(|done| done == Ok(Put::Won));
        assert!(!won || found.version == version(number), "{polls} polls");
        if found.version != version(current) {
            current = found.version.0[0];
            assert!(under_way.contains(&current), "{polls} polls");
            under_way.clear();
        }
        assert_eq!(found, Stored { version: version(current), bytes: long(current).bytes });
    }
    // One dropped write may still win before the first try.
    let usable = (200..202).any(|number| {
        let over = get(store, "a", NOON).unwrap().version.0[0];
        put(store, "a", &value(number), Some(over)) == Put::Won
    });
    assert!(usable, "the store can still be written");
}

/// One write: the version that it replaces, and its own version.
type Attempt = (Option<Version>, Version);

/// Runs several writers on one key. Each reads the value and writes over it. Returns the writes
/// that won.
fn contend<S: Store>(store: &S) -> Vec<Attempt> {
    const ROUNDS: u8 = 40;
    let writer = |writer: u8| {
        let mut won = Vec::new();
        for round in 0..ROUNDS {
            let over = get(store, "a", NOON).map(|stored| stored.version);
            let mut version = Version([writer; 16]);
            version.0[0] = round;
            let written = Value { version, ..value(writer) };
            match run(store.put("a", &written, over, NOON)).unwrap() {
                Put::Won => won.push((over, version)),
                Put::Lost(current) => assert_ne!(current.map(|stored| stored.version), over),
            }
        }
        won
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|number| scope.spawn(move || writer(number))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    })
}

/// The writes that won form one chain from absence to the current version. So each version was
/// overwritten exactly once.
pub(super) fn one_writer_wins_each_version<S: Store>(store: &S) {
    let won = contend(store);
    let mut current = None;
    for _ in &won {
        let mut over_it = won.iter().filter(|(over, _)| *over == current);
        let (_, next) = over_it.next().expect("a write over the current version exists");
        assert_eq!(over_it.next(), None, "two writers won one version");
        current = Some(*next);
    }
    assert_eq!(get(store, "a", NOON).map(|stored| stored.version), current);
    assert!(won.len() >= 40, "one writer wins in every round");
}
