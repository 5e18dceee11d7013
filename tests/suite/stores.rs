//! What every store promises, held against each of them: one suite, and the memory store is the
//! model.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::sqlite::Sqlite;
use shell::store::{AnyStore, Entry, Put, Queue, Store, StoreSetting, Stored, Value, Version};
use tests::dynamodb::model::Model;
use tests::dynamodb::{Table, emulator};
use tests::servers::{self, Server, run};
use tests::world::NOW;

/// The moment of most calls.
const NOON: UnixMillis = UnixMillis::new(NOW);

/// A store that the claims are held against.
trait Claimed: Store {
    /// The longest value that is asked of it; beyond it the store has a limit of its own.
    const MAX_VALUE_LEN: usize = 1024 * 1024;
}

impl Claimed for AnyStore {}
impl Claimed for Memory {}
impl Claimed for Sqlite {}
impl Claimed for Table {
    const MAX_VALUE_LEN: usize = 390 * 1024;
}

/// A claim, once for every store. A store in a file goes when its test ends; in a server, each
/// test has keys of its own.
macro_rules! every_store_promises {
    ($($claim:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $claim() { super::$claim(&super::Memory::new()); })*
        }
        mod sqlite {
            $(#[test] fn $claim() {
                let folder = tempfile::tempdir().unwrap();
                super::$claim(&super::open(folder.path()));
            })*
        }
        mod redis {
            $(#[test] fn $claim() { super::over(super::Server::Redis, super::$claim); })*
        }
        mod redis_cluster {
            $(#[test] fn $claim() { super::over(super::Server::RedisCluster, super::$claim); })*
        }
        mod dynamodb {
            $(#[test] fn $claim() {
                if let Some(endpoint) = super::emulator() {
                    super::$claim(&super::Table::new(&endpoint));
                }
            })*
        }
        mod dynamodb_model {
            $(#[test] fn $claim() {
                super::$claim(&super::Table::new(&super::Model::start().endpoint));
            })*
        }
    };
}

every_store_promises! {
    absence_is_found_until_something_is_written,
    a_write_over_the_version_that_stands_wins,
    a_write_over_anything_else_loses_and_learns_what_stands,
    a_writer_recognises_its_own_write,
    what_expired_is_absent_to_readers_and_writers,
    a_write_may_take_the_expiry_away,
    an_agenda_is_in_order_and_no_longer_than_asked,
    an_agenda_of_many_is_one_list,
    an_agenda_knows_its_queue,
    an_agenda_of_a_span_holds_both_its_ends,
    an_entry_leaves_the_agenda_with_the_value_that_had_it,
    a_long_value_comes_back_whole,
    strange_keys_are_keys,
    a_dropped_future_tears_nothing,
    one_writer_wins_each_version,
}

/// Holds a claim over a server, if there is one.
fn over(server: Server, claim: fn(&AnyStore)) {
    if let Some(setting) = servers::setting(server) {
        claim(&open_setting(&setting));
    }
}

fn open_setting(setting: &str) -> AnyStore {
    run(StoreSetting::parse(setting).unwrap().open(false)).unwrap()
}

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(&folder.join("koohook.db")).unwrap()
}

const fn version(number: u8) -> Version {
    Version([number; 16])
}

/// A value that its version's number fills.
fn value(number: u8) -> Value {
    Value { version: version(number), bytes: vec![number; 3], agenda: None, expires: None }
}

fn stored(number: u8) -> Stored {
    Stored { version: version(number), bytes: vec![number; 3] }
}

fn get<S: Store>(store: &S, key: &str, now: UnixMillis) -> Option<Stored> {
    run(store.get(key, now)).unwrap()
}

fn put<S: Store>(store: &S, key: &str, value: &Value, over: Option<u8>) -> Put {
    run(store.put(key, value, over.map(version), NOON)).unwrap()
}

/// All that is due until a time, and at it.
fn agenda<S: Store>(store: &S, queue: Queue, until: u64, limit: usize) -> Vec<(String, u64)> {
    agenda_within(store, queue, 0..=until, limit)
}

