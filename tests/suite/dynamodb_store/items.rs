//! The layout of values and agendas in items.

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use protocol::time::UnixMillis;
use sha2::{Digest, Sha256};
use shell::store::{CatalogueItem, Put, Queue, Store, Unavailable, Value};
use tests::call::run;
use tests::dynamodb::model::Model;
use tests::dynamodb::{Table, emulator};
use tests::world::NOW;

use super::{NOON, put, stored, value};

#[test]
fn an_item_has_only_the_attributes_it_needs() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let names = || -> Vec<String> { model.items()[0].keys().cloned().collect() };
    put(&table, "a", &value(1), None).unwrap();
    assert_eq!(names(), ["k", "value", "version"]);
    let scheduled = Value { agenda: Some((Queue::Dead, NOON)), ..value(2) };
    put(&table, "a", &scheduled, Some(1)).unwrap();
    assert_eq!(names(), ["agenda", "due", "k", "value", "version"]);
    let expires = Some(UnixMillis::new(NOW + 1));
    let order = Some(OrderDigest([255; 12]));
    let entry = CatalogueEntry { list: CatalogueList::FrozenInstances, changed: NOON, order };
    put(&table, "a", &Value { catalogue: Some(entry), ..value(7) }, Some(2)).unwrap();
    assert_eq!(names(), ["catalogue", "changed", "k", "value", "version"]);
    // The SHA-256 of `a` begins with `ca`. The digest is 16 times the letter 63 of base64.
    let item = model.items().remove(0);
    assert_eq!(item["catalogue"]["S"], "instance-frozen#10");
    assert_eq!(item["changed"]["S"], format!("{NOW:020}a\0{}", "_".repeat(16)));
    put(&table, "a", &Value { expires, ..value(3) }, Some(7)).unwrap();
    assert_eq!(names(), ["expires", "k", "ttl", "value", "version"]);
    let ttl: u64 = model.items()[0]["ttl"]["N"].as_str().unwrap().parse().unwrap();
    assert!(ttl > NOW / 1_000 + 60 * 60, "DynamoDB may delete it only an hour after it expired");
    assert_eq!(run(table.get("a", NOON)), Ok(Some(stored(3))));
    model.free();
    assert_eq!(run(table.get("a", NOON)), Ok(None));
    assert_eq!(put(&table, "a", &value(4), None), Ok(Put::Won));
}

/// The first `count` keys of one shard, in order.
fn keys_of_one_shard(count: usize) -> Vec<String> {
    let keys = (0..).map(|number| format!("key-{number:06}"));
    keys.filter(|key| Sha256::digest(key)[0] % 16 == 7).take(count).collect()
}

#[test]
fn an_agenda_longer_than_a_page_is_returned_whole_and_in_order() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let keys = keys_of_one_shard(260);
    for key in keys.iter().rev() {
        let agenda = Some((Queue::Due, NOON));
        assert_eq!(put(&table, key, &Value { agenda, ..value(1) }, None), Ok(Put::Won));
    }
    for limit in [1, 249, 250, 251, 1_000] {
        model.take_calls();
        let entries = run(table.agenda(Queue::Due, UnixMillis::EPOCH..=NOON, limit)).unwrap();
        let found: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(found, keys[..limit.min(260)], "{limit}");
        let pages = if limit > 250 { 2 } else { 1 };
        // A long agenda is first read by shares, and then the shard that has more.
        let shares = usize::from(limit >= 256);
        assert_eq!(model.take_calls().len(), 15 + pages + shares, "{limit}");
    }
    let [before, after] = [NOW - 1, NOW + 1].map(UnixMillis::new);
    for (queue, span) in [
        (Queue::Due, UnixMillis::EPOCH..=before),
        (Queue::Due, after..=UnixMillis::MAX),
        (Queue::Dead, NOON..=NOON),
    ] {
        assert_eq!(run(table.agenda(queue, span, 9)), Ok(Vec::new()));
    }
    model.take_calls();
    assert_eq!(run(table.agenda(Queue::Due, after..=before, 9)), Ok(Vec::new()));
    assert_eq!(model.take_calls(), [""; 0], "an empty span needs no request");
}

