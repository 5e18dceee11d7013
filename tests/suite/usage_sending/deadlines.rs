//! What is late, or too old.

use std::time::Duration;

use shell::world::{Unanswered, World};
use tests::log::Log;

use super::world::*;

/// The marketplace does not answer.
fn without_marketplace(count: usize) -> (Sending, Vec<String>) {
    let (koohook, ids, _) = with_windows(count);
    World::web(koohook.world()).answer(|_| Err(Unanswered::Refused));
    (koohook, ids)
}

#[test]
fn late_usage_has_one_warning_and_one_error() {
    let (koohook, ids) = without_marketplace(30);
    let log = Log::default();
    let _kept = log.keep();
    for _ in 0..24 {
        relay_after(&koohook, 5 * MINUTE);
    }
    let late = lines(&log, "usage is late");
    let missing = lines(&log, "usage will miss its deadline");
    assert_eq!((late.len(), missing.len()), (1, 1), "{}", log.text());
    assert_eq!((&late[0]["count"], &late[0]["instances"]), (&30.into(), &30.into()));
    assert_eq!((&late[0]["level"], &missing[0]["level"]), (&"WARN".into(), &"ERROR".into()));
    assert_eq!(late[0]["windowEnd"], "2026-10-05T21:00:00.000Z");
    assert_eq!(count(&koohook, &ids, "sending"), 30);
}

/// The relay looks for usage once a minute: here in the last second of one, and in the next.
#[test]
fn the_first_failure_is_told_and_the_next_received_batch_ends_it() {
    let (koohook, ids) = without_marketplace(1);
    let log = Log::default();
    let _kept = log.keep();
    koohook.world().set_now(FULL_HOUR + 1_799_000);
    relay(&koohook);
    assert_eq!(messages(&log, "WARN"), ["marketplace does not receive usage"]);
    Marketplace::of(&koohook, &ids);
    koohook.world().set_now(FULL_HOUR + 1_800_000);
    change(&koohook, &ids[0], |usage| {
        usage.make_due(World::now(koohook.world()));
    });
    assert_eq!(relay(&koohook).usage.sent, 1);
    assert_eq!(lines(&log, "marketplace receives usage again").len(), 1);
}

/// The marketplace failed until now, and receives the window after 60 and after 90 minutes.
#[test]
fn usage_that_is_received_in_this_run_is_not_late() {
    for minutes in [60, 90] {
        let (koohook, ids) = without_marketplace(1);
        koohook.world().set_now(FULL_HOUR + (minutes - 5) * 60_000);
        relay(&koohook);
        Marketplace::of(&koohook, &ids);
        let log = Log::default();
        let _kept = log.keep();
        koohook.world().set_now(FULL_HOUR + minutes * 60_000);
        assert_eq!((relay(&koohook).usage.sent, words(&koohook, &ids)), (1, vec!["sent"]));
        assert_eq!(lines(&log, "usage is late").len(), 0, "{minutes}");
        assert_eq!(lines(&log, "usage will miss its deadline").len(), 0, "{minutes}");
    }
}

#[test]
fn usage_is_dropped_after_21_days_and_two_looks_and_not_before() {
    let (koohook, ids) = without_marketplace(1);
    let log = Log::default();
    let _kept = log.keep();
    relay_after(&koohook, MINUTE);
    // The window began an hour before the full hour.
    let end = FULL_HOUR - 3_600_000 + 21 * 86_400_000;
    koohook.world().set_now(end - 300_000);
    relay(&koohook);
    relay_after(&koohook, 4 * MINUTE);
    assert_eq!(words(&koohook, &ids), ["sending"]);
    koohook.world().set_now(end);
    relay(&koohook);
    relay_after(&koohook, 5 * MINUTE);
    assert_eq!(words(&koohook, &ids), ["sending"], "one look is not enough");
    let report = relay_after(&koohook, 6 * MINUTE);
    assert_eq!(report.usage.dropped, 1);
    assert!(words(&koohook, &ids).is_empty());
    assert_eq!(lines(&log, "usage dropped").len(), 1);
}

#[test]
fn a_clock_that_jumps_ahead_for_a_moment_drops_nothing() {
    let (koohook, ids) = without_marketplace(1);
    relay_after(&koohook, MINUTE);
    let now = koohook.world().now_millis();
    koohook.world().set_now(now + 400 * 86_400_000);
    relay(&koohook);
    koohook.world().set_now(now + 300_000);
    relay(&koohook);
    relay_after(&koohook, 20 * MINUTE);
    assert_eq!(words(&koohook, &ids), ["sending"]);
    let marketplace = Marketplace::of(&koohook, &ids);
    relay_after(&koohook, Duration::from_mins(10));
    assert_eq!(words(&koohook, &ids), ["sent"]);
    assert_eq!(marketplace.requests(), 1);
}
