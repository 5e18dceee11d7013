//! Sealing every value with a new key: what is kept, what happens if another writer is faster, and what a
//! process with the older key does afterwards (decision F5).

mod processes;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use domain::outbox::Reader;
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::repository::{Repository, Resealed};
use shell::reseal::reseal;
use shell::seal::{Clear, Seal, SealKey, SealedBy};
use shell::store::memory::Memory;
use shell::store::{AnyStore, Put, Queue, Scan, ScannedValue, Store, StoreSetting, Value, Version};
use shell::world::{Deadline, World};
use tests::call::run;
use tests::dynamodb::emulator;
use tests::on_tokio::OnTokio;
use tests::racing_store::RacingStore;
use tests::servers::{self, Server};
use tests::world::{NOW, StoreFault, TestWorld};

/// Made-up keys: 32 times the bytes 9, 10 and 11.
pub const KEYS: [&str; 3] = [
    "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
    "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=",
    "CwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCws=",
];
const NOON: UnixMillis = UnixMillis::new(NOW);

fn key(number: usize) -> SealKey {
    SealKey::parse(KEYS[number]).unwrap()
}

/// A seal with a current key and previous ones.
fn seal(current: usize, previous: &[usize]) -> Seal {
    let previous: Vec<_> = previous.iter().map(|number| key(*number)).collect();
    Seal::new(Some(&key(current)), &previous, Clear::Allowed)
}

/// What a scan must find after a reseal, except the version and the encryption.
type Kept = (Vec<u8>, Option<(Queue, UnixMillis)>, Option<CatalogueEntry>, Option<UnixMillis>);

/// A value of every kind of key, with every combination of agenda, catalogue and expiry.
fn varied(number: u8) -> (String, Value) {
    let at = |distance: u64| UnixMillis::new(NOW + distance * 1_000 + u64::from(number));
    let kinds = ["instance", "tenant", "users", "usage", "part:ab", "used"];
    let key = format!("{}:{number:03}", kinds[usize::from(number) % kinds.len()]);
    let list = CatalogueList::ALL[usize::from(number % 10)];
    let order = (!number.is_multiple_of(3)).then_some(OrderDigest([number; 12]));
    let value = Value {
        version: Version([number; 16]),
        bytes: format!("value {number}").into_bytes(),
        agenda: number.is_multiple_of(2).then(|| (Queue::ALL[usize::from(number / 2 % 4)], at(1))),
        catalogue: (number % 5 < 3).then_some(CatalogueEntry { list, changed: at(0), order }),
        // Far away: a server deletes an expired value by its own clock.
        expires: (number % 7 < 2).then(|| at(4_000_000_000)),
    };
    (key, value)
}

/// Writes values that several seals have sealed, one after the other.
fn fill<S: Store>(
    store: &S,
    numbers: std::ops::Range<u8>,
    seals: &[Seal],
) -> BTreeMap<String, Kept> {
    let one = |number: u8| {
        let (key, value) = varied(number);
        let seal = &seals[usize::from(number) % seals.len()];
        let bytes = seal.seal(&key, &value.bytes, [number; 12]).unwrap();
        let Value { agenda, catalogue, expires, .. } = value;
        let kept = (value.bytes.clone(), agenda, catalogue, expires);
        assert_eq!(run(store.put(&key, &Value { bytes, ..value }, None, NOON)), Ok(Put::Won));
        (key, kept)
    };
    numbers.map(one).collect()
}

fn scan<S: Scan>(store: &S) -> Vec<ScannedValue> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = run(store.scan(after.as_ref(), 50)).unwrap();
        all.extend(page.values);
        after = page.next;
        if after.is_none() {
            // A scan may find a value twice.
            all.sort_by(|one: &ScannedValue, other| one.key.cmp(&other.key));
            all.dedup_by(|one, other| one.key == other.key);
            return all;
        }
    }
}

