//! What only a Redis can get wrong: replies that never come, connections that died unseen, what
//! stands in the server, and what a server says instead of an answer.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use ::redis::{Client, Connection, TypedCommands};
use protocol::time::UnixMillis;
use shell::store::{
    AnyStore, Put, Queue, Store, StoreSetting, Stored, Unavailable, Value, Version,
};
use tests::fault_proxy::FaultProxy;
use tests::log::Log;
use tests::servers::{self, Server, run};
use tests::world::NOW;

use crate::stores::dropped_after;

const NOON: UnixMillis = UnixMillis::new(NOW);
/// What a callback has for everything.
const BUDGET: Duration = Duration::from_secs(4);
/// How long the store waits for one answer.
const ANSWER: Duration = Duration::from_millis(1_500);

/// A server's address, and keys of one's own in it.
struct Place {
    address: String,
    prefix: String,
}

impl Place {
    /// A place in the one Redis, if there is one.
    fn new() -> Option<Self> {
        let setting = servers::setting(Server::Redis)?;
        let (address, prefix) = setting.split_once("?prefix=").unwrap();
        Some(Self { address: address.to_owned(), prefix: prefix.to_owned() })
    }

    /// The store, past everything.
    fn open(&self) -> AnyStore {
        open(&self.address, &self.prefix)
    }

    /// The server itself.
    fn connect(&self) -> Connection {
        Client::open(self.address.as_str()).unwrap().get_connection().unwrap()
    }

    /// A way to the server that can fall silent, and the store at its end.
    fn open_behind(&self) -> (FaultProxy, AnyStore) {
        let (way, along) = FaultProxy::before(&self.address);
        (way, open(&along, &self.prefix))
    }
}

fn open(address: &str, prefix: &str) -> AnyStore {
    let setting = StoreSetting::parse(&format!("{address}?prefix={prefix}")).unwrap();
    run(setting.open(false)).unwrap()
}

fn value(number: u8) -> Value {
    let version = Version([number; 16]);
    Value { version, bytes: vec![number], agenda: None, expires: None }
}

fn stored(number: u8) -> Stored {
    Stored { version: Version([number; 16]), bytes: vec![number] }
}

fn put(store: &AnyStore, number: u8, over: Option<u8>) -> Result<Put, Unavailable> {
    run(store.put("a", &value(number), over.map(|over| Version([over; 16])), NOON))
}

fn get(store: &AnyStore) -> Result<Option<Stored>, Unavailable> {
    run(store.get("a", NOON))
}

#[test]
fn what_stands_in_a_server_can_be_told_by_its_name() {
    let Some(place) = Place::new() else { return };
    let store = place.open();
    let due = Value { agenda: Some((Queue::Due, NOON)), ..value(1) };
    run(store.put("a", &due, None, NOON)).unwrap();
    let dead = Value { agenda: Some((Queue::Dead, NOON)), ..value(1) };
    run(store.put("abc", &dead, None, NOON)).unwrap();
    let sweep = Value { agenda: Some((Queue::Sweep, NOON)), ..value(1) };
    run(store.put("", &sweep, None, NOON)).unwrap();
    let mut keys: Vec<String> = place.connect().keys(format!("{}*", place.prefix)).unwrap();
    keys.sort();
    // `c`, `b` and `e` begin the SHA-256 of `a`, of `abc` and of nothing.
    let expected = [
        "{b}:agenda:dead",
        "{b}:kept:abc",
        "{c}:agenda:due",
        "{c}:kept:a",
        "{e}:agenda:sweep",
        "{e}:kept:",
    ];
    assert_eq!(keys, expected.map(|key| format!("{}:{key}", place.prefix)));
}

/// The server's clock is months from the caller's here: only spans may be told it.
#[test]
fn memory_is_freed_an_hour_after_a_value_expired() {
    let Some(place) = Place::new() else { return };
    let (store, mut server) = (place.open(), place.connect());
    let key = format!("{}:{{c}}:kept:a", place.prefix);
    let mut held = || ::redis::cmd("PTTL").arg(&key).query::<i64>(&mut server).unwrap();
    let expires = Some(UnixMillis::new(NOW + 150_000));
    run(store.put("a", &Value { expires, ..value(1) }, None, NOON)).unwrap();
    let hour = 3_600_000;
    assert!((hour + 90_000..=hour + 150_000).contains(&held()));
    put(&store, 2, Some(1)).unwrap();
    assert_eq!(held(), -1, "what lasts is never freed");
    let expires = Some(UnixMillis::new(u64::MAX));
    run(store.put("a", &Value { expires, ..value(3) }, Some(Version([2; 16])), NOON)).unwrap();
    assert_eq!(get(&store), Ok(Some(stored(3))));
}

/// One machine, one clock: what the store says lies between the server's time before and after.
#[test]
fn a_server_tells_its_own_time() {
    for server in [Server::Redis, Server::RedisCluster] {
        let Some(setting) = servers::setting(server) else { return };
        let store = run(StoreSetting::parse(&setting).unwrap().open(false)).unwrap();
        let address = setting.split('?').next().unwrap();
        let mut server = Client::open(address).unwrap().get_connection().unwrap();
        let mut time = || -> u64 {
            let (seconds, micros): (u64, u64) = ::redis::cmd("TIME").query(&mut server).unwrap();
            seconds * 1_000 + micros / 1_000
        };
        // The caller's clock is months from it, and does not matter.
        let (before, told, after) = (time(), run(store.clock(NOON)).unwrap().millis(), time());
        // What the answer took on its way is taken off.
        assert!((before.saturating_sub(2_000)..=after).contains(&told), "{before} {told} {after}");
    }
}

