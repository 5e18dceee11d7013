//! The catalogue in Redis: its form in the server, prefixes that look like patterns, and writes of an
//! older koohook.

mod moving_slots;
mod older_queues;

use ::redis::{Client, Connection, TypedCommands, cmd};
use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use protocol::time::UnixMillis;
use shell::store::{
    AnyStore, Put, Scan, ScannedValue, Store, StoreSetting, Stored, Value, Version,
};
use tests::servers::{self, Server, run};
use tests::world::NOW;

const NOON: UnixMillis = UnixMillis::new(NOW);
/// The script of a write before the catalogue, as koohook sent it.
const OLDER_PUT: &str = include_str!("redis_catalogue/older_put.lua");

/// A store with its own prefix, and a connection to its server.
fn fresh() -> Option<(String, AnyStore, Connection)> {
    Some(open(&servers::setting(Server::Redis)?))
}

fn open(setting: &str) -> (String, AnyStore, Connection) {
    let store = run(StoreSetting::parse(setting).unwrap().open(false)).unwrap();
    let (address, prefix) = setting.split_once("?prefix=").unwrap();
    let server = Client::open(address).unwrap().get_connection().unwrap();
    (prefix.to_owned(), store, server)
}

fn listed(number: u8, list: CatalogueList, changed: u64, order: Option<u8>) -> Value {
    let order = order.map(|byte| OrderDigest([byte; 12]));
    let entry = CatalogueEntry { list, changed: UnixMillis::new(changed), order };
    let version = Version([number; 16]);
    Value { version, bytes: vec![number], catalogue: Some(entry), ..Value::default() }
}

fn put(store: &AnyStore, key: &str, value: &Value, over: Option<u8>) -> Put {
    run(store.put(key, value, over.map(|over| Version([over; 16])), NOON)).unwrap()
}

/// Every key of every list.
fn everywhere(store: &AnyStore) -> Vec<(CatalogueList, String)> {
    let of = |list| {
        let items = run(store.catalogue(list, None, usize::MAX)).unwrap();
        items.into_iter().map(move |item| (list, item.key))
    };
    CatalogueList::ALL.into_iter().flat_map(of).collect()
}

/// The key and the entry of every value.
fn scanned(store: &AnyStore) -> Vec<(String, Option<CatalogueEntry>)> {
    values(store).into_iter().map(|value| (value.key, value.catalogue)).collect()
}

fn values(store: &AnyStore) -> Vec<ScannedValue> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = run(store.scan(after.as_ref(), 100)).unwrap();
        found.extend(page.values);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

#[test]
fn an_entry_has_the_documented_form() {
    let Some((prefix, store, mut server)) = fresh() else { return };
    put(&store, "a", &listed(1, CatalogueList::ActiveInstances, NOW, Some(255)), None);
    let set = format!("{prefix}:{{c}}:catalogue");
    let mut read = cmd("ZRANGE");
    read.arg(&set).arg(0).arg(-1).arg("WITHSCORES");
    let found: Vec<String> = read.query(&mut server).unwrap();
    // The fourth list, and 2^48 scores for each.
    let expected = [format!("a\0{}", "_".repeat(16)), (3 * (1 << 48) + NOW).to_string()];
    assert_eq!(found, expected);
    let order = server.hget(format!("{prefix}:{{c}}:kept:a"), "order").unwrap();
    assert_eq!(order, Some("_".repeat(16)));
}

#[test]
fn a_value_without_an_entry_has_no_place_in_the_catalogue() {
    let Some((prefix, store, mut server)) = fresh() else { return };
    let plain = Value { catalogue: None, ..listed(1, CatalogueList::ActiveInstances, 1, None) };
    put(&store, "a", &plain, None);
    assert!(!server.exists(format!("{prefix}:{{c}}:catalogue")).unwrap());
}

/// An older koohook cannot read a record of this one, so it writes over none. If it did, the entry
/// would stay as it is. The next write of this koohook moves it, and no second entry remains.
#[test]
fn a_write_of_an_older_koohook_leaves_the_entry_to_the_next_write() {
    let Some((prefix, store, mut server)) = fresh() else { return };
    let name = |part: &str| format!("{prefix}:{{c}}:{part}");
    let mut older = |over: &[u8], number: u8| {
        let mut put = cmd("EVAL");
        put.arg(OLDER_PUT).arg(4).arg(name("kept:a"));
        put.arg(&["due", "dead", "sweep"].map(|queue| name(&format!("agenda:{queue}"))));
        put.arg(over).arg(NOW).arg(&[number; 16]).arg(&[number]).arg("").arg("");
        put.arg("2").arg(NOW).arg("a");
        put.query::<Vec<i64>>(&mut server).unwrap()
    };
    let [pending, active] = [CatalogueList::PendingInstances, CatalogueList::ActiveInstances];
    assert_eq!(put(&store, "a", &listed(1, pending, 5, Some(1)), None), Put::Won);
    assert_eq!(older(&[1; 16], 2), [1], "it wrote");
    let stored = Stored { version: Version([2; 16]), bytes: vec![2] };
    assert_eq!(run(store.get("a", NOON)), Ok(Some(stored)));
    assert_eq!(everywhere(&store), [(pending, "a".to_owned())], "a hint that is old");
    assert_eq!(put(&store, "a", &listed(3, active, 6, Some(2)), Some(2)), Put::Won);
    assert_eq!(everywhere(&store), [(active, "a".to_owned())]);
    assert_eq!(older(&[3; 16], 4), [1]);
    assert_eq!(older(&[4; 16], 5), [1]);
    let plain = Value { catalogue: None, ..listed(6, active, 7, None) };
    assert_eq!(put(&store, "a", &plain, Some(5)), Put::Won);
    assert_eq!(everywhere(&store), []);
}

/// A value that an older koohook wrote is read, scanned and then put in a list.
#[test]
fn a_value_of_an_older_koohook_has_no_entry_until_it_is_written_again() {
    let Some((prefix, store, mut server)) = fresh() else { return };
    let fields = [("version", &[1; 16][..]), ("bytes", &[1]), ("expires", b"")];
    server.hset_multiple(format!("{prefix}:{{c}}:kept:a"), &fields).unwrap();
    assert_eq!(everywhere(&store), []);
    assert_eq!(scanned(&store), [("a".to_owned(), None)]);
    let list = CatalogueList::FrozenInstances;
    assert_eq!(put(&store, "a", &listed(2, list, 6, Some(2)), Some(1)), Put::Won);
    assert_eq!(everywhere(&store), [(list, "a".to_owned())]);
}

/// The second prefix begins like the first one.
#[test]
fn a_scan_reads_only_the_values_of_its_own_prefix() {
    let Some(setting) = servers::setting(Server::Redis) else { return };
    let (_, store, _) = open(&setting);
    let (prefix, other, mut server) = open(&format!("{setting}-b"));
    for (store, key) in [(&store, "mine"), (&other, "theirs")] {
        put(store, key, &listed(1, CatalogueList::ActiveInstances, 1, None), None);
    }
    // Another program's keys: one in a wrong shard, one without a key.
    for name in ["{0}:kept:theirs", "{x}:kept:a", "{c}:kept"] {
        server.set(format!("{prefix}:{name}"), "a text").unwrap();
    }
    for (store, key) in [(store, "mine"), (other, "theirs")] {
        let keys: Vec<_> = scanned(&store).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [key]);
    }
}
