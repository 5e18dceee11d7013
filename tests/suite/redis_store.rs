//! Faults that only a Redis store has. Replies never arrive, connections are lost without notice,
//! the server contains foreign data, or it answers with an error.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use ::redis::{Client, Connection, TypedCommands};
use domain::catalogue::{CatalogueEntry, CatalogueList};
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
/// A callback's time limit.
const BUDGET: Duration = Duration::from_secs(4);
/// How long the store waits for one answer.
const ANSWER: Duration = Duration::from_millis(1_500);

/// A server's address, and a key prefix that no other test uses.
struct Place {
    address: String,
    prefix: String,
}

impl Place {
    /// A place in the single Redis, if it runs.
    fn new() -> Option<Self> {
        let setting = servers::setting(Server::Redis)?;
        let (address, prefix) = setting.split_once("?prefix=").unwrap();
        Some(Self { address: address.to_owned(), prefix: prefix.to_owned() })
    }

    /// The store without a fault proxy.
    fn open(&self) -> AnyStore {
        open(&self.address, &self.prefix)
    }

    /// A connection to the server itself.
    fn connect(&self) -> Connection {
        Client::open(self.address.as_str()).unwrap().get_connection().unwrap()
    }

    /// A fault proxy before the server, and the store behind that proxy.
    fn open_behind(&self) -> (FaultProxy, AnyStore) {
        let (proxy, setting) = FaultProxy::before(&self.address);
        (proxy, open(&setting, &self.prefix))
    }
}

fn open(address: &str, prefix: &str) -> AnyStore {
    let setting = StoreSetting::parse(&format!("{address}?prefix={prefix}")).unwrap();
    run(setting.open(false)).unwrap()
}

