//! The guarantees of every store about the catalogue.

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use protocol::time::UnixMillis;
use shell::store::{CatalogueItem, CataloguePlace, Put, Queue, Store, Value};
use tests::servers::run;
use tests::world::NOW;

use super::{NOON, dropped_after, get, put, value, version};

const PENDING: CatalogueList = CatalogueList::PendingInstances;
const ACTIVE: CatalogueList = CatalogueList::ActiveInstances;

/// A value with an entry in a list.
fn listed(number: u8, list: CatalogueList, changed: u64, order: Option<u8>) -> Value {
    let order = order.map(|byte| OrderDigest([byte; 12]));
    let entry = CatalogueEntry { list, changed: UnixMillis::new(changed), order };
    Value { catalogue: Some(entry), ..value(number) }
}

fn item(key: &str, changed: u64, order: Option<u8>) -> CatalogueItem {
    let order = order.map(|byte| OrderDigest([byte; 12]));
    CatalogueItem { key: key.to_owned(), changed: UnixMillis::new(changed), order }
}

/// Writes new values with entries in a list: key, time.
fn fill<S: Store>(store: &S, list: CatalogueList, entries: &[(&str, u64)]) {
    for (key, changed) in entries {
        assert_eq!(put(store, key, &listed(1, list, *changed, None), None), Put::Won, "{key}");
    }
}

fn page<S: Store>(
    store: &S,
    list: CatalogueList,
    after: Option<&CataloguePlace>,
    limit: usize,
) -> Vec<CatalogueItem> {
    run(store.catalogue(list, after, limit)).unwrap()
}

fn whole<S: Store>(store: &S, list: CatalogueList) -> Vec<CatalogueItem> {
    page(store, list, None, usize::MAX)
}

/// The keys and times of a whole list.
fn plain<S: Store>(store: &S, list: CatalogueList) -> Vec<(String, u64)> {
    whole(store, list).into_iter().map(|item| (item.key, item.changed.millis())).collect()
}

/// Every entry of every list.
fn everywhere<S: Store>(store: &S) -> Vec<(CatalogueList, CatalogueItem)> {
    let of = |list| whole(store, list).into_iter().map(move |item| (list, item));
    CatalogueList::ALL.into_iter().flat_map(of).collect()
}

/// Reads a list page by page. `between` runs after each page.
fn paged<S: Store>(
    store: &S,
    list: CatalogueList,
    limit: usize,
    mut between: impl FnMut(usize),
) -> Vec<CatalogueItem> {
    let (mut all, mut after): (Vec<CatalogueItem>, _) = (Vec::new(), None);
    for number in 0..1_000 {
        let found = page(store, list, after.as_ref(), limit);
        assert!(found.len() <= limit, "a page respects its limit");
        let Some(last) = found.last() else { return all };
        after = Some(last.place());
        all.extend(found);
        between(number);
    }
    panic!("the list does not end");
}

pub(super) fn a_list_is_sorted_by_time_the_newest_first<S: Store>(store: &S) {
    fill(store, ACTIVE, &[("d", 30), ("a", 20), ("c", 10), ("b", 20), ("e", 31), ("f", 0)]);
    put(store, "without entry", &value(9), None);
    let all = [("e", 31), ("d", 30), ("b", 20), ("a", 20), ("c", 10), ("f", 0)];
    let all = all.map(|(key, changed)| item(key, changed, None));
    assert_eq!(whole(store, ACTIVE), all, "equal times: the keys in reverse order");
    for limit in 0..=6 {
        assert_eq!(page(store, ACTIVE, None, limit), all[..limit]);
    }
    assert_eq!(whole(store, PENDING), []);
}

