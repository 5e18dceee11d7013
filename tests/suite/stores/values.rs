//! The guarantees of every store about values: versions, expiry, length and keys.

use protocol::time::UnixMillis;
use shell::store::{Put, Store, Value};
use tests::servers::run;
use tests::world::NOW;

use super::{CheckedStore, NOON, get, put, stored, value, version};

pub(super) fn a_key_is_absent_until_a_value_is_written<S: Store>(store: &S) {
    assert_eq!(get(store, "a", NOON), None);
    assert_eq!(put(store, "a", &value(1), None), Put::Won);
    assert_eq!(get(store, "a", NOON), Some(stored(1)));
    assert_eq!(get(store, "b", NOON), None);
}

pub(super) fn a_write_over_the_current_version_wins<S: Store>(store: &S) {
    for number in 0..100 {
        let over = u8::checked_sub(number, 1);
        assert_eq!(put(store, "a", &value(number), over), Put::Won);
        assert_eq!(get(store, "a", NOON), Some(stored(number)));
    }
}

pub(super) fn a_write_over_another_version_loses_and_returns_the_stored_value<S: Store>(store: &S) {
    assert_eq!(put(store, "a", &value(1), Some(9)), Put::Lost(None));
    assert_eq!(get(store, "a", NOON), None, "a write over a version creates no value");
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

pub(super) fn an_expired_value_is_absent_to_readers_and_writers<S: Store>(store: &S) {
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
        // First a value without expiry: a write with expiry may make the store delete expired
        // values.
        let lasting = run(store.put("a", &value(3), Some(version(1)), now)).unwrap();
        let lost = [lasting, put_at(2, Some(1), now)];
        assert_eq!(
            lost,
            [Put::Lost(None), Put::Lost(None)],
            "an expired value cannot be overwritten"
        );
    }
    let lasting = value(3);
    assert_eq!(run(store.put("a", &lasting, None, then)).unwrap(), Put::Won);
    assert_eq!(get(store, "a", UnixMillis::new(NOW * 2)), Some(stored(3)));
}

pub(super) fn a_write_can_remove_the_expiry<S: Store>(store: &S) {
    let expires = Some(UnixMillis::new(NOW + 10));
    put(store, "a", &Value { expires, ..value(1) }, None);
    put(store, "a", &value(2), Some(1));
    assert_eq!(get(store, "a", UnixMillis::new(NOW + 10)), Some(stored(2)));
}

/// An empty value, the longest value of decision C2 after sealing, and a longer value.
pub(super) fn a_long_value_is_read_whole<S: CheckedStore>(store: &S) {
    for (key, length) in [("empty", 0), ("long", 193 * 1024), ("longest", S::MAX_VALUE_LEN)] {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        put(store, key, &Value { bytes: bytes.clone(), ..value(1) }, None);
        assert_eq!(get(store, key, NOON).unwrap().bytes, bytes, "{key}");
    }
}

pub(super) fn unusual_keys_are_accepted<S: Store>(store: &S) {
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
