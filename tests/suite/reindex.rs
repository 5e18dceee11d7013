//! The entries that a reindex writes, over values of an older koohook: what it keeps, and what it does
//! if another writer is faster.

use std::time::Duration;

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use protocol::message::OrderId;
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::reindex::{Reindexed, reindex};
use shell::repository::Repository;
use shell::seal::{Clear, Seal, SealKey};
use shell::store::memory::Memory;
use shell::store::{Put, Queue, Scan, ScannedValue, Store, Value, Version};
use shell::world::{Deadline, World};
use tests::call::run;
use tests::racing_store::RacingStore;
use tests::world::{NOW, TestWorld};

const KEY: &str = "instance:i-1";
const NOON: UnixMillis = UnixMillis::new(NOW);
/// When the newest call of the instance was signed.
const CALL: u64 = NOW - 86_400_000;

/// A record of schema 1 of an instance with access data, whose notice waits.
fn older(expires: &str) -> Vec<u8> {
    let record = format!(
        r#"{{"schema":1,"entity":{{"instance":{{"id":"i-1","order_id":"CS1","state":"active",
        "access":{{"refused":"000100"}},"newest":{{"status":{},"refresh":{CALL}}}{expires}}}}},
        "ledger":{{"rows":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},"outbox":{{"sequence":1,
        "waiting":[{{"type":"instance.created","at":1,"data":{{"sequence":1}}}}],"dropped":0}}}}"#,
        CALL - 5,
    );
    [b"\0", record.as_bytes()].concat()
}

fn value(number: u8, expires: &str, agenda: Option<(Queue, UnixMillis)>) -> Value {
    Value { version: Version([number; 16]), bytes: older(expires), agenda, ..Value::default() }
}

/// A store with one value of an older koohook.
fn world(agenda: Option<(Queue, UnixMillis)>, faster: Vec<Value>) -> TestWorld<RacingStore> {
    let store = RacingStore::default();
    run(store.put(KEY, &value(1, "", agenda), None, NOON)).unwrap();
    store.set_faster(faster);
    TestWorld::new(store)
}

fn scanned(world: &TestWorld<RacingStore>) -> ScannedValue {
    let page = run(world.store().memory.scan(None, 10)).unwrap();
    page.values.into_iter().find(|value| value.key == KEY).unwrap()
}

fn record(world: &TestWorld<RacingStore>) -> EntityRecord {
    EntityRecord::from_bytes(scanned(world).bytes.strip_prefix(b"\0").unwrap()).unwrap()
}

fn reindexed(world: &TestWorld<RacingStore>) -> Result<Reindexed, Failure> {
    let seal = Seal::new(None, None, Clear::Allowed);
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(1));
    let repository = Repository::new(world, &seal, Reader::Product, deadline);
    let values = vec![scanned(world)];
    run(reindex(&repository, values)).pop().unwrap()
}

fn entry(changed: u64) -> CatalogueEntry {
    let order = Some(OrderDigest::of(&OrderId::parse("CS1").unwrap()));
    let changed = UnixMillis::new(changed);
    CatalogueEntry { list: CatalogueList::RefusedInstances, changed, order }
}

/// Otherwise each later write of a notice would move the entry to the top of the list.
#[test]
fn an_older_record_keeps_the_time_of_its_newest_call() {
    let world = world(None, Vec::new());
    let before = record(&world);
    assert_eq!(reindexed(&world).unwrap(), Reindexed::Written);
    assert_eq!(scanned(&world).catalogue, Some(entry(CALL)));
    let expected = EntityRecord { changed: Some(UnixMillis::new(CALL)), ..before };
    assert_eq!(record(&world), expected, "nothing else changes");
    assert_eq!(reindexed(&world).unwrap(), Reindexed::Right, "a second run writes nothing");
    let again = expected.clone().succeeding(Some(&expected), UnixMillis::new(NOW + 60_000));
    assert_eq!(again.catalogue(NOON), Some(entry(CALL)), "a later write does not move the entry");
}

#[test]
fn the_agenda_is_kept() {
    let at = UnixMillis::new(1);
    for agenda in [None, Some((Queue::Due, at))] {
        let world = world(agenda, Vec::new());
        assert_eq!(reindexed(&world).unwrap(), Reindexed::Written);
        let kept = scanned(&world).agenda;
        assert_eq!(kept.map(|(queue, _)| queue), agenda.map(|(queue, _)| queue));
    }
}

/// The older koohook writes no entry, so its value still lacks one.
#[test]
fn a_value_that_an_older_koohook_writes_meanwhile_gets_its_entry() {
    let faster = |number: u8| value(number, &format!(r#","expires":{number}"#), None);
    let world = world(None, vec![faster(9), faster(8)]);
    assert_eq!(reindexed(&world).unwrap(), Reindexed::Written);
    let found = scanned(&world);
    assert_eq!(found.catalogue, Some(entry(CALL)));
    let domain::entity::Entity::Instance(instance) = record(&world).entity else { panic!() };
    assert_eq!(instance.expires, Some(UnixMillis::new(9)), "the newest write is kept");
}

#[test]
fn a_value_that_is_written_again_and_again_is_reported() {
    let faster: Vec<_> = (2..255).map(|number| value(number, "", None)).collect();
    let world = world(None, faster);
    assert!(matches!(reindexed(&world), Err(Failure::Contended)));
}

/// A mark over values of an older koohook would hide that the lists lack them.
#[test]
fn only_an_empty_store_is_marked_as_complete_at_a_start() {
    let key = SealKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    for (key, is_empty) in [(None, true), (None, false), (Some(&key), true), (Some(&key), false)] {
        let world = TestWorld::new(Memory::new());
        let seal = Seal::new(key, None, Clear::Allowed);
        if !is_empty {
            let older =
                Value { bytes: seal.seal(KEY, b"{}", [7; 12]).unwrap(), ..Value::default() };
            assert_eq!(run(world.store().put(KEY, &older, None, NOON)), Ok(Put::Won));
        }
        // The first start writes the mark of the seal, and the second one finds it.
        for _ in 0..2 {
            let seal = Seal::new(key, None, Clear::Allowed);
            let deadline = Deadline::after(world.elapsed(), Duration::from_secs(1));
            let repository = Repository::new(&world, &seal, Reader::Product, deadline);
            run(repository.prove_keys()).unwrap();
            let is_complete = run(repository.catalogue_is_complete()).unwrap();
            assert_eq!(is_complete, is_empty, "sealed: {}", key.is_some());
        }
    }
}