/// Everything that the store has, decrypted with a seal, except the mark.
fn kept<S: Scan>(store: &S, seal: &Seal) -> BTreeMap<String, Kept> {
    let values = scan(store).into_iter().filter(|value| value.key != "seal");
    let opened = values.map(|ScannedValue { key, bytes, agenda, catalogue, expires, .. }| {
        let (by, bytes) = seal.open_with_key(&key, &bytes).unwrap();
        assert_eq!(by, SealedBy::Current, "{key}");
        (key, (bytes, agenda, catalogue, expires))
    });
    opened.collect()
}

/// One pass over a store: how often each result occurred.
fn pass<S: Store + Scan>(world: &TestWorld<S>, seal: &Seal) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in scan(world.store()) {
        let resealed = run(reseal(&repository(world, seal), vec![value])).pop().unwrap().1;
        *counts.entry(format!("{resealed:?}")).or_default() += 1;
    }
    counts
}

fn repository<'a, S: Store>(
    world: &'a TestWorld<S>,
    seal: &'a Seal,
) -> Repository<'a, TestWorld<S>> {
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
    Repository::new(world, seal, Reader::Product, deadline)
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// Two rotations in a row; in the second one the values of both older keys are still there.
fn check_two_rotations<S: Store + Scan>(store: S) {
    let world = TestWorld::new(store);
    run(repository(&world, &seal(0, &[])).reseal_mark()).unwrap();
    run(repository(&world, &seal(0, &[])).mark_complete_catalogue()).unwrap();
    let clear = Seal::new(None, None, Clear::Allowed);
    let mut expected = fill(world.store(), 0..60, &[seal(0, &[]), clear]);
    expected.extend(fill(world.store(), 60..90, &[seal(1, &[])]));
    let seal_b = seal(1, &[0]);
    let first = pass(&world, &seal_b);
    let written = |by| format!("{:?}", Ok::<_, Failure>(Resealed::Written(by)));
    assert_eq!(first[&written(SealedBy::Nothing)], 30);
    assert_eq!(first[&written(SealedBy::Previous(0))], 31, "with the mark of the catalogue");
    // The mark of the seal is the last.
    assert_eq!(pass(&world, &seal_b), counts(&[("Ok(Right)", 91), ("Ok(Bare)", 1)]));
    assert_eq!(run(repository(&world, &seal_b).reseal_mark()), Ok(Some(SealedBy::Previous(0))));
    assert_eq!(run(repository(&world, &seal_b).reseal_mark()), Ok(Some(SealedBy::Current)));
    run(repository(&world, &seal(1, &[])).prove_keys()).expect("the older key is not needed");
    let mut found = kept(world.store(), &seal(1, &[]));
    found.remove("catalogue");
    assert_eq!(found, expected, "nothing else changes");
    expected.extend(fill(world.store(), 90..120, &[seal(0, &[]), seal(1, &[])]));
    let seal_c = seal(2, &[1, 0]);
    let second = pass(&world, &seal_c);
    assert_eq!(second[&written(SealedBy::Previous(1))], 15, "the second previous key");
    assert_eq!(run(repository(&world, &seal_c).reseal_mark()), Ok(Some(SealedBy::Previous(0))));
    let mut found = kept(world.store(), &seal(2, &[]));
    found.remove("catalogue");
    assert_eq!(found, expected);
}

#[test]
fn a_rotation_keeps_everything_but_the_encryption_over_memory() {
    check_two_rotations(Memory::new());
}

#[test]
fn a_rotation_keeps_everything_but_the_encryption_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let setting = format!("sqlite:{}", folder.path().join("koohook.db").display());
    check_two_rotations(open(&setting));
}

#[test]
fn a_rotation_keeps_everything_but_the_encryption_over_redis() {
    for server in [Server::Redis, Server::RedisCluster] {
        if let Some(setting) = servers::setting(server) {
            check_two_rotations(open(&setting));
        }
    }
}

#[test]
fn a_rotation_keeps_everything_but_the_encryption_over_dynamodb() {
    if emulator().is_some() {
        check_two_rotations(open(&servers::setting(Server::Dynamodb).unwrap()));
    }
}

fn open(setting: &str) -> OnTokio<AnyStore> {
    OnTokio(servers::run(StoreSetting::parse(setting).unwrap().open(false)).unwrap())
}

