//! Every store is a register a key: whatever many do to it at once, and whatever becomes of their
//! replies, all answers are those that some order of single steps would have given.
//!
//! `KOOHOOK_HISTORIES` says how many histories of each store are looked at. Agendas and expiry are
//! left to the conformance suite.

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

use self::actors::acted;

const NOON: UnixMillis = UnixMillis::new(NOW);
/// How many act at once, on how many keys, and how often each.
const ACTORS: u64 = 8;
const KEYS: usize = 3;
const ACTS: u64 = 60;

/// One operation on one key, by the numbers of the versions; and what came of it.
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

/// The first of so many rounds with a history that no order explains.
fn first_broken<S: Store>(stores: &[S], rounds: u64) -> Option<u64> {
    (0..rounds).find(|round| !acted(stores, *round).values().all(|acts| is_linearizable(acts)))
}

/// Holds a store to being a register.
#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn hold<S: Store>(name: &str, stores: &[S], rounds: u64) {
    let asked = std::env::var("KOOHOOK_HISTORIES");
    let rounds = asked.map_or(rounds, |rounds| rounds.parse().expect("a number of histories"));
    let mut happened = Happened::default();
    for round in 0..rounds {
        for (key, acts) in acted(stores, round) {
            happened.count(&acts);
            assert!(is_linearizable(&acts), "{name}, round {round}, key {key}: {acts:#?}");
        }
    }
    println!("{name}: {rounds} rounds, {happened:?}");
    let Happened { won, lost, unknown, met, .. } = happened;
    assert!([won, lost, unknown, met].iter().all(|many| *many > 10), "{name}: {happened:?}");
}

/// What there was in histories: where nothing happens, every store is a register.
#[derive(Debug, Default)]
struct Happened {
    acts: usize,
    won: usize,
    lost: usize,
    unknown: usize,
    /// Those that were called before the one before them returned.
    met: usize,
}

impl Happened {
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
        let meet = acts.windows(2).filter(|pair| Some(pair[1].called) < pair[0].returned);
        self.met += meet.count();
    }
}

fn open(setting: &str) -> AnyStore {
    run(StoreSetting::parse(setting).unwrap().open(false)).unwrap()
}

#[test]
fn memory_is_a_register() {
    hold("memory", &[Memory::new()], 20);
}

#[test]
fn a_file_is_a_register() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    hold("sqlite", &[Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap()], 2);
}

#[test]
fn a_server_is_a_register() {
    for server in [Server::Redis, Server::RedisCluster] {
        if let Some(setting) = servers::setting(server) {
            hold(&setting, &[open(&setting), open(&setting)], 4);
        }
    }
}

/// Replies are lost, and writes arrive late or never.
#[test]
fn a_server_is_a_register_at_the_end_of_a_bad_way() {
    let Some(setting) = servers::setting(Server::Redis) else { return };
    let ways = [(); 2].map(|()| FaultProxy::before(&setting));
    let stores = ways.each_ref().map(|(_, along)| open(along));
    for ((way, _), seed) in ways.iter().zip(0..) {
        let mut chance = Chance(seed);
        way.treat(move |_| Treatment::drawn(&mut chance));
    }
    hold("redis behind a bad way", &stores, 1);
}