fn agenda_within<S: Store>(
    store: &S,
    queue: Queue,
    span: RangeInclusive<u64>,
    limit: usize,
) -> Vec<(String, u64)> {
    let span = UnixMillis::new(*span.start())..=UnixMillis::new(*span.end());
    let entries = run(store.agenda(queue, span, limit)).unwrap();
    let plain = |Entry { key, at }| (key, at.millis());
    entries.into_iter().map(plain).collect()
}

fn absence_is_found_until_something_is_written<S: Store>(store: &S) {
    assert_eq!(get(store, "a", NOON), None);
    assert_eq!(put(store, "a", &value(1), None), Put::Won);
    assert_eq!(get(store, "a", NOON), Some(stored(1)));
    assert_eq!(get(store, "b", NOON), None);
}

fn a_write_over_the_version_that_stands_wins<S: Store>(store: &S) {
    for number in 0..100 {
        let over = u8::checked_sub(number, 1);
        assert_eq!(put(store, "a", &value(number), over), Put::Won);
        assert_eq!(get(store, "a", NOON), Some(stored(number)));
    }
}

fn a_write_over_anything_else_loses_and_learns_what_stands<S: Store>(store: &S) {
    assert_eq!(put(store, "a", &value(1), Some(9)), Put::Lost(None));
    assert_eq!(get(store, "a", NOON), None, "no write over a version makes a value");
    put(store, "a", &value(1), None);
    put(store, "a", &value(2), Some(1));
    for over in [None, Some(1), Some(9)] {
        assert_eq!(put(store, "a", &value(3), over), Put::Lost(Some(stored(2))));
        assert_eq!(get(store, "a", NOON), Some(stored(2)));
    }
}

fn a_writer_recognises_its_own_write<S: Store>(store: &S) {
    put(store, "a", &value(1), None);
    assert_eq!(put(store, "a", &value(1), None), Put::Lost(Some(stored(1))));
    put(store, "a", &value(2), Some(1));
    assert_eq!(put(store, "a", &value(2), Some(1)), Put::Lost(Some(stored(2))));
}

fn what_expired_is_absent_to_readers_and_writers<S: Store>(store: &S) {
    let [before, then, after] = [NOW + 9, NOW + 10, NOW + 11].map(UnixMillis::new);
    let put_at = |number, over: Option<u8>, now| {
        let value = Value { expires: Some(then), ..value(number) };
        run(store.put("a", &value, over.map(version), now)).unwrap()
    };
    assert_eq!(put_at(1, None, NOON), Put::Won);
    assert_eq!(put_at(2, None, before), Put::Lost(Some(stored(1))));
    assert_eq!(get(store, "a", before), Some(stored(1)));
    for now in [then, after] {
        assert_eq!(get(store, "a", now), None);
        // A value that lasts first: a store may sweep when one is written that does not.
        let lasting = run(store.put("a", &value(3), Some(version(1)), now)).unwrap();
        let lost = [lasting, put_at(2, Some(1), now)];
        assert_eq!(lost, [Put::Lost(None), Put::Lost(None)], "what is gone is not overwritten");
    }
    let lasting = value(3);
    assert_eq!(run(store.put("a", &lasting, None, then)).unwrap(), Put::Won);
    assert_eq!(get(store, "a", UnixMillis::new(NOW * 2)), Some(stored(3)));
}

fn a_write_may_take_the_expiry_away<S: Store>(store: &S) {
    let expires = Some(UnixMillis::new(NOW + 10));
    put(store, "a", &Value { expires, ..value(1) }, None);
    put(store, "a", &value(2), Some(1));
    assert_eq!(get(store, "a", UnixMillis::new(NOW + 10)), Some(stored(2)));
}

/// Puts values on an agenda: key, queue, due.
fn schedule<S: Store>(store: &S, entries: &[(&str, Queue, u64)]) {
    for ((key, queue, due), number) in entries.iter().zip(1..) {
        let agenda = Some((*queue, UnixMillis::new(*due)));
        put(store, key, &Value { agenda, ..value(number) }, None);
    }
}