pub(super) fn each_page_begins_after_the_place_of_the_last<S: Store>(store: &S) {
    let entries = [("f", 9), ("e", 7), ("d", 7), ("c", 7), ("b", 7), ("a", 2)];
    fill(store, ACTIVE, &entries);
    let all = entries.map(|(key, changed)| item(key, changed, None));
    for (place, limit) in (0..all.len()).flat_map(|place| (0..8).map(move |limit| (place, limit))) {
        let rest = &all[place + 1..];
        let found = page(store, ACTIVE, Some(&all[place].place()), limit);
        assert_eq!(found, rest[..rest.len().min(limit)], "{limit} after {place}");
    }
    // A place that no entry has, or no longer has.
    for (key, changed, rest) in [("z", 8, 1), ("cc", 7, 3), ("", 7, 5), ("z", 7, 1), ("x", 0, 6)] {
        let after = CataloguePlace { changed: UnixMillis::new(changed), key: key.to_owned() };
        assert_eq!(page(store, ACTIVE, Some(&after), 9), all[rest..], "{key} at {changed}");
    }
    let first = CataloguePlace { changed: UnixMillis::new(u64::MAX), key: String::new() };
    assert_eq!(page(store, ACTIVE, Some(&first), 9), all);
}

/// Many keys with few times. A store that keeps the list in several shards must merge them.
pub(super) fn pages_of_many_keys_lose_and_repeat_no_entry<S: Store>(store: &S) {
    const COUNT: u64 = 300;
    let order = |number: u64| number.is_multiple_of(2).then_some(7);
    let mut all = Vec::new();
    for number in 0..COUNT {
        let (key, changed) = (format!("key-{}", number * 37 % COUNT), NOW + number % 4);
        put(store, &key, &listed(1, ACTIVE, changed, order(number)), None);
        all.push(item(&key, changed, order(number)));
        // The other lists contain entries with the same times.
        put(store, &format!("other-{number}"), &listed(1, PENDING, changed, None), None);
    }
    all.sort_by_key(|item| std::cmp::Reverse((item.changed, item.key.clone())));
    assert_eq!(whole(store, ACTIVE), all);
    for limit in [1, 7, 100, 299, 300, 301] {
        assert_eq!(paged(store, ACTIVE, limit, |_| {}), all, "{limit} on a page");
    }
    assert_eq!(whole(store, PENDING).len(), 300);
}

pub(super) fn a_page_keeps_its_place_while_other_entries_move<S: Store>(store: &S) {
    let unchanged: Vec<_> =
        (0..20_u64).map(|number| (format!("u{number:02}"), number / 4)).collect();
    for (key, changed) in &unchanged {
        put(store, key, &listed(1, ACTIVE, *changed, None), None);
    }
    let moved = [("m1", 0), ("m2", 1), ("m3", 2), ("m4", 3)];
    fill(store, ACTIVE, &moved);
    let found = paged(store, ACTIVE, 3, |number| {
        if let Some((key, _)) = moved.get(number) {
            let list = if number % 2 == 0 { PENDING } else { ACTIVE };
            put(store, key, &listed(2, list, 9, None), Some(1));
            put(store, &format!("n{number}"), &listed(1, ACTIVE, 2, None), None);
        }
    });
    for (key, changed) in unchanged {
        let times = found.iter().filter(|item| **item == self::item(&key, changed, None)).count();
        assert_eq!(times, 1, "{key} is on {times} pages");
    }
}

pub(super) fn an_entry_moves_with_its_value<S: Store>(store: &S) {
    put(store, "other", &listed(1, PENDING, 50, Some(4)), None);
    let other = || (PENDING, item("other", 50, Some(4)));
    let all = CatalogueList::ALL;
    let tour = all.into_iter().chain([all[9], all[0], all[5], all[5], all[4], all[9]]);
    let mut over = None;
    for (list, number) in tour.zip(1_u8..) {
        let changed = 60 - u64::from(number);
        assert_eq!(put(store, "a", &listed(number, list, changed, Some(3)), over), Put::Won);
        over = Some(number);
        let mut expected = vec![(list, item("a", changed, Some(3))), other()];
        expected.sort_by_key(|(list, item)| (*list, std::cmp::Reverse(item.changed)));
        assert_eq!(everywhere(store), expected, "write {number}");
    }
    assert_eq!(put(store, "a", &value(90), over), Put::Won);
    assert_eq!(everywhere(store), [other()], "a value without an entry removes the old entry");
    assert_eq!(put(store, "a", &listed(91, ACTIVE, 1, None), Some(90)), Put::Won);
    assert_eq!(everywhere(store), [other(), (ACTIVE, item("a", 1, None))]);
}

