//! A report of 1,000 records over as many instances, within the time of the call.

use std::time::Duration;

use tests::call::{PENDING, koohook};

use super::calls::*;

/// A koohook with so many pay-per-use instances, and one record for each.
fn many(count: usize) -> (Reported, Vec<serde_json::Value>) {
    let koohook = koohook(&PENDING);
    for order in 0..count {
        buy(&koohook, &format!("CS{order}"), Some("0"));
    }
    koohook.world().pass(HOUR * 2);
    let record = |order| hour(&koohook, &id(&format!("CS{order}")), 1, "1");
    let records = (0..count).map(record).collect();
    koohook.store().take_counts();
    (koohook, records)
}

/// Three operations of 80 ms each for an instance would take four minutes one after the other.
#[test]
fn a_thousand_instances_are_stored_in_time_over_a_slow_store() {
    let (koohook, records) = many(1_000);
    koohook.world().lag(Duration::from_millis(80));
    assert_eq!(sends(&koohook, &records), (200, vec!["accepted".to_owned(); 1_000]));
    assert_eq!(koohook.store().take_counts(), (2_000, 1_000));
}

#[test]
fn what_the_time_does_not_suffice_for_is_reported_again() {
    let (koohook, records) = many(200);
    koohook.world().lag(Duration::from_secs(1));
    let began = shell::world::World::elapsed(koohook.world());
    let (status, words) = sends(&koohook, &records);
    let took = shell::world::World::elapsed(koohook.world()) - began;
    let count = |word: &str, words: &[String]| words.iter().filter(|it| *it == word).count();
    let (accepted, retry) = (count("accepted", &words), count("retry", &words));
    assert_eq!((status, accepted + retry), (503, 200));
    assert!(accepted >= 16 && retry > 0, "{accepted} were stored");
    assert!(took < Duration::from_secs(20), "{took:?}");
    koohook.world().lag(Duration::ZERO);
    let (status, again) = sends(&koohook, &records);
    assert_eq!((status, count("retry", &again)), (200, 0));
    assert!(count("repeated", &again) >= accepted, "an accepted record is never lost");
    for order in 0..200 {
        assert_eq!(total(&koohook, &id(&format!("CS{order}"))), ("1".to_owned(), 1));
    }
}
