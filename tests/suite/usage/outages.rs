//! `POST /usage` while the store fails, stops or cannot be read: nothing that was accepted is lost,
//! and nothing is stored twice (decision J1).

use std::time::Duration;

use serde_json::Value;
use tests::call::{PENDING, koohook, run, run_until_halt};
use tests::world::StoreFault;

use super::calls::*;

/// Each operation of a report fails or loses its reply, as often as koohook tries it.
#[test]
fn after_a_failure_of_the_store_the_same_report_is_accepted_once() {
    for (mode, operations) in [(Some("0"), 3), (None, 4)] {
        for fault in [StoreFault::Refused, StoreFault::ReplyLost] {
            for (point, times) in (0..operations).flat_map(|point| [(point, 1), (point, 3)]) {
                let koohook = koohook(&PENDING);
                buy(&koohook, "CS1", mode);
                koohook.world().pass(HOUR * 9);
                let id = if mode.is_some() { id("CS1") } else { id_of_other("CS1") };
                let records = [hour(&koohook, &id, 2, "1"), hour(&koohook, &id, 1, "2")];
                let works = vec![StoreFault::None; point];
                koohook.store().plan(works.into_iter().chain(vec![fault; times]));
                let what = format!("{mode:?} {fault:?} {point} {times}");
                let (status, words) = sends(&koohook, &records);
                koohook.store().plan([]);
                let is_stored = stored(&koohook, &id).is_some();
                match (status, words[0].as_str()) {
                    (200, "accepted") => assert!(is_stored, "{what}: a lost record"),
                    (503, "retry") => (),
                    other => panic!("{what}: {other:?}"),
                }
                assert!(words.iter().all(|word| *word == words[0]), "{what}");
                let again = if is_stored { "repeated" } else { "accepted" };
                let expected = (200, vec![again.to_owned(); 2]);
                assert_eq!(sends(&koohook, &records), expected, "{what}");
                assert_eq!(total(&koohook, &id), ("3".to_owned(), 2), "{what}");
            }
        }
    }
}

#[test]
fn an_interrupted_report_can_be_sent_again() {
    for point in 0.. {
        let koohook = pay_per_use();
        let id = id("CS1");
        let body = report(&[hour(&koohook, &id, 1, "2.5")]);
        koohook.world().halt_at(point);
        let first = run_until_halt(koohook.world(), post(&koohook, &body));
        assert_eq!(run(post(&koohook, &body)).0, 200);
        assert_eq!(total(&koohook, &id), ("2.5".to_owned(), 1));
        if first.is_some() {
            assert_eq!(point, 6, "two reads and a write");
            break;
        }
    }
}

/// A damaged value is a failure of its instance alone.
#[test]
fn an_unreadable_instance_harms_no_other() {
    let koohook = pay_per_use();
    buy(&koohook, "CS2", Some("0"));
    koohook.world().pass(HOUR * 3);
    run(koohook.keep_bytes(&id("CS2"), b"damaged"));
    let records =
        [hour(&koohook, &id("CS2"), 1, "1"), hour(&koohook, &id("CS1"), 1, "1"), Value::Null];
    let expected = ["retry", "accepted", "malformed"].map(str::to_owned).to_vec();
    assert_eq!(sends(&koohook, &records), (503, expected));
    assert_eq!(total(&koohook, &id("CS1")), ("1".to_owned(), 1));
}

/// An operation that takes longer than the whole call. It is done, and its caller does not learn it.
#[test]
fn a_store_that_is_too_slow_is_answered_in_time() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let records = [hour(&koohook, &id, 1, "1")];
    let elapsed = || shell::world::World::elapsed(koohook.world());
    for lag in [7, 30] {
        koohook.world().lag(Duration::from_secs(lag));
        let began = elapsed();
        assert_eq!(sends(&koohook, &records), (503, vec!["retry".to_owned()]), "{lag}");
        assert!(elapsed() - began < Duration::from_secs(20), "{lag}: {:?}", elapsed() - began);
        koohook.world().lag(Duration::ZERO);
    }
    assert_eq!(sends(&koohook, &records).0, 200);
    assert_eq!(total(&koohook, &id), ("1".to_owned(), 1));
}
