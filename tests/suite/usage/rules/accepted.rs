//! Which reported windows are accepted, and the order of the reasons (decisions J1, J2).

use std::time::Duration;

use domain::usage::{
    InstanceUsage, MAX_PACKAGES, MAX_WINDOWS, RecordState, RecordVerdict, RejectReason,
    ReportedRecord, SendOutcome, UsageCycle, UsageLife,
};
use protocol::time::UnixMillis;

use super::{BEGIN, END, accept, at, empty, id, reported, taken, waiting, window};

const IN_TIME: RecordVerdict = RecordVerdict::Accepted { is_late: false };
const LATE: RecordVerdict = RecordVerdict::Accepted { is_late: true };

fn rejected(reason: RejectReason) -> RecordVerdict {
    RecordVerdict::Rejected(reason)
}

fn with_package(package: &str, record: ReportedRecord) -> ReportedRecord {
    ReportedRecord { package: Some(id(package)), ..record }
}

/// Python's `datetime` computed the time 20 days 20 hours after 9 February 2028, 14:00: 1 March, 10:00.
#[test]
fn a_window_is_accepted_until_20_days_20_hours_after_its_begin() {
    let old = reported("20280209140000", "20280209150000", "1");
    assert_eq!(accept(&mut empty(), &old, at("20280301100000")), LATE);
    let reason = rejected(RejectReason::TooOld);
    assert_eq!(accept(&mut empty(), &old, at("20280301100000001")), reason);
}

#[test]
fn a_window_may_end_5_seconds_ahead() {
    let record = reported(BEGIN, END, "1");
    assert_eq!(accept(&mut empty(), &record, at("20280301105955")), IN_TIME);
    let reason = rejected(RejectReason::InFuture);
    assert_eq!(accept(&mut empty(), &record, at("20280301105954999")), reason);
}

#[test]
fn a_window_lies_in_the_life_of_its_instance() {
    let record = reported(BEGIN, END, "1");
    let judge = |begins: Option<&str>, ends: Option<&str>| {
        let life = UsageLife { begins: begins.map(at), ends: ends.map(at) };
        empty().accept(&record, life, UsageCycle::Hourly, at("20280301120000"))
    };
    assert_eq!(judge(None, None), IN_TIME);
    assert_eq!(judge(Some(BEGIN), Some(END)), IN_TIME);
    assert_eq!(judge(Some("20280301100001"), None), rejected(RejectReason::BeforeInstance));
    assert_eq!(judge(None, Some("20280301105959")), rejected(RejectReason::AfterRelease));
}

/// Windows may touch. Midnight in UTC and in Beijing (16:00 UTC), and the leap day, are no limits.
#[test]
fn windows_of_an_instance_never_overlap() {
    let mut usage = empty();
    let now = at("20280301040000");
    for (begin, end) in [("20280229150000", "20280229170000"), ("20280301000000", "20280301010000")]
    {
        assert_eq!(accept(&mut usage, &reported(begin, end, "1"), now), LATE);
    }
    let overlapping = [
        ("20280229160000", "20280229161500"),
        ("20280229150000", "20280229160000"),
        ("20280229160000", "20280229170000"),
        ("20280229143000", "20280229150001"),
        ("20280229165959", "20280229173000"),
        ("20280229140000", "20280229180000"),
        ("20280229170000", "20280301000001"),
        ("20280229165959", "20280301000000"),
        ("20280229140000", "20280301020000"),
    ];
    for (begin, end) in overlapping {
        let record = with_package("p-1", reported(begin, end, "1"));
        let verdict = accept(&mut usage, &record, now);
        assert_eq!(verdict, rejected(RejectReason::Overlaps), "{begin} {end}");
    }
    let touching = [
        ("20280301010000", "20280301020000"),
        ("20280229170000", "20280301000000"),
        ("20280229140000", "20280229150000"),
    ];
    for (begin, end) in touching {
        assert_eq!(accept(&mut usage, &reported(begin, end, "1"), now), LATE, "{begin} {end}");
    }
    let begins: Vec<_> = usage.records.iter().map(|record| record.window.begin()).collect();
    assert!(begins.is_sorted() && begins.len() == 5);
    assert_eq!(usage.newest_end, Some(at("20280301020000")));
}

