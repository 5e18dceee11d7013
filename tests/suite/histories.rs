//! Every store is a register a key: whatever many do to it at once, and whatever becomes of their
//! replies, all answers are those that some order of single steps would have given.
//!
//! `KOOHOOK_HISTORIES` says how many histories of each store are looked at. Agendas and expiry are
//! left to the conformance suite.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::task::Poll;

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::sqlite::Sqlite;
use shell::store::{
    AnyStore, Entry, Put, Queue, Store, StoreSetting, Stored, Unavailable, Value, Version,
};
use tests::chance::Chance;
use tests::fault_proxy::{Treatment, Way};
use tests::linearizability::{Operation, Timed, is_linearizable};
use tests::servers::{self, Server, run};
use tests::world::NOW;

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

// The checker, on histories whose verdict is known.

/// A first-in-first-out queue.
#[derive(Clone, Copy)]
enum Queued {
    Enq(char),
    Deq(char),
}

impl Operation for Queued {
    type State = Vec<char>;

    fn step(&self, state: &Vec<char>) -> Option<Vec<char>> {
        match *self {
            Self::Enq(item) => Some([&state[..], &[item]].concat()),
            Self::Deq(item) => state.strip_prefix(&[item]).map(<[char]>::to_vec),
        }
    }
}

/// A register that is written without looking.
#[derive(Clone, Copy)]
enum Plain {
    Read(u64),
    Write(u64),
}

impl Operation for Plain {
    type State = u64;

    fn step(&self, state: &u64) -> Option<u64> {
        match *self {
            Self::Read(found) => (found == *state).then_some(found),
            Self::Write(new) => Some(new),
        }
    }
}

fn history<O: Copy>(operations: &[(O, u64, u64)]) -> Vec<Timed<O>> {
    let timed = |(operation, called, returned): &(O, u64, u64)| Timed {
        operation: *operation,
        called: *called,
        returned: Some(*returned).filter(|returned| *returned != NEVER),
    };
    operations.iter().map(timed).collect()
}

/// When an operation returns whose outcome nobody knows.
const NEVER: u64 = u64::MAX;

/// The four histories with which Herlihy and Wing say what they mean ("Linearizability", 1990,
/// section 1.2), and their verdicts.
#[test]
fn the_first_queues_that_were_ever_judged_are_judged_alike() {
    use Queued::{Deq, Enq};
    let judged: [(&[_], bool); 4] = [
        (
            &[
                (Enq('x'), 1, 3),
                (Enq('y'), 2, 4),
                (Deq('x'), 5, 7),
                (Deq('y'), 6, 8),
                (Enq('z'), 9, NEVER),
            ],
            true,
        ),
        (&[(Enq('x'), 1, 2), (Enq('y'), 3, 5), (Deq('y'), 4, 6)], false),
        (&[(Enq('x'), 1, NEVER), (Deq('x'), 2, 3)], true),
        (&[(Enq('x'), 1, 3), (Enq('y'), 2, 4), (Deq('y'), 5, 7), (Deq('y'), 6, 8)], false),
    ];
    for (operations, verdict) in judged {
        assert_eq!(is_linearizable(&history(operations)), verdict);
    }
}

/// Lamport ("On interprocess communication", 1986): readers of a regular register may see the new
/// value and then the old one while it is written; of an atomic one, never.
#[test]
fn a_reader_never_sees_the_old_after_the_new() {
    use Plain::{Read, Write};
    let written = (Write(1), 1, 9);
    for (first, second, verdict) in [(0, 0, true), (0, 1, true), (1, 1, true), (1, 0, false)] {
        let reads = [written, (Read(first), 2, 3), (Read(second), 4, 5)];
        assert_eq!(is_linearizable(&history(&reads)), verdict, "{first} {second}");
        // Nor where the writer never learns that it wrote.
        let reads = [(Write(1), 1, NEVER), reads[1], reads[2]];
        assert_eq!(is_linearizable(&history(&reads)), verdict, "{first} {second}");
    }
    // Without a write under way it is over.
    assert!(!is_linearizable(&history(&[(Write(1), 1, 2), (Read(0), 3, 4)])));
}