pub(super) fn a_lost_write_moves_no_entry<S: Store>(store: &S) {
    put(store, "a", &listed(1, PENDING, 5, Some(1)), None);
    put(store, "b", &value(1), None);
    for over in [None, Some(7)] {
        let moved = listed(2, ACTIVE, 9, Some(2));
        for key in ["a", "b"] {
            assert!(matches!(put(store, key, &moved, over), Put::Lost(Some(_))));
        }
        assert!(matches!(put(store, "a", &value(3), over), Put::Lost(Some(_))));
        assert_eq!(everywhere(store), [(PENDING, item("a", 5, Some(1)))]);
    }
    assert_eq!(put(store, "c", &listed(2, ACTIVE, 9, None), Some(1)), Put::Lost(None));
    assert_eq!(everywhere(store).len(), 1, "a write over a missing version adds no entry");
}

pub(super) fn an_entry_keeps_the_digest_of_the_last_write<S: Store>(store: &S) {
    let digest = OrderDigest([0, 1, 2, 10, 13, 32, 47, 92, 127, 128, 254, 255]);
    let entry = CatalogueEntry { list: ACTIVE, changed: UnixMillis::new(4), order: Some(digest) };
    put(store, "a", &Value { catalogue: Some(entry), ..value(1) }, None);
    put(store, "b", &listed(1, ACTIVE, 3, Some(9)), None);
    put(store, "c", &listed(1, ACTIVE, 2, Some(9)), None);
    put(store, "d", &listed(1, ACTIVE, 1, None), None);
    let first = CatalogueItem { order: Some(digest), ..item("a", 4, None) };
    let [b, c, d] = [("b", 3, Some(9)), ("c", 2, Some(9)), ("d", 1, None)]
        .map(|(key, changed, order)| item(key, changed, order));
    assert_eq!(whole(store, ACTIVE), [first, b, c, d.clone()]);
    put(store, "a", &listed(2, ACTIVE, 4, Some(8)), Some(1));
    put(store, "b", &listed(2, ACTIVE, 3, None), Some(1));
    put(store, "c", &listed(2, ACTIVE, 2, Some(7)), Some(1));
    let [a, b, c] = [("a", 4, Some(8)), ("b", 3, None), ("c", 2, Some(7))]
        .map(|(key, changed, order)| item(key, changed, order));
    assert_eq!(whole(store, ACTIVE), [a, b, c, d], "each key has one entry");
}

pub(super) fn an_entry_has_no_influence_on_the_agendas<S: Store>(store: &S) {
    let agenda = Some((Queue::Due, UnixMillis::new(8)));
    put(store, "a", &Value { agenda, ..listed(1, ACTIVE, 5, Some(1)) }, None);
    assert_eq!(super::agenda(store, Queue::Due, 9, 9), [("a".to_owned(), 8)]);
    assert_eq!(plain(store, ACTIVE), [("a".to_owned(), 5)]);
    put(store, "a", &listed(2, ACTIVE, 6, Some(1)), Some(1));
    assert_eq!(super::agenda(store, Queue::Due, 9, 9), []);
    assert_eq!(plain(store, ACTIVE), [("a".to_owned(), 6)]);
    put(store, "a", &Value { agenda, ..value(3) }, Some(2));
    assert_eq!(super::agenda(store, Queue::Due, 9, 9), [("a".to_owned(), 8)]);
    assert_eq!(everywhere(store), []);
}

