//! The seal mark of a store: a process without the store's key neither reads nor writes.

mod starts;

use std::sync::Arc;
use std::time::Duration;

use protocol::time::UnixMillis;
use shell::store::{Put, Store, Stored, Value, Version};
use tests::call::{Koohook, SETTINGS, run, run_perhaps_paused};
use tests::shared_store::Shared;
use tests::test_store::TestStore;
use tests::world::{NOW, StoreFault};

const KEYS: [&str; 3] = [
    "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
    "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=",
    "CwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCws=",
];
const NOON: UnixMillis = UnixMillis::new(NOW);

type Over<S> = Koohook<S>;

fn keyed(key: usize) -> Vec<(&'static str, &'static str)> {
    [&SETTINGS[..], &[("KOOHOOK_SEAL_KEY", KEYS[key])]].concat()
}

/// A koohook over an empty store in memory. A server may contain the keys of other tests.
fn koohook(settings: &[(&str, &str)]) -> Over<TestStore> {
    Koohook::over(TestStore::Memory(Arc::default()), settings)
}

async fn buy<S: Store>(koohook: &Over<S>, order: &str) -> String {
    let line = format!("{order}-1");
    let members = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", line.as_str()),
    ];
    koohook.v2(&members).await.code
}

fn mark<S: Store>(koohook: &Over<S>) -> Option<Stored> {
    run(koohook.store().inner().get("seal", NOON)).unwrap()
}

/// Deletes the mark, as a store does that is emptied.
fn delete_mark<S: Store>(koohook: &Over<S>, version: Version) {
    let gone = Value {
        version: Version([9; 16]),
        expires: Some(UnixMillis::new(NOW - 1)),
        ..Value::default()
    };
    let put = koohook.store().inner().put("seal", &gone, Some(version), NOON);
    assert_eq!(run(put), Ok(Put::Won));
}

/// The second process runs at each point of the first process's call.
#[test]
fn only_one_of_two_seal_keys_works_over_an_empty_store() {
    let mut winners = [0, 0];
    for point in 0..24 {
        let first = koohook(&keyed(0));
        let second = first.another(&keyed(1));
        let mut codes = [String::new(), String::new()];
        let [one, two] = &mut codes;
        *one = run_perhaps_paused(first.world(), point, buy(&first, "CS1"), || {
            *two = run(buy(&second, "CS2"));
        });
        if codes[1].is_empty() {
            break;
        }
        let won = codes.iter().position(|code| code == "000000").unwrap();
        assert_eq!(codes[1 - won], "000005", "at {point}");
        winners[won] += 1;
        let codes = [&first, &second].map(|koohook| run(buy(koohook, "CS3")));
        assert_eq!(codes[won], "000000", "at {point}");
        assert_eq!(codes[1 - won], "000005", "at {point}");
        let third = first.another(&keyed(won));
        for (order, code) in [("CS1", "000000"), ("CS2", "000000"), ("CS3", "000000")] {
            assert_eq!(run(buy(&third, order)), code, "the loser has written no value");
        }
    }
    assert!(winners[0] > 0 && winners[1] > 0, "each key wins at some point: {winners:?}");
}

/// The costs of decision G3, and the additional costs of the marks of the seal and of the catalogue.
#[test]
fn only_the_first_call_of_a_process_reads_or_writes_the_mark() {
    let first = koohook(&keyed(0));
    for (order, counts) in [("CS1", (2, 3)), ("CS2", (1, 1)), ("CS2", (1, 0))] {
        assert_eq!(run(buy(&first, order)), "000000");
        assert_eq!(first.store().take_counts(), counts, "{order}");
    }
    let second = first.another(&keyed(0));
    for (order, counts) in [("CS1", (2, 0)), ("CS1", (1, 0)), ("CS3", (1, 1))] {
        assert_eq!(run(buy(&second, order)), "000000");
        assert_eq!(second.store().take_counts(), counts, "{order}");
    }
}

