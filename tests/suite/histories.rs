//! Operations on one key of a store are linearizable. Many callers act concurrently, and replies
//! may be lost. Still, the answers must equal those of some sequence of single steps.
//!
//! `KOOHOOK_HISTORIES` is the number of histories of each store. The conformance suite checks
//! agendas and expiry.

mod actors;
mod checker;
mod defects;

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::sqlite::Sqlite;
use shell::store::{AnyStore, Store, StoreSetting};
use tests::chance::Chance;
use tests::fault_proxy::{FaultProxy, Treatment};
use tests::linearizability::{Operation, Timed, is_linearizable};
use tests::servers::{self, Server, run};
use tests::world::NOW;

use self::actors::run_actors;

const NOON: UnixMillis = UnixMillis::new(NOW);
/// The number of concurrent actors, of keys, and of the operations of each actor.
const ACTORS: u64 = 8;
const KEYS: usize = 3;
const ACTS: u64 = 60;

/// One operation on one key, with the numbers of the versions, and its outcome.
#[derive(Clone, Copy, Debug)]
enum Act {
    Found(Option<u64>),
    Won { over: Option<u64>, new: u64 },
    Lost { over: Option<u64>, found: Option<u64> },
    Unknown { over: Option<u64>, new: u64 },
}

impl Operation for Act {
    type State = Option<u64>;

    fn step(&self, state: &Option<u64>) -> Option<Option<u64>> {
        match *self {
            Self::Found(found) => (found == *state).then_some(found),
            Self::Won { over, new } => (over == *state).then_some(Some(new)),
            Self::Lost { over, found } => (over != found && found == *state).then_some(found),
            Self::Unknown { over, new } => Some(if over == *state { Some(new) } else { *state }),
        }
    }
}

/// The first round with a history that no sequence explains.
fn first_broken<S: Store>(stores: &[S], rounds: u64) -> Option<u64> {
    (0..rounds).find(|round| !run_actors(stores, *round).values().all(|acts| is_linearizable(acts)))
}

/// Checks that the operations on a store are linearizable.
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn check<S: Store>(name: &str, stores: &[S], rounds: u64) {
    let wanted = std::env::var("KOOHOOK_HISTORIES");
    let rounds = wanted.map_or(rounds, |rounds| rounds.parse().expect("a number of histories"));
    let mut counts = Counts::default();
    for round in 0..rounds {
        for (key, acts) in run_actors(stores, round) {
            counts.count(&acts);
            assert!(is_linearizable(&acts), "{name}, round {round}, key {key}: {acts:#?}");
        }
    }
    println!("{name}: {rounds} rounds, {counts:?}");
    let Counts { won, lost, unknown, overlapping, .. } = counts;
    assert!([won, lost, unknown, overlapping].iter().all(|many| *many > 10), "{name}: {counts:?}");
}

/// Counts of the operations in histories. A history without races would test nothing.
#[derive(Debug, Default)]
struct Counts {
    acts: usize,
    won: usize,
    lost: usize,
    unknown: usize,
    /// Operations that were called before the previous one returned.
    overlapping: usize,
}

impl Counts {
    fn count(&mut self, acts: &[Timed<Act>]) {
        self.acts += acts.len();
        for Timed { operation, .. } in acts {
            match operation {
                Act::Found(_) => (),
                Act::Won { .. } => self.won += 1,
                Act::Lost { .. } => self.lost += 1,
                Act::Unknown { .. } => self.unknown += 1,
            }
        }
        let mut acts: Vec<_> = acts.iter().filter(|act| act.returned.is_some()).collect();
        acts.sort_by_key(|act| act.called);
        let overlaps = acts.windows(2).filter(|pair| Some(pair[1].called) < pair[0].returned);
        self.overlapping += overlaps.count();
    }
}

fn open(setting: &str) -> AnyStore {
    run(StoreSetting::parse(setting).unwrap().open(false)).unwrap()
}

#[test]
fn operations_on_the_memory_store_are_linearizable() {
    check("memory", &[Memory::new()], 20);
}

#[test]
fn operations_on_a_sqlite_file_are_linearizable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    check("sqlite", &[Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap()], 2);
}

#[test]
fn operations_on_a_server_are_linearizable() {
    for server in [Server::Redis, Server::RedisCluster] {
        if let Some(setting) = servers::setting(server) {
            check(&setting, &[open(&setting), open(&setting)], 4);
        }
    }
}

/// Replies are lost, and writes arrive late or never.
#[test]
fn operations_on_a_server_behind_a_fault_proxy_are_linearizable() {
    let Some(setting) = servers::setting(Server::Redis) else { return };
    let proxies = [(); 2].map(|()| FaultProxy::before(&setting));
    let stores = proxies.each_ref().map(|(_, address)| open(address));
    for ((proxy, _), seed) in proxies.iter().zip(0..) {
        let mut chance = Chance(seed);
        proxy.treat(move |_| Treatment::drawn(&mut chance));
    }
    check("redis behind a fault proxy", &stores, 1);
}
