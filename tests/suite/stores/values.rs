//! What every store promises of values: versions, expiry, length and keys.

use protocol::time::UnixMillis;
use shell::store::{Put, Store, Value};
use tests::servers::run;
use tests::world::NOW;

use super::{Claimed, NOON, get, put, stored, value, version};

pub(super) fn absence_is_found_until_something_is_written<S: Store>(store: &S) {
    assert_eq!(get(store, "a", NOON), None);
    assert_eq!(put(store, "a", &value(1), None), Put::Won);
    assert_eq!(get(store, "a", NOON), Some(stored(1)));
    assert_eq!(get(store, "b", NOON), None);
}

pub(super) fn a_write_over_the_version_that_stands_wins<S: Store>(store: &S) {
    for number in 0..100 {
        let over = u8::checked_sub(number, 1);
        assert_eq!(put(store, "a", &value(number), over), Put::Won);
        assert_eq!(get(store, "a", NOON), Some(stored(number)));
    }
}

pub(super) fn a_write_over_anything_else_loses_and_learns_what_stands<S: Store>(store: &S) {
    assert_eq!(put(store, "a", &value(1), Some(9)), Put::Lost(None));
    assert_eq!(get(store, "a", NOON), None, "no write over a version makes a value");
    put(store, "a", &value(1), None);
    put(store, "a", &value(2), Some(1));
    for over in [None, Some(1), Some(9)] {
        assert_eq!(put(store, "a", &value(3), over), Put::Lost(Some(stored(2))));
        assert_eq!(get(store, "a", NOON), Some(stored(2)));
    }
}

pub(super) fn a_writer_recognises_its_own_write<S: Store>(store: &S) {
    put(store, "a", &value(1), None);
    assert_eq!(put(store, "a", &value(1), None), Put::Lost(Some(stored(1))));
    put(store, "a", &value(2), Some(1));
    assert_eq!(put(store, "a", &value(2), Some(1)), Put::Lost(Some(stored(2))));
}

pub(super) fn what_expired_is_absent_to_readers_and_writers<S: Store>(store: &S) {
    let [before, then, after] = [NOW + 9, NOW + 10, NOW + 11].map(UnixMillis::new);
    let put_at = |number, over: Option<u8>, now| {
        let value = Value { expires: Some(then), ..value(number) };
        run(store.put("a", &value, over.map(version), now)).unwrap()
    };
    assert_eq!(put_at(1, None, NOON), Put::Won);
    assert_eq!(put_at(2, None, before), Put::Lost(Some(stored(1))));
    assert_eq!(get(store, "a", before), Some(stored(1)));
    for now in [then, after] {
        assert_eq!(get(store, "a", now), None);
        // A value that lasts first: a store may sweep when one is written that does not.
        let lasting = run(store.put("a", &value(3), Some(version(1)), now)).unwrap();
        let lost = [lasting, put_at(2, Some(1), now)];
        assert_eq!(lost, [Put::Lost(None), Put::Lost(None)], "what is gone is not overwritten");
    }
    let lasting = value(3);
    assert_eq!(run(store.put("a", &lasting, None, then)).unwrap(), Put::Won);
    assert_eq!(get(store, "a", UnixMillis::new(NOW * 2)), Some(stored(3)));
}

pub(super) fn a_write_may_take_the_expiry_away<S: Store>(store: &S) {
    let expires = Some(UnixMillis::new(NOW + 10));
    put(store, "a", &Value { expires, ..value(1) }, None);
    put(store, "a", &value(2), Some(1));
    assert_eq!(get(store, "a", UnixMillis::new(NOW + 10)), Some(stored(2)));
}

/// Decision C2's limit, sealed, and what lies beyond it.
pub(super) fn a_long_value_comes_back_whole<S: Claimed>(store: &S) {
    for (key, length) in [("empty", 0), ("long", 193 * 1024), ("longest", S::MAX_VALUE_LEN)] {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        put(store, key, &Value { bytes: bytes.clone(), ..value(1) }, None);
        assert_eq!(get(store, key, NOON).unwrap().bytes, bytes, "{key}");
    }
}

pub(super) fn strange_keys_are_keys<S: Store>(store: &S) {
    let long = "k".repeat(1_000);
    let keys = [
        "",
        " ",
        "'",
        "\"; DROP TABLE kept; --",
        "%",
        "a\0b",
        "a",
        "A",
        "a ",
        "é",
        "e\u{301}",
        "😀",
        &long,
    ];
    for (key, number) in keys.iter().zip(1..) {
        assert_eq!(get(store, key, NOON), None, "{key:?}");
        assert_eq!(put(store, key, &value(number), None), Put::Won, "{key:?}");
    }
    for (key, number) in keys.iter().zip(1..) {
        assert_eq!(get(store, key, NOON), Some(stored(number)), "{key:?}");
    }
}
