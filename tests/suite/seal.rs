//! The sealed mark of a store: a process with other keys than the store's neither reads nor writes.

mod starts;

use std::sync::Arc;
use std::time::Duration;

use protocol::time::UnixMillis;
use shell::store::{Put, Store, Stored, Value, Version};
use tests::call::{Koohook, SETTINGS, run, run_perhaps_paused};
use tests::shared_store::Shared;
use tests::test_store::TestStore;
use tests::world::{NOW, Trouble};

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

/// A koohook over a store that is certainly empty: others have keys in a server.
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

/// Wherever the second process comes in between.
#[test]
fn of_two_keys_over_an_empty_store_one_wins() {
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
            assert_eq!(run(buy(&third, order)), code, "nothing of the other's is there");
        }
    }
    assert!(winners[0] > 0 && winners[1] > 0, "each is faster once: {winners:?}");
}

/// Decision G3, and what the mark adds to it.
#[test]
fn a_mark_costs_the_first_call_of_a_process_alone() {
    let first = koohook(&keyed(0));
    for (order, counts) in [("CS1", (2, 2)), ("CS2", (1, 1)), ("CS2", (1, 0))] {
        assert_eq!(run(buy(&first, order)), "000000");
        assert_eq!(first.store().take_counts(), counts, "{order}");
    }
    let second = first.another(&keyed(0));
    for (order, counts) in [("CS1", (2, 0)), ("CS1", (1, 0)), ("CS3", (1, 1))] {
        assert_eq!(run(buy(&second, order)), "000000");
        assert_eq!(second.store().take_counts(), counts, "{order}");
    }
}

#[test]
fn a_mark_that_cannot_be_read_is_read_again() {
    for trouble in [Trouble::Refused, Trouble::ReplyLost] {
        for failing in 0..3 {
            let koohook = koohook(&keyed(0));
            let plan = (0..failing).map(|_| Trouble::None).chain([trouble; 4]);
            koohook.store().plan(plan);
            assert_eq!(run(buy(&koohook, "CS1")), "000005", "{trouble:?} {failing}");
            koohook.store().plan([]);
            assert_eq!(run(buy(&koohook, "CS1")), "000000", "{trouble:?} {failing}");
            assert!(mark(&koohook).is_some());
        }
    }
}

/// A store that an older koohook filled has no mark.
#[test]
fn over_values_the_mark_is_put_by_whoever_opens_one() {
    let old = koohook(&keyed(0));
    assert_eq!(run(buy(&old, "CS1")), "000000");
    let found = mark(&old).unwrap();
    let gone = Value {
        version: Version([9; 16]),
        bytes: Vec::new(),
        agenda: None,
        expires: Some(UnixMillis::new(NOW - 1)),
    };
    let put = old.store().inner().put("seal", &gone, Some(found.version), NOON);
    assert_eq!(run(put), Ok(Put::Won));
    assert_eq!(mark(&old), None);
    let wrong = old.another(&keyed(1));
    assert_eq!(run(buy(&wrong, "CS1")), "000005");
    assert_eq!(run(buy(&wrong, "CS2")), "000005", "it writes nothing beside what it cannot open");
    assert_eq!(mark(&old), None);
    let right = old.another(&keyed(0));
    assert_eq!(run(buy(&right, "CS1")), "000000");
    assert!(mark(&old).is_some());
    assert_eq!(run(buy(&old.another(&keyed(1)), "CS2")), "000005");
    assert_eq!(run(buy(&wrong, "CS3")), "000005");
}

#[test]
fn of_two_keys_over_a_store_that_tells_nothing_one_stays() {
    let first: Over<Shared> = Koohook::over(Shared::default(), &keyed(0));
    let second = first.another(&keyed(1));
    assert_eq!(run(buy(&first, "CS1")), "000000");
    assert_eq!(run(buy(&second, "CS2")), "000000");
    assert_eq!(mark(&first), None, "nothing was opened");
    assert_eq!(run(buy(&second, "CS1")), "000005");
    assert_eq!(run(buy(&first, "CS1")), "000000");
    assert!(mark(&first).is_some());
    assert_eq!(run(buy(&second, "CS2")), "000005", "its own value brings it to the mark");
    second.world().pass(Duration::from_mins(1));
    assert_eq!(run(buy(&second, "CS3")), "000005");
    first.store().take_counts();
    assert_eq!(run(buy(&first, "CS4")), "000000");
    assert_eq!(first.store().take_counts(), (1, 1));
}

#[test]
fn a_value_in_clear_proves_no_key() {
    let clear: Over<Shared> = Koohook::over(Shared::default(), &SETTINGS);
    assert_eq!(run(buy(&clear, "CS1")), "000000");
    let sealing = clear.another(&keyed(0));
    assert_eq!(run(buy(&sealing, "CS1")), "000000", "it opens");
    assert_eq!(mark(&clear), None);
    assert_eq!(run(buy(&sealing, "CS2")), "000000");
    assert_eq!(run(buy(&sealing, "CS2")), "000000", "it opens a sealed one");
    assert!(mark(&clear).is_some());
}

#[test]
fn a_store_in_clear_has_no_mark() {
    let clear = koohook(&SETTINGS);
    assert_eq!(run(buy(&clear, "CS1")), "000000");
    assert_eq!(mark(&clear), None);
    let sealing = clear.another(&keyed(0));
    assert_eq!(run(buy(&sealing, "CS1")), "000000", "values in clear open");
    assert!(mark(&clear).is_some());
}