#[test]
fn what_a_version_protects_from_is_seen() {
    use Act::{Found, Lost, Unknown, Won};
    let won = |over, new| Won { over, new };
    let first = (won(None, 1), 1, 2);
    let judged: [(&[_], bool); 8] = [
        (&[first, (won(Some(1), 2), 3, 5), (won(Some(1), 3), 4, 6)], false),
        (&[first, (Lost { over: None, found: Some(1) }, 3, 4), (Found(Some(1)), 5, 6)], true),
        (&[first, (Lost { over: None, found: None }, 3, 4)], false),
        (&[first, (Lost { over: Some(1), found: Some(1) }, 3, 4)], false),
        (&[first, (Unknown { over: Some(1), new: 2 }, 3, NEVER), (Found(Some(1)), 4, 5)], true),
        (
            &[
                first,
                (Unknown { over: Some(1), new: 2 }, 3, NEVER),
                (Found(Some(1)), 4, 5),
                (Found(Some(2)), 6, 7),
            ],
            true,
        ),
        (
            &[
                first,
                (Unknown { over: Some(1), new: 2 }, 3, NEVER),
                (Found(Some(2)), 4, 5),
                (Found(Some(1)), 6, 7),
            ],
            false,
        ),
        // It came too late: another had won the version.
        (
            &[
                first,
                (Unknown { over: Some(1), new: 2 }, 3, NEVER),
                (won(Some(1), 3), 4, 5),
                (Found(Some(2)), 6, 7),
            ],
            false,
        ),
    ];
    for (operations, verdict) in judged {
        assert_eq!(is_linearizable(&history(operations)), verdict, "{operations:?}");
    }
}

/// The definition itself, order by order.
fn some_order_explains(left: &[Timed<Act>], state: Option<u64>) -> bool {
    if left.iter().all(|timed| timed.returned.is_none()) {
        return true;
    }
    (0..left.len()).any(|place| {
        let mut rest = left.to_vec();
        let next = rest.remove(place);
        let is_first = rest.iter().all(|other| other.returned.is_none_or(|at| at > next.called));
        let after = next.operation.step(&state).filter(|_| is_first);
        after.is_some_and(|after| some_order_explains(&rest, after))
    })
}

#[test]
fn the_checker_and_the_definition_agree_on_small_histories() {
    let mut chance = Chance(1);
    let mut verdicts = [0, 0];
    for _ in 0..20_000 {
        let many = 2 + chance.below(5);
        let history: Vec<_> = (0..many).map(|_| drawn_act(&mut chance)).collect();
        let verdict = some_order_explains(&history, None);
        assert_eq!(is_linearizable(&history), verdict, "{history:?}");
        verdicts[usize::from(verdict)] += 1;
    }
    assert!(verdicts.iter().all(|many| *many > 1_000), "{verdicts:?}");
}

fn drawn_act(chance: &mut Chance) -> Timed<Act> {
    let [over, found] = [(); 2].map(|()| chance.below(4).checked_sub(1));
    let new = chance.below(3);
    let operation = match chance.below(6) {
        0 | 1 => Act::Found(found),
        2 | 3 => Act::Won { over, new },
        4 => Act::Lost { over, found },
        _ => Act::Unknown { over, new },
    };
    let called = 2 * chance.below(12);
    let is_known = !matches!(operation, Act::Unknown { .. });
    let returned = is_known.then(|| called + 1 + 2 * chance.below(6));
    Timed { operation, called, returned }
}

// The stores.