pub(super) fn a_value_over_an_expired_one_moves_its_entry<S: Store>(store: &S) {
    let [then, after] = [NOW + 10, NOW + 11].map(UnixMillis::new);
    put(store, "a", &Value { expires: Some(then), ..listed(1, PENDING, 5, Some(1)) }, None);
    put(store, "b", &Value { expires: Some(then), ..listed(1, PENDING, 4, Some(1)) }, None);
    assert_eq!(plain(store, PENDING), [("a".to_owned(), 5), ("b".to_owned(), 4)]);
    assert_eq!(run(store.put("a", &listed(2, ACTIVE, 7, None), None, after)), Ok(Put::Won));
    assert_eq!(run(store.put("b", &value(2), None, after)), Ok(Put::Won));
    assert_eq!(everywhere(store), [(ACTIVE, item("a", 7, None))]);
    // A value that has already expired when it is written removes the entry, as the rights check
    // does.
    let gone = Value { expires: Some(NOON), ..value(3) };
    assert_eq!(put(store, "a", &gone, Some(2)), Put::Won);
    assert_eq!(get(store, "a", NOON), None);
    assert_eq!(everywhere(store), []);
}

/// A wrong clock may write any time. The entry stays in its list, and pages reach it.
pub(super) fn an_entry_of_any_time_is_in_its_list<S: Store>(store: &S) {
    let times = [0, 1, NOW, 1 << 42, (1 << 53) + 1, u64::MAX - 1, u64::MAX];
    for list in [CatalogueList::ALL[0], CatalogueList::ALL[4], CatalogueList::ALL[9]] {
        for (number, changed) in times.into_iter().enumerate() {
            put(
                store,
                &format!("{}-{number}", list.as_str()),
                &listed(1, list, changed, None),
                None,
            );
        }
    }
    for list in CatalogueList::ALL {
        let found = paged(store, list, 2, |_| {});
        assert_eq!(found, whole(store, list), "{list:?}");
        assert!(found.iter().all(|item| item.key.starts_with(list.as_str())), "{list:?}");
        let expected =
            if [0, 4, 9].map(|at| CatalogueList::ALL[at]).contains(&list) { 7 } else { 0 };
        assert_eq!(found.len(), expected, "{list:?}");
        assert!(found.is_sorted_by(|a, b| a.place() > b.place()), "{list:?}");
    }
}

pub(super) fn unusual_keys_have_entries<S: Store>(store: &S) {
    let long = "k".repeat(1_000);
    let keys = [
        "", " ", "'", "%", "a", "A", "a ", "é", "e\u{301}", "😀", "a:b", "[1", "(1", "+", "-",
        &long,
    ];
    for (key, number) in keys.iter().zip(1..) {
        assert_eq!(put(store, key, &listed(1, ACTIVE, NOW + number, Some(5)), None), Put::Won);
    }
    let entries = keys.iter().zip(1..).map(|(key, number)| item(key, NOW + number, Some(5)));
    let mut all: Vec<_> = entries.collect();
    all.reverse();
    assert_eq!(whole(store, ACTIVE), all);
    assert_eq!(paged(store, ACTIVE, 1, |_| {}), all);
    for key in keys {
        put(store, key, &value(2), Some(1));
    }
    assert_eq!(everywhere(store), []);
}

/// A dropped write may still happen later, but the value and its entry change together.
pub(super) fn a_dropped_write_leaves_the_entry_of_its_value<S: Store>(store: &S) {
    let of = |number: u8| {
        let list = CatalogueList::ALL[usize::from(number % 10)];
        listed(number, list, NOW + u64::from(number), Some(number))
    };
    put(store, "a", &of(0), None);
    for (polls, number) in (0..40).zip(1..) {
        let over = get(store, "a", NOON).unwrap().version;
        let _ = dropped_after(polls, store.catalogue(ACTIVE, None, 9));
        let _ = dropped_after(polls, store.put("a", &of(number), Some(over), NOON));
        // A dropped write may happen between these reads. Then the versions differ.
        let found = (0..100).find_map(|_| {
            let before = get(store, "a", NOON).unwrap().version;
            let found = everywhere(store);
            (get(store, "a", NOON).unwrap().version == before).then_some((before, found))
        });
        let (current, found) = found.expect("two reads without a write between them");
        let number = current.0[0];
        assert_eq!(current, version(number));
        let expected = of(number).catalogue.unwrap();
        let entry = item("a", expected.changed.millis(), Some(number));
        assert_eq!(found, [(expected.list, entry)], "{polls} polls");
    }
}
