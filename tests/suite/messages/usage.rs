//! Messages about usage.

use shell::world::{Unanswered, World};
use simulator::usage::UsageFault;
use tests::log::Log;
use tests::world::StoreFault;

use crate::usage_sending::world::*;

/// A day.
const DAY: u64 = 86_400_000;
/// More windows than a run names.
const MANY: usize = 12;

#[test]
fn an_answer_that_is_in_no_table_is_an_error_and_rejects_nothing() {
    let (koohook, ids, marketplace) = with_windows(3);
    marketplace.with(|it| it.queue_fault(UsageFault::Gateway(404, "0101")));
    let log = Log::default();
    let _kept = log.keep();
    relay_after(&koohook, MINUTE);
    assert_eq!(messages(&log, "ERROR"), ["marketplace's answer to usage is unknown"]);
    assert_eq!(words(&koohook, &ids), ["sending"; 3]);
}

#[test]
fn a_store_that_fails_while_usage_is_sent_is_a_warning_and_loses_nothing() {
    let (koohook, ids, _) = with_windows(1);
    koohook.store().plan([StoreFault::Refused; 20]);
    let log = Log::default();
    let kept = log.keep();
    relay_after(&koohook, MINUTE);
    drop(kept);
    let warnings = messages(&log, "WARN");
    let expected = "usage cannot be sent; a later run tries again";
    assert!(warnings.contains(&expected.to_owned()), "{}", log.text());
    koohook.store().plan([]);
    relay_after(&koohook, 5 * MINUTE);
    assert_eq!(words(&koohook, &ids), ["sent"]);
}

#[test]
fn a_run_names_ten_rejected_windows_and_counts_the_others() {
    let (koohook, ids, marketplace) = with_windows(MANY + 1);
    marketplace.with(|it| {
        it.rules_mut().record_codes_in_answer = true;
        for id in ids.iter().take(MANY) {
            it.instance_mut(id).unwrap().delisted = true;
        }
    });
    let log = Log::default();
    let _kept = log.keep();
    assert_eq!(relay_after(&koohook, MINUTE).usage.rejected, MANY);
    assert_eq!(lines(&log, "usage rejected").len(), 10);
    let more = lines(&log, "more usage rejected in this run");
    assert_eq!((more.len(), &more[0]["level"]), (1, &"ERROR".into()));
    assert_eq!(more[0]["count"], MANY, "all that were rejected in this run");
}

#[test]
fn a_run_names_ten_dropped_windows_and_counts_the_others() {
    let (koohook, _, _) = with_windows(MANY);
    World::web(koohook.world()).answer(|_| Err(Unanswered::Refused));
    let log = Log::default();
    let _kept = log.keep();
    koohook.world().set_now(FULL_HOUR - 3_600_000 + 21 * DAY);
    let runs = [0, 5, 6].map(|minutes| relay_after(&koohook, minutes * MINUTE).usage.dropped);
    assert_eq!(runs.into_iter().sum::<usize>(), MANY);
    assert_eq!(lines(&log, "usage dropped").len(), 10);
    let more = lines(&log, "more usage dropped in this run");
    assert_eq!((more.len(), &more[0]["level"]), (1, &"ERROR".into()));
    assert_eq!(more[0]["count"], MANY);
}
