//! What processes do while the seal key changes: with only the older key, with both keys, and with only
//! the new one.

use std::sync::Arc;

use shell::seal::SealedBy;
use tests::call::{Koohook, SETTINGS};
use tests::test_store::TestStore;

use super::*;

type Process = Koohook<TestStore>;

/// The settings of a process with a current key and previous ones.
fn keyed(current: usize, previous: &str) -> Vec<(&'static str, &str)> {
    let mut settings = SETTINGS.to_vec();
    settings.push(("KOOHOOK_SEAL_KEY", KEYS[current]));
    if !previous.is_empty() {
        settings.push(("KOOHOOK_SEAL_KEY_PREVIOUS", previous));
    }
    settings
}

fn memory(process: &Process) -> Arc<Memory> {
    let TestStore::Memory(store) = process.store().inner() else { panic!("over memory") };
    Arc::clone(store)
}

/// A purchase; returns the answer's code.
fn buy(process: &Process, order: &str) -> String {
    let line = format!("{order}-1");
    let members = [
        ("activity", "newInstance"),
        ("businessId", "B1"),
        ("orderId", order),
        ("orderLineId", &line),
    ];
    run(process.v2(&members)).code
}

/// Seals every value of the store with a key, as the command does.
fn reseal_all(process: &Process, current: usize, previous: &[usize]) {
    let seal = seal(current, previous);
    let world = process.world().of_another_process();
    for value in scan(&*memory(process)) {
        let resealed = run(reseal(&repository(&world, &seal), vec![value])).pop().unwrap();
        resealed.1.unwrap();
    }
    run(repository(&world, &seal).reseal_mark()).unwrap();
}

fn first() -> Process {
    Koohook::over(TestStore::Memory(Arc::default()), &keyed(0, ""))
}

/// It was forgotten, it only accepts new purchases, and it never meets a value of the new key. It has no
/// probe either, like a function.
#[test]
fn a_process_with_only_the_old_key_stops_within_a_minute() {
    let forgotten = first();
    assert_eq!(buy(&forgotten, "CS0"), "000000");
    let switched = forgotten.another(&keyed(1, KEYS[0]));
    reseal_all(&switched, 1, &[0]);
    let mut accepted = 0;
    for second in 1..=75 {
        forgotten.world().pass(Duration::from_secs(1));
        let code = buy(&forgotten, &format!("CS{second}"));
        assert!(code == "000000" || second >= 59 && code == "000005", "{second}: {code}");
        accepted += usize::from(code == "000000");
    }
    assert!(accepted <= 60, "{accepted}");
    reseal_all(&switched, 1, &[0]);
    let after = forgotten.another(&keyed(1, ""));
    for order in 0..=75 {
        assert_eq!(buy(&after, &format!("CS{order}")), "000000", "CS{order}");
    }
}

/// The order of docs/keys.md: no process ever has a value that it cannot read.
#[test]
fn no_call_fails_in_any_step_of_a_rotation() {
    let one = first();
    let [mut all, mut orders] = [vec![], vec![]];
    let mut buy_with = |process: &Process| {
        orders.push(format!("CS{}", orders.len()));
        assert_eq!(buy(process, orders.last().unwrap()), "000000");
        for order in &orders {
            assert_eq!(buy(process, order), "000000", "{order} is read, and is a repeat");
        }
        all.clone_from(&orders);
    };
    buy_with(&one);
    for (old, new) in [(0, 1), (1, 2)] {
        // Each step restarts one process after the other, so processes of both steps run together.
        let steps = [(old, KEYS[new]), (new, KEYS[old])];
        let [added, switched] =
            steps.map(|(current, previous)| one.another(&keyed(current, previous)));
        let before = one.another(&keyed(old, ""));
        for process in [&before, &added, &before, &added, &switched, &added, &switched] {
            buy_with(process);
        }
        reseal_all(&switched, new, &[old]);
        let after = one.another(&keyed(new, ""));
        for process in [&switched, &after, &switched, &after] {
            buy_with(process);
        }
    }
    assert_eq!(all.len(), 23);
}

/// If a process was forgotten, it must not write values that nobody will be able to read.
#[test]
fn a_process_with_only_the_older_key_stops_after_the_reseal() {
    let old = first();
    assert_eq!(buy(&old, "CS1"), "000000");
    reseal_all(&old, 1, &[0]);
    assert_eq!(buy(&old, "CS1"), "000005", "it cannot decrypt the value");
    old.store().take_counts();
    for order in ["CS1", "CS2", "CS3"] {
        assert_eq!(buy(&old, order), "000005", "{order}");
    }
    assert_eq!(old.store().take_counts().1, 0, "it writes nothing");
    let seal = seal(1, &[0]);
    for ScannedValue { key, bytes, .. } in scan(&*memory(&old)) {
        assert_eq!(seal.open_with_key(&key, &bytes).unwrap().0, SealedBy::Current, "{key}");
    }
}

/// The same for a process that meets no value: its probe reads the mark.
#[test]
fn the_probe_stops_a_process_with_only_the_older_key() {
    let old = first();
    assert_eq!(buy(&old, "CS1"), "000000");
    reseal_all(&old, 1, &[0]);
    let context = old.endpoint.context();
    let deadline = Deadline::after(context.world.elapsed(), Duration::from_secs(1));
    let repository = context.repository(deadline);
    assert_eq!(run(repository.probe_keys()), Err(Failure::SealedElsewhere));
    assert_eq!(buy(&old, "CS2"), "000005", "a purchase that it has not seen");
}

/// A value that one other process sealed early is no reason to stop: the mark still has the older key.
#[test]
fn one_value_of_the_new_key_does_not_stop_a_process_with_the_older_key() {
    let old = first();
    assert_eq!(buy(&old, "CS1"), "000000");
    let new = old.another(&keyed(1, KEYS[0]));
    assert_eq!(buy(&new, "CS2"), "000000");
    assert_eq!(buy(&old, "CS2"), "000005");
    assert_eq!(buy(&old, "CS1"), "000000");
    assert_eq!(buy(&old, "CS3"), "000000");
}

/// The store of an older koohook may have no mark.
#[test]
fn a_reseal_puts_a_missing_mark() {
    let store = Memory::new();
    fill(&store, 0..3, &[seal(0, &[])]);
    let world = TestWorld::new(store);
    let new = seal(1, &[0]);
    assert_eq!(run(repository(&world, &new).mark_sealed_by()), Ok(None));
    assert_eq!(run(repository(&world, &new).reseal_mark()), Ok(None));
    let current = Ok(Some(SealedBy::Current));
    assert_eq!(run(repository(&world, &new).mark_sealed_by()), current);
    let strange = seal(2, &[]);
    assert_eq!(run(repository(&world, &strange).reseal_mark()), Err(Failure::SealedElsewhere));
}