fn value(number: u8) -> Value {
    let version = Version([number; 16]);
    Value { version, bytes: vec![number], ..Value::default() }
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
fn the_keys_in_a_server_have_the_documented_names() {
    let Some(place) = Place::new() else { return };
    let store = place.open();
    let list = CatalogueList::ActiveTenants;
    let entry = CatalogueEntry { list, changed: NOON, order: None };
    for (key, queue, catalogue) in [
        ("a", Queue::Due, Some(entry)),
        ("abc", Queue::Dead, None),
        ("", Queue::Sweep, None),
        ("b", Queue::Usage, None),
    ] {
        let value = Value { agenda: Some((queue, NOON)), catalogue, ..value(1) };
        run(store.put(key, &value, None, NOON)).unwrap();
    }
    let mut keys: Vec<String> = place.connect().keys(format!("{}*", place.prefix)).unwrap();
    keys.sort();
    // The SHA-256 of `a` begins with `c`, that of `abc` with `b`, that of the empty text with `e`,
    // and that of `b` with `3`.
    let expected = "{3}:agenda:usage {3}:kept:b {b}:agenda:dead {b}:kept:abc {c}:agenda:due \
                    {c}:catalogue {c}:kept:a {e}:agenda:sweep {e}:kept:";
    let named = |key| format!("{}:{key}", place.prefix);
    assert_eq!(keys, expected.split(' ').map(named).collect::<Vec<_>>());
}

/// The server's clock differs from the caller's by months. So the store may send it only spans.
#[test]
fn the_server_deletes_a_value_an_hour_after_its_expiry() {
    let Some(place) = Place::new() else { return };
    let (store, mut server) = (place.open(), place.connect());
    let key = format!("{}:{{c}}:kept:a", place.prefix);
    let mut lifetime = || ::redis::cmd("PTTL").arg(&key).query::<i64>(&mut server).unwrap();
    let expires = Some(UnixMillis::new(NOW + 150_000));
    run(store.put("a", &Value { expires, ..value(1) }, None, NOON)).unwrap();
    let hour = 3_600_000;
    assert!((hour + 90_000..=hour + 150_000).contains(&lifetime()));
    put(&store, 2, Some(1)).unwrap();
    assert_eq!(lifetime(), -1, "a value without expiry is never deleted");
    let expires = Some(UnixMillis::new(u64::MAX));
    run(store.put("a", &Value { expires, ..value(3) }, Some(Version([2; 16])), NOON)).unwrap();
    assert_eq!(get(&store), Ok(Some(stored(3))));
}

/// The store's time lies between two times that the server gives before and after.
#[test]
fn the_store_returns_the_servers_time() {
    for server in [Server::Redis, Server::RedisCluster] {
        let Some(setting) = servers::setting(server) else { return };
        let store = run(StoreSetting::parse(&setting).unwrap().open(false)).unwrap();
        let address = setting.split('?').next().unwrap();
        let mut server = Client::open(address).unwrap().get_connection().unwrap();
        let mut time = || -> u64 {
            let (seconds, micros): (u64, u64) = ::redis::cmd("TIME").query(&mut server).unwrap();
            seconds * 1_000 + micros / 1_000
        };
        // The caller's clock differs by months and has no effect.
        let (before, returned, after) = (time(), run(store.clock(NOON)).unwrap().millis(), time());
        // The store subtracts the time that the answer took.
        assert!(
            (before.saturating_sub(2_000)..=after).contains(&returned),
            "{before} {returned} {after}"
        );
    }
}

#[test]
fn the_store_returns_no_time_if_the_server_gives_none() {
    let Some(place) = Place::new() else { return };
    let (proxy, store) = place.open_behind();
    proxy.withhold_replies();
    assert_eq!(run(store.clock(NOON)), None);
    proxy.pass();
    assert!(run(store.clock(NOON)).is_some());
    let server = place.address.strip_prefix("redis://").unwrap();
    proxy.redirect_to(&answering("-NOPERM this user has no permissions to run the 'time' command"));
    proxy.close_connections();
    assert_eq!(run(store.clock(NOON)), None);
    proxy.redirect_to(server);
    proxy.close_connections();
    assert!(run(store.clock(NOON)).is_some());
}

#[test]
fn a_write_without_a_reply_fails_and_is_recognised_if_it_is_sent_again() {
    let Some(place) = Place::new() else { return };
    let (proxy, store) = place.open_behind();
    assert_eq!(put(&store, 1, None), Ok(Put::Won));
    proxy.withhold_replies();
    let log = Log::default();
    let start = Instant::now();
    let outcome = {
        let _kept = log.keep();
        put(&store, 2, Some(1))
    };
    assert_eq!(outcome, Err(Unavailable));
    assert!(start.elapsed() < BUDGET - ANSWER, "time remains for another try");
    // The whole line: it has a fault word and no address.
    let line = r#"{"level":"ERROR","message":"redis failed","fault":"timeout","advice":"redis does not answer in time; check host, port and network, and use rediss:// if the port speaks TLS, else redis://","target":"shell::store::redis"}"#;
    assert_eq!(log.text().trim_end(), line);
    assert_eq!(get(&place.open()), Ok(Some(stored(2))), "the server did the write");
    proxy.pass();
    assert_eq!(put(&store, 2, Some(1)), Ok(Put::Lost(Some(stored(2)))));
}

/// A host was suspended for hours: its connection is lost, and no packet reports that.
#[test]
fn a_read_over_a_lost_connection_is_retried_in_time() {
    let Some(place) = Place::new() else { return };
    let (proxy, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    proxy.lose_connections();
    let start = Instant::now();
    assert_eq!(get(&store), Ok(Some(stored(1))));
    assert!(start.elapsed() < BUDGET - ANSWER, "{:?}", start.elapsed());
    proxy.lose_connections();
    let entries = run(store.agenda(Queue::Due, UnixMillis::EPOCH..=NOON, 9)).unwrap();
    assert_eq!(entries, [], "sixteen concurrent queries share one connection");
    proxy.lose_connections();
    assert_eq!(
        put(&store, 2, Some(1)),
        Err(Unavailable),
        "the store does not retry a write; its caller does"
    );
    assert_eq!(put(&store, 2, Some(1)), Ok(Put::Won));
}

#[test]
fn a_closed_connection_is_replaced_without_an_error() {
    let Some(place) = Place::new() else { return };
    let (proxy, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    for _ in 0..3 {
        proxy.close_connections();
        assert_eq!(get(&store), Ok(Some(stored(1))));
    }
}

/// Connecting takes several steps. A caller that is dropped at one of them does not disturb the
/// next caller.
#[test]
fn a_dropped_reconnect_does_not_disturb_the_next_caller() {
    let Some(place) = Place::new() else { return };
    let (proxy, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    for polls in 0..16 {
        proxy.close_connections();
        let _ = dropped_after(polls, store.get("a", NOON));
        assert_eq!(get(&store), Ok(Some(stored(1))), "{polls} polls");
    }
}

/// A failover moves the server's name. A store with a connection to the old server must close it.
#[test]
fn the_store_leaves_a_demoted_master_and_connects_to_the_new_one() {
    let Some(place) = Place::new() else { return };
    let (proxy, store) = place.open_behind();
    put(&store, 1, None).unwrap();
    let server = place.address.strip_prefix("redis://").unwrap();
    let replica = answering("-READONLY You can't write against a read only replica.");
    for writes in [false, true] {
        proxy.redirect_to(&replica);
        proxy.close_connections();
        assert_eq!(get(&store), Err(Unavailable));
        proxy.redirect_to(server);
        match writes {
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
fn foreign_data_under_a_key_is_an_error() {
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

/// Without `cluster=true`, a cluster's node always redirects two of three keys to other nodes.
#[test]
fn a_redirect_from_a_cluster_node_is_an_error() {
    let Some(setting) = servers::setting(Server::RedisCluster) else { return };
    let single = setting.replace("cluster=true&", "");
    let store = run(StoreSetting::parse(&single).unwrap().open(false)).unwrap();
    let tried: Vec<_> =
        (0..32).map(|number| run(store.put(&number.to_string(), &value(1), None, NOON))).collect();
    assert!(tried.iter().all(|put| matches!(put, Ok(Put::Won) | Err(Unavailable))), "{tried:?}");
    assert!(tried.contains(&Err(Unavailable)) && tried.contains(&Ok(Put::Won)), "{tried:?}");
}
