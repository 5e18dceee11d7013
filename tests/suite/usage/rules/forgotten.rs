//! When windows are deleted: by two runs that both find them old (decisions D12, J2, J3).

use domain::instance::ClockTrust;
use domain::usage::{
    InstanceUsage, RecordVerdict, RejectReason, ReportedRecord, SendOutcome, TakeRules, UsageCycle,
    UsageWindow,
};
use protocol::time::UnixMillis;

use super::{BEGIN, END, HOURLY, accept, at, empty, reported, taken, waiting, window};

fn sent() -> InstanceUsage {
    settled(&SendOutcome::Sent)
}

fn settled(outcome: &SendOutcome) -> InstanceUsage {
    let mut usage = waiting();
    let sent = taken(&mut usage, END);
    usage.settle(&sent, outcome, UsageCycle::Hourly, at(END));
    usage
}

/// How many windows are left after a run at each time.
fn left(usage: &mut InstanceUsage, runs: &[&str]) -> Vec<usize> {
    let run = |now: &&str| {
        usage.take(HOURLY, at(now));
        usage.records.len()
    };
    runs.iter().map(run).collect()
}

/// 20 days 20 hours and a half after the end, and 10 minutes later: 07:30 and 07:40 on 22 March.
#[test]
fn a_settled_window_is_deleted_by_the_second_run_that_finds_it_old() {
    let rejected = SendOutcome::Rejected { code: "MKT.0101".to_owned() };
    for (outcome, sum) in [(SendOutcome::Sent, "2.5"), (rejected, "0")] {
        let mut usage = settled(&outcome);
        let runs = ["20280322072959999", "20280322073000", "20280322073959999", "20280322074000"];
        assert_eq!(left(&mut usage, &runs), [1, 1, 1, 0], "{outcome:?}");
        assert_eq!(usage.total().to_string(), sum);
        assert_eq!((usage.due(), usage.sighted), (None, None));
    }
}

#[test]
fn a_zero_is_deleted_as_other_windows_are() {
    let mut zero = empty();
    accept(&mut zero, &reported(BEGIN, END, "0"), at(END));
    assert_eq!(left(&mut zero, &["20280322072959"]), [1]);
    assert_eq!(zero.sighted, None);
    assert_eq!(left(&mut zero, &["20280322073000", "20280322074000"]), [1, 0]);
}

#[test]
fn a_window_that_waits_is_dropped_after_21_days() {
    let mut usage = waiting();
    let drop = |usage: &mut InstanceUsage, now| usage.take(HOURLY, at(now)).dropped;
    for now in ["20280322074000", "20280322095959999", "20280322100000", "20280322100959999"] {
        assert!(drop(&mut usage, now).is_empty(), "{now}");
    }
    assert_eq!(usage.total().to_string(), "2.5");
    let dropped = drop(&mut usage, "20280322101000");
    assert_eq!(dropped.len(), 1);
    assert_eq!(dropped[0].window, window(BEGIN, END));
    assert!(usage.records.is_empty());
    assert_eq!(usage.total().to_string(), "0", "the marketplace never got it");
}

#[test]
fn a_sighting_lasts_for_24_hours() {
    let mut usage = sent();
    assert_eq!(left(&mut usage, &["20280322073000", "20280323073000"]), [1, 0]);
    let mut usage = sent();
    assert_eq!(left(&mut usage, &["20280322073000", "20280323073000001"]), [1, 1]);
    assert_eq!(usage.sighted, Some(at("20280323073000001")), "a new sighting");
    assert_eq!(left(&mut usage, &["20280323074000001"]), [0]);
}

/// One run with a clock far ahead deletes nothing, and the next correct clock ends its sighting.
#[test]
fn one_wrong_clock_deletes_nothing() {
    let mut usage = sent();
    let runs = ["20290101000000", "20280302000000", "20290101001500", "20280302001500"];
    assert_eq!(left(&mut usage, &runs), [1, 1, 1, 1]);
    assert_eq!(usage.sighted, None);

    let mut usage = sent();
    let runs = ["20280401000000", "20280331235959", "20280401000958", "20280401000959"];
    assert_eq!(left(&mut usage, &runs), [1, 1, 1, 0], "10 minutes after the newer sighting");
}

/// The second run also sees windows that were not yet old at the sighting. They wait for their own
/// second run.
#[test]
fn a_window_is_deleted_only_if_both_runs_find_it_old() {
    let mut usage = sent();
    let zero = reported("20280301110000", "20280301120000", "0");
    accept(&mut usage, &zero, at("20280301120000"));
    assert_eq!(left(&mut usage, &["20280322073000", "20280322083000"]), [2, 1]);
    assert_eq!(usage.records[0].window, zero.window);
    assert_eq!(usage.sighted, Some(at("20280322083000")));
    assert_eq!(usage.due(), Some(at("20280322084000")));
    assert_eq!(left(&mut usage, &["20280322083959", "20280322084000"]), [1, 0]);
    assert_eq!(usage.total().to_string(), "2.5");
}

#[test]
fn a_run_whose_clock_is_doubted_deletes_nothing() {
    let mut usage = sent();
    let doubted = TakeRules { clock: ClockTrust::Doubted, ..HOURLY };
    for now in ["20280322073000", "20280322074000", "20280401000000"] {
        usage.take(doubted, at(now));
        assert_eq!((usage.records.len(), usage.sighted), (1, None), "{now}");
    }
}

#[test]
fn the_relay_comes_back_10_minutes_after_a_sighting() {
    let mut usage = sent();
    assert_eq!(usage.due(), Some(at("20280322073000")));
    left(&mut usage, &["20280322080003004"]);
    assert_eq!(usage.due(), Some(at("20280322081003004")));
    let bytes = usage.to_bytes().unwrap();
    assert_eq!(InstanceUsage::from_bytes(&bytes), Ok(usage));
}

/// What the product repeats later is too old, so nothing is counted or sent twice.
#[test]
fn a_window_that_was_deleted_is_not_accepted_again() {
    let mut usage = sent();
    left(&mut usage, &["20280322073000", "20280322074000"]);
    let verdict = accept(&mut usage, &reported(BEGIN, END, "2.5"), at("20280322074000"));
    let too_old = RejectReason::TooOld;
    assert_eq!(verdict, RecordVerdict::Rejected(too_old));
    assert_eq!((usage.total().to_string().as_str(), usage.newest_end), ("2.5", Some(at(END))));
}

/// A window that overlaps a deleted one is too old, however long the deleted one was: no second is billed
/// twice.
#[test]
fn nothing_that_overlaps_a_deleted_window_is_accepted() {
    for end in [END, "20280302100000"] {
        let mut usage = empty();
        accept(&mut usage, &reported(BEGIN, end, "0"), at(end));
        let end = at(end).millis();
        let last = UnixMillis::new(end - 1_000)..=UnixMillis::new(end);
        let deleted = (0..).map(|minute| UnixMillis::new(end + minute * 60_000)).find(|now| {
            usage.take(HOURLY, *now);
            usage.records.is_empty()
        });
        let late = reported("20280301100000", "20280301100001", "1");
        let window = UsageWindow::new(*last.start(), *last.end()).unwrap();
        let verdict = accept(&mut usage, &ReportedRecord { window, ..late }, deleted.unwrap());
        assert_eq!(verdict, RecordVerdict::Rejected(RejectReason::TooOld));
    }
}