/// The table was made anew, or the server was flushed. A process that runs does not take the empty store
/// for a new one.
#[test]
fn a_process_that_has_seen_the_mark_does_not_begin_a_new_store() {
    let old = koohook(&keyed(0));
    assert_eq!(run(buy(&old, "CS1")), "000000");
    let found = mark(&old).unwrap();
    delete_mark(&old, found.version);
    old.world().pass(Duration::from_secs(61));
    for order in ["CS1", "CS2"] {
        assert_eq!(run(buy(&old, order)), "000005", "{order}");
    }
    assert_eq!(mark(&old), None, "nothing was begun");
    let back = Value { bytes: found.bytes, version: found.version, ..Value::default() };
    assert_eq!(run(old.store().inner().put("seal", &back, None, NOON)), Ok(Put::Won));
    assert_eq!(run(buy(&old, "CS2")), "000000", "the backup is restored");
}

#[test]
fn a_mark_that_cannot_be_read_is_read_again() {
    for fault in [StoreFault::Refused, StoreFault::ReplyLost] {
        for failing in 0..3 {
            let koohook = koohook(&keyed(0));
            let plan = (0..failing).map(|_| StoreFault::None).chain([fault; 4]);
            koohook.store().plan(plan);
            assert_eq!(run(buy(&koohook, "CS1")), "000005", "{fault:?} {failing}");
            koohook.store().plan([]);
            assert_eq!(run(buy(&koohook, "CS1")), "000000", "{fault:?} {failing}");
            assert!(mark(&koohook).is_some());
        }
    }
}

/// A store that an older koohook filled has no mark.
#[test]
fn a_process_marks_a_store_with_values_only_after_it_decrypts_one() {
    let old = koohook(&keyed(0));
    assert_eq!(run(buy(&old, "CS1")), "000000");
    let found = mark(&old).unwrap();
    delete_mark(&old, found.version);
    assert_eq!(mark(&old), None);
    let wrong = old.another(&keyed(1));
    assert_eq!(run(buy(&wrong, "CS1")), "000005");
    assert_eq!(
        run(buy(&wrong, "CS2")),
        "000005",
        "a process that cannot decrypt the values writes none"
    );
    assert_eq!(mark(&old), None);
    let right = old.another(&keyed(0));
    assert_eq!(run(buy(&right, "CS1")), "000000");
    assert!(mark(&old).is_some());
    assert_eq!(run(buy(&old.another(&keyed(1)), "CS2")), "000005");
    assert_eq!(run(buy(&wrong, "CS3")), "000005");
}

/// This store cannot report whether it is empty. So both keys work until a process writes the mark.
#[test]
fn only_one_of_two_seal_keys_works_after_a_process_decrypts_a_value() {
    let first: Over<Shared> = Koohook::over(Shared::default(), &keyed(0));
    let second = first.another(&keyed(1));
    assert_eq!(run(buy(&first, "CS1")), "000000");
    assert_eq!(run(buy(&second, "CS2")), "000000");
    assert_eq!(mark(&first), None, "no process has decrypted a value");
    assert_eq!(run(buy(&second, "CS1")), "000005");
    assert_eq!(run(buy(&first, "CS1")), "000000");
    assert!(mark(&first).is_some());
    assert_eq!(
        run(buy(&second, "CS2")),
        "000005",
        "the process reads its own value, then finds the mark"
    );
    second.world().pass(Duration::from_mins(1));
    assert_eq!(run(buy(&second, "CS3")), "000005");
    first.store().take_counts();
    assert_eq!(run(buy(&first, "CS4")), "000000");
    assert_eq!(first.store().take_counts(), (1, 1));
}

#[test]
fn an_unencrypted_value_does_not_confirm_a_key() {
    let clear: Over<Shared> = Koohook::over(Shared::default(), &SETTINGS);
    assert_eq!(run(buy(&clear, "CS1")), "000000");
    let sealing = clear.another(&keyed(0));
    assert_eq!(run(buy(&sealing, "CS1")), "000000", "an unencrypted value is readable");
    assert_eq!(mark(&clear), None);
    assert_eq!(run(buy(&sealing, "CS2")), "000000");
    assert_eq!(run(buy(&sealing, "CS2")), "000000", "the process decrypts its own sealed value");
    assert!(mark(&clear).is_some());
}

#[test]
fn an_unencrypted_store_has_no_mark() {
    let clear = koohook(&SETTINGS);
    assert_eq!(run(buy(&clear, "CS1")), "000000");
    assert_eq!(mark(&clear), None);
    let sealing = clear.another(&keyed(0));
    assert_eq!(run(buy(&sealing, "CS1")), "000000", "unencrypted values are readable");
    assert!(mark(&clear).is_some());
}
