//! `wait=N`: an acknowledged write exists on a replica, so a failover to that replica loses no
//! write.

use std::time::{Duration, Instant};

use protocol::time::UnixMillis;
use shell::store::{
    AnyStore, Put, Store, StoreOpenError, StoreSetting, Stored, Unavailable, Value, Version,
};
use tests::log::Log;
use tests::redis_server::RedisServer;
use tests::servers::run;
use tests::world::NOW;

const NOON: UnixMillis = UnixMillis::new(NOW);
/// Half of a callback's time limit.
const IN_TIME: Duration = Duration::from_secs(2);

fn open(server: &RedisServer, options: &str) -> Result<AnyStore, StoreOpenError> {
    let setting = format!("{}{options}", server.address());
    run(StoreSetting::parse(&setting).unwrap().open(false))
}

fn refusal(server: &RedisServer, options: &str) -> String {
    open(server, options).unwrap_err().to_string()
}

fn pair() -> Option<(RedisServer, RedisServer)> {
    let master = RedisServer::start(&[])?;
    let replica = master.replica();
    Some((master, replica))
}

const fn version(number: u8) -> Version {
    Version([number; 16])
}

fn put(store: &AnyStore, key: &str, number: u8, over: Option<u8>) -> Result<Put, Unavailable> {
    let value = Value { version: version(number), bytes: vec![number], ..Value::default() };
    run(store.put(key, &value, over.map(version), NOON))
}

fn get(store: &AnyStore, key: &str) -> Result<Option<Stored>, Unavailable> {
    run(store.get(key, NOON))
}

fn stored(number: u8) -> Stored {
    Stored { version: version(number), bytes: vec![number] }
}

#[test]
fn a_write_without_a_replicas_acknowledgement_fails_at_every_try() {
    let Some((master, replica)) = pair() else { return };
    // The second store has its own connection, on which it has written nothing.
    let [store, other] = [(); 2].map(|()| open(&master, "?wait=1").unwrap());
    assert_eq!(put(&store, "a", 1, None), Ok(Put::Won));
    replica.signal("-STOP");
    let log = Log::default();
    {
        let _kept = log.keep();
        let start = Instant::now();
        assert_eq!(put(&store, "a", 2, Some(1)), Err(Unavailable));
        assert!(start.elapsed() < IN_TIME, "time remains for another try");
    }
    assert!(log.text().contains("too few replicas acknowledge"), "{}", log.text());
    for store in [&store, &other] {
        assert_eq!(put(store, "a", 2, Some(1)), Err(Unavailable), "the stored version is its own");
        assert_eq!(
            put(store, "a", 3, Some(1)),
            Err(Unavailable),
            "the stored version belongs to another writer"
        );
    }
    replica.signal("-CONT");
    assert_eq!(put(&other, "a", 2, Some(1)), Ok(Put::Lost(Some(stored(2)))));
    assert_eq!(put(&store, "a", 3, Some(2)), Ok(Put::Won));
}

/// A repeated call is answered from the read value, without a write.
#[test]
fn a_value_that_no_replica_has_is_not_read() {
    let Some((master, replica)) = pair() else { return };
    let [store, other] = [(); 2].map(|()| open(&master, "?wait=1").unwrap());
    assert_eq!(get(&store, "a"), Ok(None));
    replica.signal("-STOP");
    assert_eq!(put(&store, "a", 1, None), Err(Unavailable));
    for store in [&store, &other] {
        assert_eq!(get(store, "a"), Err(Unavailable));
    }
    replica.signal("-CONT");
    for store in [&store, &other] {
        assert_eq!(get(store, "a"), Ok(Some(stored(1))));
    }
}

/// Since version 7.2, `WAIT` waits only for data that its own connection sent to replicas. So every
/// operation sends data to the replicas, even if it changes nothing.
#[test]
fn every_operation_sends_data_to_the_replicas() {
    let Some((master, _replica)) = pair() else { return };
    let store = open(&master, "?wait=1").unwrap();
    put(&store, "a", 1, None).unwrap();
    let offset = || -> u64 {
        let info: String = master.command("INFO replication");
        let line = info.lines().find_map(|line| line.strip_prefix("master_repl_offset:"));
        line.unwrap().parse().unwrap()
    };
    // This is more than the server's own ping, which may come at any time.
    let grows = |before: u64| assert!(offset() > before + 30);
    let before = offset();
    get(&store, "a").unwrap();
    grows(before);
    let before = offset();
    get(&store, "absent").unwrap();
    grows(before);
    let before = offset();
    assert_eq!(put(&store, "a", 1, None), Ok(Put::Lost(Some(stored(1)))));
    grows(before);
}

#[test]
fn a_failover_to_an_acknowledging_replica_loses_no_acknowledged_write() {
    let Some((master, replica)) = pair() else { return };
    let store = open(&master, "?wait=1").unwrap();
    let write = |number: u8| put(&store, &format!("key-{number}"), number, None);
    for number in 0..40 {
        assert_eq!(write(number), Ok(Put::Won));
    }
    // The replica no longer follows the master.
    let _: () = replica.command("REPLICAOF 127.0.0.1 1");
    for number in 40..43 {
        assert_eq!(write(number), Err(Unavailable));
    }
    drop(master);
    let _: () = replica.command("REPLICAOF NO ONE");
    let promoted = open(&replica, "").unwrap();
    for number in 0..40 {
        assert_eq!(get(&promoted, &format!("key-{number}")), Ok(Some(stored(number))));
    }
    for number in 40..43 {
        assert_eq!(
            get(&promoted, &format!("key-{number}")),
            Ok(None),
            "the write must be missing, or this test checks nothing"
        );
    }
}

#[test]
fn a_start_with_too_few_replicas_fails() {
    let Some(master) = RedisServer::start(&[]) else { return };
    let without_replica = refusal(&master, "?wait=1");
    assert!(without_replica.contains("connect more replicas"), "{without_replica}");
    assert!(without_replica.contains("wait=1"), "{without_replica}");
    assert!(open(&master, "").is_ok());
    let replica = master.replica();
    assert!(open(&master, "?wait=1").is_ok());
    assert!(refusal(&master, "?wait=2").contains("wait=2"));
    assert!(refusal(&replica, "?wait=1").contains("replica"));
    let _: () = master.command("ACL SETUSER canary on >canary-password ~* +@all resetchannels");
    let setting = master.address().replace("//", "//canary:canary-password@");
    let open =
        |options| run(StoreSetting::parse(&format!("{setting}{options}")).unwrap().open(false));
    let denied = open("?wait=1").unwrap_err().to_string();
    assert!(denied.contains("NOPERM") && denied.contains("PUBLISH"), "{denied}");
    assert!(!denied.contains("canary"), "{denied}");
    assert!(open("").is_ok());
}