fn an_agenda_is_in_order_and_no_longer_than_asked<S: Store>(store: &S) {
    let due = Queue::Due;
    schedule(
        store,
        &[("d", due, 30), ("a", due, 20), ("c", due, 10), ("b", due, 20), ("e", due, 31)],
    );
    put(store, "f", &value(9), None);
    let all = [("c", 10), ("a", 20), ("b", 20), ("d", 30), ("e", 31)];
    let all = all.map(|(key, at)| (key.to_owned(), at));
    assert_eq!(agenda(store, due, 30, 10), all[..4], "until a time, and at it");
    assert_eq!(agenda(store, due, 9, 10), []);
    for limit in 0..=5 {
        assert_eq!(agenda(store, due, 31, limit), all[..limit]);
    }
    assert_eq!(agenda(store, due, 31, usize::MAX), all);
}

/// Many keys, few times: whoever keeps them in several places merges them.
fn an_agenda_of_many_is_one_list<S: Store>(store: &S) {
    let mut all: Vec<(String, u64)> =
        (0..64_u64).map(|number| (format!("key-{}", number * 37 % 64), number % 5)).collect();
    let entries: Vec<_> = all.iter().map(|(key, due)| (key.as_str(), Queue::Due, *due)).collect();
    schedule(store, &entries);
    all.sort_by(|(a, due_a), (b, due_b)| (due_a, a).cmp(&(due_b, b)));
    assert_eq!(agenda(store, Queue::Due, 9, 100), all);
    assert_eq!(agenda(store, Queue::Due, 9, 30), all[..30]);
    let until: Vec<_> = all.iter().filter(|(_, due)| *due <= 2).cloned().collect();
    assert_eq!(agenda(store, Queue::Due, 2, 100), until);
}

fn an_agenda_of_a_span_holds_both_its_ends<S: Store>(store: &S) {
    let queue = Queue::Sweep;
    // The empty key comes before every other one of its time.
    let all = [("d", 10), ("b", 20), ("c", 20), ("", 21), ("a", 21), ("e", 30)];
    schedule(store, &all.map(|(key, at)| (key, queue, at)));
    let all = all.map(|(key, at)| (key.to_owned(), at));
    for from in [0, 9, 10, 11, 19, 20, 21, 22, 30, 31, u64::MAX] {
        for until in [0, 9, 10, 11, 19, 20, 21, 22, 30, 31, u64::MAX] {
            let span = from..=until;
            let within: Vec<_> = all.iter().filter(|(_, at)| span.contains(at)).cloned().collect();
            for limit in [0, 1, 2, 9] {
                let expected = &within[..within.len().min(limit)];
                let found = agenda_within(store, queue, span.clone(), limit);
                assert_eq!(found, expected, "{from} to {until}, {limit} at most");
            }
        }
    }
}

fn an_agenda_knows_its_queue<S: Store>(store: &S) {
    schedule(store, &[("a", Queue::Due, 1), ("b", Queue::Dead, 1), ("c", Queue::Sweep, 1)]);
    for (queue, key) in Queue::ALL.into_iter().zip(["a", "b", "c"]) {
        assert_eq!(agenda(store, queue, 9, 9), [(key.to_owned(), 1)]);
    }
    // From each queue to each, itself included.
    let tour = [0, 1, 2, 0, 0, 2, 2, 1, 1, 0];
    put(store, "d", &value(10), None);
    for (place, number) in tour.into_iter().zip(11..) {
        let agenda_entry = Some((Queue::ALL[place], UnixMillis::new(u64::from(number))));
        let moved = Value { agenda: agenda_entry, ..value(number) };
        assert_eq!(put(store, "d", &moved, Some(number - 1)), Put::Won);
        let on = Queue::ALL.map(|queue| agenda_within(store, queue, 2..=99, 9));
        let mut expected = [const { Vec::new() }; 3];
        expected[place].push(("d".to_owned(), u64::from(number)));
        assert_eq!(on, expected);
    }
}

