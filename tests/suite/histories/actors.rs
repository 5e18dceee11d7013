//! The concurrent operations of many actors on the same keys of a store.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use shell::store::{Put, Store, Stored, Unavailable, Value, Version};
use tests::chance::Chance;
use tests::linearizability::Timed;
use tests::servers::run;

use super::{ACTORS, ACTS, Act, KEYS, NOON};

/// One actor: its state and its operations.
struct Actor<'a, S> {
    store: &'a S,
    clock: &'a AtomicU64,
    gate: &'a Barrier,
    chance: Chance,
    name: u64,
    round: u64,
    /// The versions that it saw, by key, newest last.
    seen: [Vec<u64>; KEYS],
    /// The write with an unknown outcome, by key.
    unknown: [Option<(Option<u64>, u64)>; KEYS],
    acts: Vec<(usize, Timed<Act>)>,
}

impl<S: Store> Actor<'_, S> {
    fn act(mut self) -> Vec<(usize, Timed<Act>)> {
        self.gate.wait();
        for number in 0..ACTS {
            let key = self.chance.place(KEYS);
            if self.chance.one_in(3) {
                self.get(key);
            } else {
                self.put(key, number);
            }
        }
        self.acts
    }

    /// A unique point in time.
    fn moment(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// Sometimes the actor does not wait for the end of an operation.
    fn patience(&mut self) -> u64 {
        if self.chance.one_in(10) { self.chance.below(4) } else { u64::MAX }
    }

    fn get(&mut self, key: usize) {
        let (name, patience) = (self.key(key), self.patience());
        let called = self.moment();
        let found = run(polled(self.store.get(&name, NOON), patience));
        let returned = Some(self.moment());
        // A failed read does not show the value.
        let Some(Ok(found)) = found else { return };
        let found = found.as_ref().map(number_of);
        self.seen[key].extend(found);
        self.acts.push((key, Timed { operation: Act::Found(found), called, returned }));
    }

    /// Writes over the version that it saw last, in most cases. Sometimes it writes over an older
    /// version or over absence, or repeats a write.
    fn put(&mut self, key: usize, number: u64) {
        let seen = &self.seen[key];
        let over = match self.chance.below(8) {
            0 => None,
            1 if !seen.is_empty() => Some(*self.chance.pick(seen)),
            _ => seen.last().copied(),
        };
        let fresh = (over, self.name * ACTS + number + 1);
        let repeated = self.unknown[key].take().filter(|_| self.chance.one_in(2));
        let (over, new) = repeated.unwrap_or(fresh);
        let (name, patience) = (self.key(key), self.patience());
        let value = value(new);
        let called = self.moment();
        let put = run(polled(self.store.put(&name, &value, over.map(version), NOON), patience));
        let returned = self.moment();
        let (operation, returned) = match put {
            Some(Ok(Put::Won)) => {
                self.seen[key].push(new);
                (Act::Won { over, new }, Some(returned))
            }
            Some(Ok(Put::Lost(found))) => {
                let found = found.as_ref().map(number_of);
                self.seen[key].extend(found);
                (Act::Lost { over, found }, Some(returned))
            }
            Some(Err(Unavailable)) | None => {
                self.unknown[key] = Some((over, new));
                (Act::Unknown { over, new }, None)
            }
        };
        self.acts.push((key, Timed { operation, called, returned }));
    }

    fn key(&self, key: usize) -> String {
        format!("{}-{key}", self.round)
    }
}

pub(super) fn version(number: u64) -> Version {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Version(bytes)
}

pub(super) fn value(number: u64) -> Value {
    let version = version(number);
    Value { version, bytes: version.0.repeat(20), ..Value::default() }
}

fn number_of(stored: &Stored) -> u64 {
    assert_eq!(stored.bytes, stored.version.0.repeat(20), "the bytes belong to another version");
    u64::from_le_bytes(stored.version.0[..8].try_into().unwrap())
}

/// The output of a future, or `None` if it needs more polls. Then the future is dropped.
async fn polled<F: Future>(future: F, mut polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match polls.checked_sub(1) {
        None => Poll::Ready(None),
        Some(left) => {
            polls = left;
            // Lets other threads run in between.
            std::thread::yield_now();
            future.as_mut().poll(context).map(Some)
        }
    })
    .await
}

/// Runs the concurrent operations of all actors, through one or more handles. Returns one history
/// for each key.
pub(super) fn run_actors<S: Store>(stores: &[S], round: u64) -> BTreeMap<usize, Vec<Timed<Act>>> {
    let clock = AtomicU64::new(1);
    let gate = Barrier::new(usize::try_from(ACTORS).unwrap());
    let mut chance = Chance(round);
    let acts: Vec<_> = std::thread::scope(|scope| {
        let handles = stores.iter().cycle().zip(0..ACTORS);
        let actors = handles.map(|(store, name)| Actor {
            store,
            clock: &clock,
            gate: &gate,
            chance: Chance(chance.draw()),
            name,
            round,
            seen: Default::default(),
            unknown: Default::default(),
            acts: Vec::new(),
        });
        let running: Vec<_> = actors.map(|actor| scope.spawn(move || actor.act())).collect();
        running.into_iter().flat_map(|actor| actor.join().unwrap()).collect()
    });
    let mut histories = BTreeMap::<_, Vec<_>>::new();
    for (key, timed) in acts {
        histories.entry(key).or_default().push(timed);
    }
    histories
}