#[test]
fn a_server_that_does_not_tell_the_time_tells_none() {
    let Some(place) = Place::new() else { return };
    let (way, store) = place.open_behind();
    way.withhold_replies();
    assert_eq!(run(store.clock(NOON)), None);
    way.pass();
    assert!(run(store.clock(NOON)).is_some());
    let server = place.address.strip_prefix("redis://").unwrap();
    way.lead_to(&answering("-NOPERM this user has no permissions to run the 'time' command"));
    way.close_connections();
    assert_eq!(run(store.clock(NOON)), None);
    way.lead_to(server);
    way.close_connections();
    assert!(run(store.clock(NOON)).is_some());
}

#[test]
fn a_write_without_a_reply_is_no_win_and_is_recognised_when_sent_again() {
    let Some(place) = Place::new() else { return };
    let (way, store) = place.open_behind();
    assert_eq!(put(&store, 1, None), Ok(Put::Won));
    way.withhold_replies();
    let log = Log::default();
    let begun = Instant::now();
    let outcome = {
        let _kept = log.keep();
        put(&store, 2, Some(1))
    };
    assert_eq!(outcome, Err(Unavailable));
    assert!(begun.elapsed() < BUDGET - ANSWER, "time is left to send it again");
    // The whole of it: a word, and no address.
    let said = r#"{"level":"ERROR","message":"redis failed","fault":"timeout","target":"shell::store::redis"}"#;
    assert_eq!(log.text().trim_end(), said);
    assert_eq!(get(&place.open()), Ok(Some(stored(2))), "it happened all the same");
    way.pass();
    assert_eq!(put(&store, 2, Some(1)), Ok(Put::Lost(Some(stored(2)))));
}

/// A host that was frozen for hours: nobody says that the connection is no more.
#[test]
fn a_connection_that_died_in_silence_leaves_a_look_time_to_ask_again() {
    let Some(place) = Place::new() else { return };
    let (way, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    way.lose_connections();
    let begun = Instant::now();
    assert_eq!(get(&store), Ok(Some(stored(1))));
    assert!(begun.elapsed() < BUDGET - ANSWER, "{:?}", begun.elapsed());
    way.lose_connections();
    let entries = run(store.agenda(Queue::Due, UnixMillis::EPOCH..=NOON, 9)).unwrap();
    assert_eq!(entries, [], "sixteen looks at once, and one connection");
    way.lose_connections();
    assert_eq!(put(&store, 2, Some(1)), Err(Unavailable), "a write is its caller's to send again");
    assert_eq!(put(&store, 2, Some(1)), Ok(Put::Won));
}

#[test]
fn a_connection_that_was_closed_costs_nothing() {
    let Some(place) = Place::new() else { return };
    let (way, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    for _ in 0..3 {
        way.close_connections();
        assert_eq!(get(&store), Ok(Some(stored(1))));
    }
}

/// Connecting takes several steps; whoever gives up at one of them leaves the next caller none the
/// worse.
#[test]
fn a_dropped_reconnect_harms_nobody() {
    let Some(place) = Place::new() else { return };
    let (way, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    for polls in 0..16 {
        way.close_connections();
        let _ = dropped_after(polls, store.get("a", NOON));
        assert_eq!(get(&store), Ok(Some(stored(1))), "{polls} polls");
    }
}

/// A failover moves the server's name; who still holds a connection to the old one must let go.
#[test]
fn a_master_that_became_a_replica_is_left_for_whoever_has_its_name_now() {
    let Some(place) = Place::new() else { return };
    let (way, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    let server = place.address.strip_prefix("redis://").unwrap();
    let demoted = answering("-READONLY You can't write against a read only replica.");
    for taken in [false, true] {
        way.lead_to(&demoted);
        way.close_connections();
        assert_eq!(get(&store), Err(Unavailable));
        way.lead_to(server);
        match taken {
            false => assert_eq!(get(&store), Ok(Some(stored(1)))),
            true => assert_eq!(put(&store, 2, Some(1)), Ok(Put::Won)),
        }
    }
}

/// A server that answers every command with one line.
fn answering(line: &str) -> String {
    let line = format!("{line}\r\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let line = line.clone();
            thread::spawn(move || {
                let commands = lines.map_while(Result::ok).filter(|line| line.starts_with('*'));
                commands.for_each(|_| drop(stream.write_all(line.as_bytes())));
            });
        }
    });
    address
}

#[test]
fn what_is_not_ours_is_no_answer() {
    let Some(place) = Place::new() else { return };
    let (store, mut server) = (place.open(), place.connect());
    let key = format!("{}:{{c}}:kept:a", place.prefix);
    server.set(&key, "a text").unwrap();
    assert_eq!(get(&store), Err(Unavailable));
    assert_eq!(put(&store, 1, None), Err(Unavailable));
    server.del(&key).unwrap();
    for (field, text) in [("version", "short"), ("expires", "soon")] {
        put(&store, 1, None).unwrap();
        server.hset(&key, field, text).unwrap();
        assert_eq!(get(&store), Err(Unavailable), "{field}");
        server.del(&key).unwrap();
    }
}

/// A cluster's node asked as if it were alone sends two of three keys elsewhere: for ever.
#[test]
fn a_server_that_sends_us_elsewhere_is_no_answer() {
    let Some(setting) = servers::setting(Server::RedisCluster) else { return };
    let alone = setting.replace("cluster=true&", "");
    let store = run(StoreSetting::parse(&alone).unwrap().open(false)).unwrap();
    let tried: Vec<_> =
        (0..32).map(|number| run(store.put(&number.to_string(), &value(1), None, NOON))).collect();
    assert!(tried.iter().all(|put| matches!(put, Ok(Put::Won) | Err(Unavailable))), "{tried:?}");
    assert!(tried.contains(&Err(Unavailable)) && tried.contains(&Ok(Put::Won)), "{tried:?}");
}