fn an_entry_leaves_the_agenda_with_the_value_that_had_it<S: Store>(store: &S) {
    schedule(store, &[("a", Queue::Due, 1), ("b", Queue::Due, 2), ("c", Queue::Due, 3)]);
    let moved = |queue, at| Some((queue, UnixMillis::new(at)));
    assert_eq!(put(store, "a", &value(11), Some(1)), Put::Won);
    let b = Value { agenda: moved(Queue::Due, 8), ..value(12) };
    assert_eq!(put(store, "b", &b, Some(2)), Put::Won);
    let c = Value { agenda: moved(Queue::Dead, 3), ..value(13) };
    assert_eq!(put(store, "c", &c, Some(3)), Put::Won);
    assert_eq!(agenda(store, Queue::Due, 9, 9), [("b".to_owned(), 8)]);
    assert_eq!(agenda(store, Queue::Dead, 9, 9), [("c".to_owned(), 3)]);
    let lost = Value { agenda: moved(Queue::Due, 1), ..value(14) };
    assert!(matches!(put(store, "a", &lost, Some(1)), Put::Lost(_)));
    assert_eq!(agenda(store, Queue::Due, 1, 9), [], "a lost write schedules nothing");
}

/// Decision C2's limit, sealed, and what lies beyond it.
fn a_long_value_comes_back_whole<S: Claimed>(store: &S) {
    for (key, length) in [("empty", 0), ("long", 193 * 1024), ("longest", S::MAX_VALUE_LEN)] {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        put(store, key, &Value { bytes: bytes.clone(), ..value(1) }, None);
        assert_eq!(get(store, key, NOON).unwrap().bytes, bytes, "{key}");
    }
}

fn strange_keys_are_keys<S: Store>(store: &S) {
    let long = "k".repeat(1_000);
    let keys = [
        "",
        " ",
        "'",
        "\"; DROP TABLE kept; --",
        "%",
        "a\0b",
        "a",
        "A",
        "a ",
        "é",
        "e\u{301}",
        "😀",
        &long,
    ];
    for (key, number) in keys.iter().zip(1..) {
        assert_eq!(get(store, key, NOON), None, "{key:?}");
        assert_eq!(put(store, key, &value(number), None), Put::Won, "{key:?}");
    }
    for (key, number) in keys.iter().zip(1..) {
        assert_eq!(get(store, key, NOON), Some(stored(number)), "{key:?}");
    }
}

/// Wakes the thread that polls.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future so often, each time when it has woken, and drops it. What came of it by then.
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

/// A write that was dropped may happen later still; over what it was to replace, and nothing else.
fn a_dropped_future_tears_nothing<S: Store>(store: &S) {
    let long = |number| Value { bytes: vec![number; 64 * 1024], ..value(number) };
    put(store, "a", &long(0), None);
    let (mut stands, mut under_way) = (0, Vec::new());
    for (polls, number) in (0..40).zip(1..) {
        let _ = dropped_after(polls, store.get("a", NOON));
        let _ = dropped_after(polls, store.agenda(Queue::Due, UnixMillis::EPOCH..=NOON, 1));
        let done = dropped_after(polls, store.put("a", &long(number), Some(version(stands)), NOON));
        under_way.push(number);
        let found = get(store, "a", NOON).unwrap();
        let won = done.is_some_and(|done| done == Ok(Put::Won));
        assert!(!won || found.version == version(number), "{polls} polls");
        if found.version != version(stands) {
            stands = found.version.0[0];
            assert!(under_way.contains(&stands), "{polls} polls");
            under_way.clear();
        }
        assert_eq!(found, Stored { version: version(stands), bytes: long(stands).bytes });
    }
    // One of those under way may be faster, once.
    let usable = (200..202).any(|number| {
        let over = get(store, "a", NOON).unwrap().version.0[0];
        put(store, "a", &value(number), Some(over)) == Put::Won
    });
    assert!(usable, "the store is usable still");
}

/// One attempt to write: which version it was to replace, and by which.
type Attempt = (Option<Version>, Version);

/// Several writers on one key, each reading and writing over what it read; the writes that won.
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
                Put::Lost(standing) => assert_ne!(standing.map(|stored| stored.version), over),
            }
        }
        won
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|number| scope.spawn(move || writer(number))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    })
}

/// The writes that won are one chain from absence to what stands: that is what it means that each
/// version was overwritten once.
fn one_writer_wins_each_version<S: Store>(store: &S) {
    let won = contend(store);
    let mut stands = None;
    for _ in &won {
        let mut over_it = won.iter().filter(|(over, _)| *over == stands);
        let (_, next) = over_it.next().expect("what was overwritten is not there");
        assert_eq!(over_it.next(), None, "two writers won one version");
        stands = Some(*next);
    }
    assert_eq!(get(store, "a", NOON).map(|stored| stored.version), stands);
    assert!(won.len() >= 40, "somebody wins every round");
}