#[test]
fn the_same_number_in_another_spelling_is_a_repeat() {
    for (first, spellings) in [
        ("1", ["1.0", "1e0", "01", "10E-1", "1.0000"]),
        ("0", ["-0", "0.0", "0e0", "-0.0000", "00"]),
        ("1200", ["1.2e3", "1200.0", "12E2", "0.12e+4", "01200"]),
    ] {
        let mut usage = empty();
        accept(&mut usage, &reported(BEGIN, END, first), at(END));
        let before = usage.clone();
        for again in spellings {
            let verdict = accept(&mut usage, &reported(BEGIN, END, again), at(END));
            assert_eq!(verdict, RecordVerdict::Repeated, "{again}");
        }
        assert_eq!(usage, before);
    }
}

#[test]
fn another_value_or_package_for_a_window_is_rejected() {
    let record = with_package("p-1", reported(BEGIN, END, "1"));
    let mut usage = empty();
    assert_eq!(accept(&mut usage, &record, at(END)), IN_TIME);
    let before = usage.clone();
    let others = [
        with_package("p-1", reported(BEGIN, END, "1.0001")),
        with_package("p-1", reported(BEGIN, END, "0")),
        with_package("p-2", reported(BEGIN, END, "1")),
        reported(BEGIN, END, "1"),
    ];
    for other in others {
        let verdict = accept(&mut usage, &other, at(END));
        assert_eq!(verdict, rejected(RejectReason::OtherValue), "{other:?}");
    }
    assert_eq!(accept(&mut usage, &record, at(END)), RecordVerdict::Repeated);
    assert_eq!(usage, before);
}

#[test]
fn a_repeat_is_known_in_every_state() {
    let outcomes = [SendOutcome::Sent, SendOutcome::Rejected { code: "MKT.0101".to_owned() }];
    for outcome in outcomes {
        let mut usage = waiting();
        let outgoing = taken(&mut usage, END);
        usage.settle(&outgoing, &outcome, UsageCycle::Hourly, at(END));
        let before = usage.clone();
        let verdict = accept(&mut usage, &reported(BEGIN, END, "2.50"), at(END));
        assert_eq!((verdict, usage), (RecordVerdict::Repeated, before), "{outcome:?}");
    }
}

/// The order of the reasons: too old, other value (or a repeat), in the future, before the instance,
/// after its release, overlap, no room. Each record here has two faults that follow each other.
#[test]
fn the_first_of_two_faults_is_the_reason() {
    let outside = UsageLife { begins: Some(at(END)), ends: Some(at(BEGIN)) };
    let ended = UsageLife { begins: None, ends: Some(at(BEGIN)) };
    let same = reported(BEGIN, END, "2.5");
    let other = reported(BEGIN, END, "7");
    let overlapping = reported(BEGIN, "20280301113000", "2.5");
    let (on_time, early, old) = (at("20280301120000"), at(BEGIN), at("20280322120000"));
    let cases = [
        (&other, outside, old, rejected(RejectReason::TooOld)),
        (&same, outside, old, rejected(RejectReason::TooOld)),
        (&other, outside, early, rejected(RejectReason::OtherValue)),
        (&same, outside, early, RecordVerdict::Repeated),
        (&overlapping, outside, early, rejected(RejectReason::InFuture)),
        (&overlapping, outside, on_time, rejected(RejectReason::BeforeInstance)),
        (&overlapping, ended, on_time, rejected(RejectReason::AfterRelease)),
        (&overlapping, UsageLife::default(), on_time, rejected(RejectReason::Overlaps)),
    ];
    let full = full();
    for (record, life, now, verdict) in cases {
        let mut usage = full.clone();
        assert_eq!(usage.accept(record, life, UsageCycle::Hourly, now), verdict, "{record:?}");
        assert_eq!(usage, full, "only an accepted record changes the value");
    }
    let fresh = reported("20280301110000", "20280301120000", "1");
    let verdict = full.clone().accept(&fresh, UsageLife::default(), UsageCycle::Hourly, on_time);
    assert_eq!(verdict, rejected(RejectReason::InstanceFull));
}

/// As many windows as there may be. The last one is that of [`waiting`].
fn full() -> InstanceUsage {
    let mut usage = waiting();
    fill(&mut usage, MAX_WINDOWS - 1);
    usage
}

/// Adds minutes before the window of [`waiting`].
fn fill(usage: &mut InstanceUsage, minutes: usize) {
    let mut begin = UnixMillis::new(at(BEGIN).millis() - 2 * 24 * 60 * 60 * 1_000);
    for _ in 0..minutes {
        let end = begin.after(Duration::from_secs(60));
        let minute = domain::usage::UsageWindow::new(begin, end).unwrap();
        let record = ReportedRecord { window: minute, ..reported(BEGIN, END, "0") };
        assert_eq!(accept(usage, &record, at(END)), IN_TIME);
        begin = end;
    }
}

