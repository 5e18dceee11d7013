//! The guarantees of every store about the scan.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use protocol::time::UnixMillis;
use shell::store::{Put, Queue, Scan, ScannedValue, Store, Value};
use tests::servers::run;
use tests::world::NOW;

use super::{dropped_after, put, value};

/// How many pages a scan of a test may have. A store with many shards has empty pages.
const MAX_PAGES: usize = 10_000;

/// Scans a store page by page. `between` runs after each page.
fn scan<S: Scan>(store: &S, limit: usize, mut between: impl FnMut(usize)) -> Vec<ScannedValue> {
    let (mut all, mut after) = (Vec::new(), None);
    for number in 0..MAX_PAGES {
        let page = run(store.scan(after.as_ref(), limit)).unwrap();
        all.extend(page.values);
        between(number);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
    panic!("the scan does not end");
}

/// The values of a scan by key. A value that was found twice must be the same both times.
fn by_key(found: Vec<ScannedValue>) -> BTreeMap<String, ScannedValue> {
    let mut all = BTreeMap::new();
    for value in found {
        let again = all.insert(value.key.clone(), value.clone());
        assert!(again.is_none_or(|again| again == value));
    }
    all
}

fn scanned(key: &str, value: &Value) -> ScannedValue {
    let Value { version, bytes, agenda, catalogue, expires } = value.clone();
    ScannedValue { key: key.to_owned(), version, bytes, agenda, catalogue, expires }
}

/// A value that depends on a number, with every combination of agenda, catalogue and expiry.
fn varied(number: u8) -> Value {
    let at = |distance: u64| UnixMillis::new(NOW + distance * 1_000 + u64::from(number));
    let list = CatalogueList::ALL[usize::from(number % 10)];
    let order = (!number.is_multiple_of(3)).then_some(OrderDigest([number; 12]));
    let catalogue = CatalogueEntry { list, changed: at(0), order };
    Value {
        agenda: number.is_multiple_of(2).then(|| (Queue::ALL[usize::from(number / 2 % 4)], at(1))),
        catalogue: (number % 5 < 3).then_some(catalogue),
        // Far away: a server deletes an expired value by its own clock.
        expires: (number % 7 < 2).then(|| at(4_000_000_000)),
        bytes: vec![number; usize::from(number) * 9],
        ..value(number)
    }
}

/// Writes values, and returns what a scan should find.
fn fill<S: Store>(store: &S, numbers: std::ops::Range<u8>) -> BTreeMap<String, ScannedValue> {
    let one = |number: u8| {
        let (key, value) = (format!("instance:{number:02x}"), varied(number));
        assert_eq!(put(store, &key, &value, None), Put::Won);
        (key.clone(), scanned(&key, &value))
    };
    numbers.map(one).collect()
}

pub(super) fn the_scan_of_an_empty_store_ends<S: Store + Scan>(store: &S) {
    assert_eq!(scan(store, 100, |_| {}), []);
    assert_eq!(scan(store, 1, |_| {}), []);
}

pub(super) fn a_scan_finds_every_value_with_all_that_was_written<S: Store + Scan>(store: &S) {
    let expected = fill(store, 0..211);
    for limit in [1, 10, 100, 211, 1_000] {
        assert_eq!(by_key(scan(store, limit, |_| {})), expected, "{limit} on a page");
    }
}

pub(super) fn a_scan_finds_the_newest_write_of_a_value<S: Store + Scan>(store: &S) {
    let plain = value(250);
    put(store, "a", &varied(14), None);
    for (number, over) in [(15, 14), (210, 15), (31, 210), (14, 31)] {
        assert_eq!(put(store, "a", &varied(number), Some(over)), Put::Won);
        assert_eq!(scan(store, 9, |_| {}), [scanned("a", &varied(number))]);
    }
    assert_eq!(put(store, "a", &plain, Some(14)), Put::Won);
    assert_eq!(scan(store, 9, |_| {}), [scanned("a", &plain)], "nothing of the old value is left");
}

pub(super) fn a_scan_finds_unusual_keys_and_long_values<S: super::CheckedStore + Scan>(store: &S) {
    let long = "k".repeat(1_000);
    let keys = [
        "", " ", "'", "%", "*", "?", "[a]", "\\", "a\0b", "a", "A", "a ", "a:b", ":kept:", "é",
        "e\u{301}", "😀", "\n", &long,
    ];
    let mut expected = BTreeMap::new();
    for (key, number) in keys.iter().zip(1..) {
        let value = varied(number);
        assert_eq!(put(store, key, &value, None), Put::Won, "{key:?}");
        expected.insert((*key).to_owned(), scanned(key, &value));
    }
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(S::MAX_VALUE_LEN).collect();
    let [empty, longest] = [Vec::new(), bytes].map(|bytes| Value { bytes, ..value(200) });
    for (key, value) in [("empty", &empty), ("longest", &longest)] {
        put(store, key, value, None);
        expected.insert(key.to_owned(), scanned(key, value));
    }
    assert_eq!(by_key(scan(store, 4, |_| {})), expected);
}

/// Values that do not change are found. Values that do change are found as one write left them.
pub(super) fn writes_during_a_scan_do_no_harm<S: Store + Scan>(store: &S) {
    let lasting = fill(store, 0..60);
    let moved: Vec<_> = (100..120_u8).map(|number| format!("moved:{number}")).collect();
    for (key, number) in moved.iter().zip(100..) {
        put(store, key, &varied(number), None);
    }
    let mut written: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (key, number) in moved.iter().zip(100_u8..) {
        let values = [varied(number), varied(number + 100)];
        written.insert(key.clone(), values.map(|value| scanned(key, &value)).to_vec());
    }
    let found = scan(store, 3, |page| {
        if let Some((key, number)) = moved.get(page).zip(u8::try_from(page).ok()) {
            assert_eq!(put(store, key, &varied(number + 200), Some(number + 100)), Put::Won);
            put(store, &format!("new:{page}"), &varied(number), None);
        }
    });
    let keys: BTreeSet<_> = found.iter().map(|value| value.key.clone()).collect();
    assert!(lasting.keys().chain(&moved).all(|key| keys.contains(key)), "a value was not found");
    for value in found {
        if let Some(lasting) = lasting.get(&value.key) {
            assert_eq!(value, *lasting);
        } else if let Some(written) = written.get(&value.key) {
            assert!(written.contains(&value), "{value:?}");
        } else {
            assert!(value.key.starts_with("new:"), "{value:?}");
        }
    }
}

pub(super) fn a_dropped_scan_does_no_harm<S: Store + Scan>(store: &S) {
    let expected = fill(store, 0..30);
    for polls in 0..30 {
        let _ = dropped_after(polls, store.scan(None, 100));
    }
    assert_eq!(by_key(scan(store, 100, |_| {})), expected);
}