/// What one actor knows and does.
struct Actor<'a, S> {
    store: &'a S,
    clock: &'a AtomicU64,
    gate: &'a Barrier,
    chance: Chance,
    name: u64,
    round: u64,
    /// Versions that were seen, by key, the last one last.
    seen: [Vec<u64>; KEYS],
    /// The write whose outcome is not known, by key.
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

    /// A moment: no two are the same.
    fn moment(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// Now and then nobody waits for the end.
    fn patience(&mut self) -> u64 {
        if self.chance.one_in(10) { self.chance.below(4) } else { u64::MAX }
    }

    fn get(&mut self, key: usize) {
        let (name, patience) = (self.key(key), self.patience());
        let called = self.moment();
        let found = run(polled(self.store.get(&name, NOON), patience));
        let returned = Some(self.moment());
        // A look that failed says nothing.
        let Some(Ok(found)) = found else { return };
        let found = found.as_ref().map(number_of);
        self.seen[key].extend(found);
        self.acts.push((key, Timed { operation: Act::Found(found), called, returned }));
    }

    /// Over what was seen last, mostly; or over something older, or absence, or once more.
    fn put(&mut self, key: usize, number: u64) {
        let seen = &self.seen[key];
        let over = match self.chance.below(8) {
            0 => None,
            1 if !seen.is_empty() => Some(*self.chance.pick(seen)),
            _ => seen.last().copied(),
        };
        let fresh = (over, self.name * ACTS + number + 1);
        let again = self.unknown[key].take().filter(|_| self.chance.one_in(2));
        let (over, new) = again.unwrap_or(fresh);
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

fn version(number: u64) -> Version {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Version(bytes)
}

fn value(number: u64) -> Value {
    let version = version(number);
    Value { version, bytes: version.0.repeat(20), agenda: None, expires: None }
}

fn number_of(stored: &Stored) -> u64 {
    assert_eq!(stored.bytes, stored.version.0.repeat(20), "the bytes are another version's");
    u64::from_le_bytes(stored.version.0[..8].try_into().unwrap())
}

/// What a future comes to, unless so many polls are not enough for it: then it is dropped.
async fn polled<F: Future>(future: F, mut polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match polls.checked_sub(1) {
        None => Poll::Ready(None),
        Some(left) => {
            polls = left;
            // So that others come between.
            std::thread::yield_now();
            future.as_mut().poll(context).map(Some)
        }
    })
    .await
}

/// What many do at once to the same keys, through one or several handles: a history a key.
fn acted<S: Store>(stores: &[S], round: u64) -> BTreeMap<usize, Vec<Timed<Act>>> {
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
    let ways = [(); 2].map(|()| Way::before(&setting));
    let stores = ways.each_ref().map(|(_, along)| open(along));
    for ((way, _), seed) in ways.iter().zip(0..) {
        let mut chance = Chance(seed);
        way.treat(move |_| Treatment::drawn(&mut chance));
    }
    hold("redis behind a bad way", &stores, 1);
}

// Stores that are broken on purpose.

/// What is wrong with a store.
#[derive(Clone, Copy, Debug)]
enum Defect {
    /// Some looks see what another saw before.
    StaleLook,
    /// Some writes are acknowledged and not made.
    LostWrite,
    /// Some writes are made and said to be lost.
    DeniedWrite,
    /// Some writes go over whatever stands.
    UncheckedWrite,
    /// The version is compared first, and the write goes over what stands then.
    LateWrite,
}

/// A store with a defect that shows in one of so many operations.
struct Broken {
    inner: Memory,
    defect: Defect,
    operations: AtomicU64,
    looked: Mutex<BTreeMap<String, Option<Stored>>>,
}

impl Broken {
    fn new(defect: Defect) -> Self {
        let inner = Memory::new();
        Self { inner, defect, operations: AtomicU64::new(0), looked: Mutex::default() }
    }

    fn is_due(&self) -> bool {
        self.operations.fetch_add(1, Ordering::SeqCst) % 16 == 15
    }

    /// A write over what stands, whatever that is.
    async fn put_over_all(&self, key: &str, value: &Value) -> Result<Put, Unavailable> {
        let mut over = None;
        while let Put::Lost(Some(found)) = self.inner.put(key, value, over, NOON).await? {
            over = Some(found.version);
        }
        Ok(Put::Won)
    }
}

impl Store for Broken {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let found = self.inner.get(key, now).await?;
        let before = self.looked.lock().unwrap().insert(key.to_owned(), found.clone());
        match (self.defect, before) {
            (Defect::StaleLook, Some(before)) if self.is_due() => Ok(before),
            _ => Ok(found),
        }
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        match self.defect {
            Defect::LostWrite if self.is_due() => Ok(Put::Won),
            Defect::UncheckedWrite if self.is_due() => self.put_over_all(key, value).await,
            Defect::LateWrite => {
                let found = self.inner.get(key, now).await?;
                if found.as_ref().map(|found| found.version) != over {
                    return Ok(Put::Lost(found));
                }
                self.put_over_all(key, value).await
            }
            Defect::DeniedWrite if self.is_due() => {
                let found = self.inner.get(key, now).await?;
                self.inner.put(key, value, over, now).await.map(|put| match put {
                    Put::Won => Put::Lost(found),
                    lost @ Put::Lost(_) => lost,
                })
            }
            _ => self.inner.put(key, value, over, now).await,
        }
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.inner.agenda(queue, span, limit).await
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn a_store_that_is_broken_in_any_of_these_ways_is_no_register() {
    for defect in [
        Defect::StaleLook,
        Defect::LostWrite,
        Defect::DeniedWrite,
        Defect::UncheckedWrite,
        Defect::LateWrite,
    ] {
        let seen = first_broken(&[Broken::new(defect)], 50);
        println!("{defect:?}: seen in round {seen:?}");
        assert!(seen.is_some(), "{defect:?} was not seen in fifty rounds");
    }
}