/// The other process's value stays, with its entries. The next pass seals it if it must.
#[test]
fn a_faster_writer_keeps_its_value() {
    for (writer, result) in [(0, Resealed::Overtaken), (1, Resealed::Right)] {
        let world = TestWorld::new(RacingStore::default());
        fill(&world.store().memory, 0..1, &[seal(0, &[])]);
        let (key, value) = varied(0);
        let agenda = Some((Queue::Dead, UnixMillis::new(7)));
        let bytes = seal(writer, &[]).seal(&key, b"newer", [77; 12]).unwrap();
        let newer = Value { version: Version([77; 16]), bytes, agenda, ..value };
        world.store().set_faster(vec![newer.clone()]);
        let found = run(world.store().memory.scan(None, 9)).unwrap().values.remove(0);
        let seal = seal(1, &[0]);
        assert_eq!(run(repository(&world, &seal).reseal(&found)), Ok(result));
        let found = run(world.store().memory.scan(None, 9)).unwrap().values.remove(0);
        assert_eq!((found.version, found.agenda), (newer.version, agenda));
        let again = run(repository(&world, &seal).reseal(&found)).unwrap();
        let expected = if writer == 0 { SealedBy::Previous(0) } else { SealedBy::Current };
        let is_written = again == Resealed::Written(expected);
        assert!(is_written || (writer == 1 && again == Resealed::Right), "{again:?}");
        let found = run(world.store().memory.scan(None, 9)).unwrap().values.remove(0);
        assert_eq!(found.agenda, agenda);
        assert_eq!(seal.open(&key, &found.bytes).as_deref(), Ok(b"newer".as_slice()));
    }
}

/// Nothing decrypts an expired value or an empty one. A value of an unknown key stays as it is.
#[test]
fn only_values_that_a_key_decrypts_are_written() {
    let world = TestWorld::new(Memory::new());
    let put = |key: &str, bytes: Vec<u8>, expires: Option<u64>| {
        let expires = expires.map(UnixMillis::new);
        let value = Value { bytes, expires, ..Value::default() };
        assert_eq!(run(world.store().put(key, &value, None, UnixMillis::EPOCH)), Ok(Put::Won));
    };
    let sealed = |key: &str| seal(0, &[]).seal(key, b"text", [1; 12]).unwrap();
    put("instance:expired", sealed("instance:expired"), Some(NOW));
    put("proof", Vec::new(), None);
    put("catalogue", b"complete".to_vec(), None);
    put("instance:moved", sealed("instance:elsewhere"), None);
    put("instance:unknown", seal(2, &[]).seal("instance:unknown", b"x", [1; 12]).unwrap(), None);
    let before = scan(world.store());
    let found = pass(&world, &seal(1, &[0]));
    assert_eq!(found, counts(&[("Ok(Bare)", 3), ("Err(Unopened)", 2)]));
    assert_eq!(scan(world.store()), before);
}

/// Each write is cut off once, before or after it happened. Another run completes the work.
#[test]
fn an_interrupted_run_is_completed_by_the_next_one() {
    for fault in [StoreFault::Refused, StoreFault::ReplyLost] {
        for failing in 0..8 {
            let world = TestWorld::watched(Memory::new());
            let store = world.store().inner();
            let expected = fill(store, 0..6, &[seal(0, &[])]);
            world.store().plan((0..failing).map(|_| StoreFault::None).chain([fault; 9]));
            let new = seal(1, &[0]);
            for value in scan(store) {
                let _ = run(reseal(&repository(&world, &new), vec![value]));
            }
            world.store().plan([]);
            for value in scan(store) {
                let resealed = run(reseal(&repository(&world, &new), vec![value])).pop().unwrap();
                assert!(matches!(
                    resealed.1,
                    Ok(Resealed::Written(_) | Resealed::Right | Resealed::Bare)
                ));
            }
            let mut found = kept(store, &seal(1, &[]));
            found.remove("catalogue");
            assert_eq!(found, expected, "{fault:?} {failing}");
        }
    }
}
