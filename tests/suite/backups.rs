//! The copy of a list of which parts disappear while it is copied, and the restore of a list.

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::kit_list::{Head, KitList, PartName};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use domain::store_keys::part_key;
use protocol::time::UnixMillis;
use serde_json::json;
use shell::backup::{
    BackupValue, CopiedPage, RestoreMode, RestoreOutcome, RestoredValue, copy_page, restore_values,
};
use shell::failure::Failure;
use shell::repository::Repository;
use shell::seal::{Clear, Seal};
use shell::store::memory::Memory;
use shell::store::{Put, Queue, Scan, ScannedValue, Store, Stored, Unavailable, Value, Version};
use shell::world::{Deadline, World};
use tests::call::run;
use tests::world::{NOW, TestWorld};

const KEY: &str = "departments:ab";
const NOON: UnixMillis = UnixMillis::new(NOW);

/// A store whose list changes before each of the next reads of a part.
#[derive(Default)]
struct Changing {
    memory: Memory,
    /// The numbers of the next lists, the last one first.
    next: Mutex<Vec<u8>>,
}

impl Store for Changing {
    tests::forward!(memory: put, agenda, catalogue);

    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let next = if key == KEY { None } else { self.next.lock().unwrap().pop() };
        if let Some(number) = next {
            change_list(&self.memory, number).await;
        }
        self.memory.get(key, now).await
    }
}

fn part(number: u8) -> PartName {
    PartName::new([number; 16])
}

/// A list that refers to one part.
fn list(number: u8) -> Vec<u8> {
    let reference = [&[0; 12], [number; 16].as_slice(), &[0, 1]].concat();
    let head = json!({ "parts": STANDARD_NO_PAD.encode(reference) });
    let head: Head = serde_json::from_value(head).unwrap();
    let record = EntityRecord::new(KitList { head, ..KitList::default() }.into());
    [b"\0", record.to_bytes().unwrap().as_slice()].concat()
}

/// Writes a part and the list that refers to it, and deletes the part of the list before, as the relay
/// does.
async fn change_list(memory: &Memory, number: u8) {
    let version = Version([number; 16]);
    let value = |bytes: Vec<u8>| Value { version, bytes, ..Value::default() };
    let new = Value { agenda: Some((Queue::Sweep, NOON)), ..value(vec![0, number]) };
    assert_eq!(memory.put(&part_key(KEY, part(number)), &new, None, NOON).await, Ok(Put::Won));
    let before = memory.get(KEY, NOON).await.unwrap().map(|found| found.version);
    assert_eq!(memory.put(KEY, &value(list(number)), before, NOON).await, Ok(Put::Won));
    if let Some(before) = before {
        let old = part_key(KEY, part(before.0[0]));
        let gone =
            Value { expires: Some(NOON.after(Duration::from_hours(1))), ..value(Vec::new()) };
        assert_eq!(memory.put(&old, &gone, Some(before), NOON).await, Ok(Put::Won));
    }
}

fn copied(next: Vec<u8>) -> Result<CopiedPage, Failure> {
    let store = Changing { memory: Memory::new(), next: Mutex::new(next) };
    run(change_list(&store.memory, 1));
    let world = TestWorld::new(store);
    let values: Vec<ScannedValue> = run(world.store().memory.scan(None, 10)).unwrap().values;
    assert_eq!(values.len(), 2);
    let seal = Seal::new(None, None, Clear::Allowed);
    run(copy_page(&repository(&world, &seal), values, false))
}

fn repository<'a, W: World>(world: &'a W, seal: &'a Seal) -> Repository<'a, W> {
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(5));
    Repository::new(world, seal, Reader::Product, deadline)
}

fn keys(page: &CopiedPage) -> Vec<&str> {
    page.values.iter().map(|value| value.key.as_str()).collect()
}

#[test]
fn a_list_is_copied_after_its_parts() {
    let page = copied(Vec::new()).unwrap();
    assert_eq!(keys(&page), [part_key(KEY, part(1)).as_str(), KEY]);
    assert_eq!(page.values[0].agenda, None, "the list refers to the part");
}

/// Otherwise the list in the backup would refer to a part that is not in the backup.
#[test]
fn a_list_that_changes_while_it_is_copied_is_read_again_until_all_its_parts_exist() {
    let page = copied(vec![3, 2]).unwrap();
    assert_eq!(keys(&page), [part_key(KEY, part(3)).as_str(), KEY]);
    assert_eq!(page.values[1].value, list(3));
    assert!(page.unusable.is_empty());
}

#[test]
fn a_list_that_changes_again_and_again_is_reported() {
    let result = copied((2..=200).rev().collect());
    assert!(matches!(result, Err(Failure::Contended)), "{result:?}");
}

/// A list without its parts could not accept any change.
#[test]
fn a_restored_list_finds_its_parts_and_an_interrupted_restore_leaves_no_list_without_them() {
    let page = copied(Vec::new()).unwrap();
    let world = TestWorld::new(Memory::new());
    let seal = Seal::new(None, None, Clear::Allowed);
    // In the file the list could come first.
    let values: Vec<_> = page.values.into_iter().rev().map(|it| restored(&seal, it)).collect();
    let done = run(restore_values(&repository(&world, &seal), &values, RestoreMode::Absent));
    let done: Vec<_> = done.into_iter().map(Result::unwrap).collect();
    assert_eq!(done, [RestoreOutcome::Written; 2]);
    let names = [part(1)].into();
    let parts = run(repository(&world, &seal).read_parts(KEY, names)).unwrap().unwrap();
    assert_eq!(parts[&part(1)], [1]);
}

fn restored(seal: &Seal, value: BackupValue) -> RestoredValue {
    RestoredValue::of(seal, NOON, value).unwrap()
}