#[test]
fn an_instance_has_room_for_quarter_hours_of_21_days_and_no_more() {
    const { assert!(MAX_WINDOWS >= 2_016) };
    let mut usage = waiting();
    fill(&mut usage, MAX_WINDOWS - 2);
    let [last, more] =
        ["20280301120000", "20280301130000"].map(|end| reported("20280301110000", end, "1"));
    let now = at("20280301130000");
    assert_eq!(accept(&mut usage, &last, now), IN_TIME);
    let more = ReportedRecord { window: window("20280301120000", "20280301130000"), ..more };
    assert_eq!(accept(&mut usage, &more, now), rejected(RejectReason::InstanceFull));
    assert_eq!(accept(&mut usage, &last, now), RecordVerdict::Repeated);
}

/// 80 % of 2,112 are 1,689.6.
#[test]
fn an_instance_is_almost_full_above_80_percent() {
    let mut usage = waiting();
    fill(&mut usage, 1_688);
    assert_eq!((usage.records.len(), usage.is_almost_full()), (1_689, false));
    let more = reported("20280301110000", "20280301120000", "1");
    accept(&mut usage, &more, at("20280301120000"));
    assert_eq!((usage.records.len(), usage.is_almost_full()), (1_690, true));
}

#[test]
fn an_instance_names_at_most_128_packages() {
    let mut usage = empty();
    let minute = |place: u64| {
        let begin = at(BEGIN).after(Duration::from_secs(60 * place));
        let end = begin.after(Duration::from_secs(60));
        domain::usage::UsageWindow::new(begin, end).unwrap()
    };
    let record = |place: u64, package: Option<String>| {
        let package = package.as_deref().map(id);
        ReportedRecord { window: minute(place), package, ..reported(BEGIN, END, "1") }
    };
    let now = at("20280301160000");
    let packages = u64::try_from(MAX_PACKAGES).unwrap();
    for place in 0..packages {
        accept(&mut usage, &record(place, Some(format!("p-{place}"))), now);
    }
    assert_eq!(usage.records.len(), 128);
    let new = record(packages, Some("p-new".to_owned()));
    assert_eq!(accept(&mut usage, &new, now), rejected(RejectReason::InstanceFull));
    let [known, none] = [Some("p-0".to_owned()), None];
    assert!(matches!(accept(&mut usage, &record(packages, known), now), IN_TIME | LATE));
    assert!(matches!(accept(&mut usage, &record(packages + 1, none), now), IN_TIME | LATE));
}

/// A late window is one that ended 90 minutes ago; by the day, one that is reported at 00:45 Beijing
/// time of the next day or later. A zero is never late.
#[test]
fn a_window_that_is_accepted_after_its_deadline_is_late() {
    let late = |cycle, value, now| {
        let record = reported(BEGIN, END, value);
        match empty().accept(&record, UsageLife::default(), cycle, at(now)) {
            RecordVerdict::Accepted { is_late } => is_late,
            verdict => panic!("{verdict:?}"),
        }
    };
    assert!(!late(UsageCycle::Hourly, "1", "20280301122959"));
    assert!(late(UsageCycle::Hourly, "1", "20280301123000"));
    assert!(!late(UsageCycle::Hourly, "0", "20280301123000"));
    assert!(!late(UsageCycle::Daily, "1", "20280301164459"));
    assert!(late(UsageCycle::Daily, "1", "20280301164500"));
}

#[test]
fn an_accepted_window_waits_and_a_zero_does_not() {
    let mut usage = empty();
    let package = with_package("p-1", reported(BEGIN, END, "2.5"));
    accept(&mut usage, &package, at("20280301110203004"));
    let record = usage.records.first().unwrap();
    assert_eq!(record.package, Some(id("p-1")));
    assert_eq!((record.quantity.to_string().as_str(), record.number), ("2.5", 0));
    let waiting = super::only(&usage);
    let times = (waiting.accepted, waiting.next);
    assert_eq!(times, (at("20280301110203"), at("20280301110500")));
    assert_eq!((waiting.record_time, record.state.as_str()), (None, "waiting"));
    assert_eq!(usage.total().to_string(), "2.5");

    let mut zero = empty();
    accept(&mut zero, &reported(BEGIN, END, "0"), at(END));
    assert_eq!(zero.records.first().unwrap().state, RecordState::Zero);
    assert!(zero.take(super::HOURLY, at("20280302000000")).outgoing.is_empty());
    assert_eq!((zero.total().to_string().as_str(), zero.newest_end), ("0", Some(at(END))));
}