#[test]
fn an_agenda_can_contain_the_longest_key_and_the_last_time() {
    for endpoint in [Some(Model::start().endpoint), emulator()].into_iter().flatten() {
        let table = Table::new(&endpoint);
        let last = UnixMillis::MAX;
        let keys = [String::new(), "键".repeat(682), "\u{10FFFF}".repeat(511)];
        for key in &keys {
            let agenda = Some((Queue::Due, last));
            let expires = Some(last);
            let value = Value { agenda, expires, ..value(1) };
            assert_eq!(put(&table, key, &value, None), Ok(Put::Won), "{} bytes", key.len());
        }
        let entries = run(table.agenda(Queue::Due, last..=last, 9)).unwrap();
        let found: Vec<_> = entries.into_iter().map(|entry| (entry.key, entry.at)).collect();
        assert_eq!(found, keys.clone().map(|key| (key, last)));
        let before = UnixMillis::EPOCH..=UnixMillis::new(u64::MAX - 1);
        assert_eq!(run(table.agenda(Queue::Due, before, 9)), Ok(Vec::new()));
        let long = Value { bytes: vec![0; 410 * 1024], ..value(1) };
        assert_eq!(put(&table, "long", &long, None), Err(Unavailable), "longer than an item");
    }
}

#[test]
fn a_list_longer_than_a_page_is_returned_whole_and_in_order() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let keys = keys_of_one_shard(260);
    let entry =
        CatalogueEntry { list: CatalogueList::PendingInstances, changed: NOON, order: None };
    for key in &keys {
        let listed = Value { catalogue: Some(entry), ..value(1) };
        assert_eq!(put(&table, key, &listed, None), Ok(Put::Won));
    }
    let newest: Vec<_> = keys.iter().rev().map(String::as_str).collect();
    for limit in [1, 249, 250, 251, 1_000] {
        model.take_calls();
        let found = run(table.catalogue(entry.list, None, limit)).unwrap();
        let found: Vec<_> = found.iter().map(|item| item.key.as_str()).collect();
        assert_eq!(found, newest[..limit.min(260)], "{limit}");
        let pages = if limit > 250 { 2 } else { 1 };
        assert_eq!(model.take_calls().len(), 15 + pages, "{limit}");
    }
    let place = CatalogueItem { key: keys[10].clone(), changed: NOON, order: None }.place();
    model.take_calls();
    let found = run(table.catalogue(entry.list, Some(&place), 10)).unwrap();
    let found: Vec<_> = found.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(found, newest[250..], "the entries after a place");
    assert_eq!(model.take_calls().len(), 16, "a page begins at its place");
}

#[test]
fn a_list_can_contain_the_longest_keys_and_the_last_time() {
    for endpoint in [Some(Model::start().endpoint), emulator()].into_iter().flatten() {
        let table = Table::new(&endpoint);
        let order = Some(OrderDigest([1; 12]));
        let list = CatalogueList::DeletedApplications;
        let entry = CatalogueEntry { list, changed: UnixMillis::MAX, order };
        // The last three differ only after the end of their sort keys.
        let mut keys = ["k".repeat(987), "键".repeat(682), "\u{10FFFF}".repeat(511)].to_vec();
        keys.extend(["a", "b", "c"].map(|end| "x".repeat(2_000) + end));
        for key in &keys {
            let listed = Value { catalogue: Some(entry), ..value(1) };
            assert_eq!(put(&table, key, &listed, None), Ok(Put::Won), "{} bytes", key.len());
        }
        keys.sort();
        keys.reverse();
        let items = keys.iter().map(|key| CatalogueItem {
            key: key.clone(),
            changed: entry.changed,
            order,
        });
        let items: Vec<_> = items.collect();
        assert_eq!(run(table.catalogue(list, None, 9)), Ok(items.clone()));
        for (at, item) in items.iter().enumerate() {
            let rest = run(table.catalogue(list, Some(&item.place()), 9));
            assert_eq!(rest.as_deref(), Ok(&items[at + 1..]), "after {} bytes", item.key.len());
        }
    }
}