// Several handles and several processes on one store.

/// Names the store to the second process; without it that process is an ordinary test.
const SHARED: &str = "KOOHOOK_TEST_SHARED";
/// How often each of several counts.
const COUNTS: u64 = 60;

/// Adds one, again and again, over the value that was read.
fn count_up<S: Store>(store: &S, name: u8) {
    let mut drawn: u64 = 0;
    for _ in 0..COUNTS {
        loop {
            drawn += 1;
            assert!(drawn < 100 * COUNTS, "nobody loses so often");
            let standing = get(store, "count", NOON);
            let counted = standing.as_ref().map_or(0, count);
            let mut version = Version([name; 16]);
            version.0[..8].copy_from_slice(&drawn.to_le_bytes());
            let next = Value { version, bytes: (counted + 1).to_le_bytes().to_vec(), ..value(0) };
            let over = standing.map(|stored| stored.version);
            if run(store.put("count", &next, over, NOON)).unwrap() == Put::Won {
                break;
            }
        }
    }
}

fn count(stored: &Stored) -> u64 {
    u64::from_le_bytes(stored.bytes.as_slice().try_into().unwrap())
}

/// Three handles count on one store, one of them in another process, which runs `test`.
fn count_together<S: Store>(open: impl Fn() -> S + Sync, test: &str, shared: &OsStr) {
    let store = open();
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("stores::{test}")])
        .env(SHARED, shared)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| count_up(&open(), 1));
        count_up(&store, 2);
    });
    assert!(other.wait().unwrap().success());
    assert_eq!(get(&store, "count", NOON).as_ref().map(count), Some(3 * COUNTS));
}

#[test]
fn handles_and_processes_on_one_file_lose_no_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("koohook.db").display());
    count_over(&file);
}

#[test]
fn handles_and_processes_on_one_server_lose_no_write() {
    for server in [Server::Redis, Server::RedisCluster] {
        if let Some(setting) = servers::setting(server) {
            count_over(&setting);
        }
    }
}

fn count_over(setting: &str) {
    let test = "a_second_process_counts_where_it_is_told_to";
    count_together(|| open_setting(setting), test, setting.as_ref());
}

/// The other half of the tests before: nothing to do unless one of them started this process.
#[test]
fn a_second_process_counts_where_it_is_told_to() {
    if let Ok(setting) = std::env::var(SHARED) {
        count_up(&open_setting(&setting), 3);
    }
}

#[test]
fn handles_and_processes_on_one_table_lose_no_write() {
    let test = "a_second_process_counts_in_the_table_it_is_told";
    for endpoint in [Some(Model::start().endpoint), emulator()].into_iter().flatten() {
        let table = Table::new(&endpoint);
        count_together(|| Table::open(&table.setting), test, table.setting.as_ref());
    }
}

/// The other half of the test before.
#[test]
fn a_second_process_counts_in_the_table_it_is_told() {
    if let Ok(setting) = std::env::var(SHARED) {
        count_up(&Table::open(&setting), 3);
    }
}

#[test]
fn a_store_of_this_machine_has_no_clock_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("koohook.db").display());
    for setting in ["memory:", &file] {
        assert_eq!(run(open_setting(setting).clock(NOON)), None, "{setting}");
    }
}

#[test]
fn a_file_keeps_what_was_written_before_it_was_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    put(&open(folder.path()), "a", &value(1), None);
    let again = open(folder.path());
    assert_eq!(get(&again, "a", NOON), Some(stored(1)));
    assert_eq!(put(&again, "a", &value(2), Some(1)), Put::Won);
    assert_eq!(get(&open(folder.path()), "a", NOON), Some(stored(2)));
}

#[test]
fn a_file_that_is_no_database_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    std::fs::write(&path, "no database, but long enough to be looked at as one".repeat(20))
        .unwrap();
    assert!(Sqlite::open(&path).is_err());
    assert!(Sqlite::open(folder.path()).is_err(), "a folder");
}
