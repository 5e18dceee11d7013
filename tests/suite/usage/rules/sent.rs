//! What the relay takes to send it, and what an answer changes (decisions J2 to J4).

use domain::instance::ClockTrust;
use domain::usage::{
    InstanceUsage, Lateness, OutgoingRecord, RecordState, SendOutcome, Settlement, TakeRules,
    UsageCycle, retry_at,
};
use protocol::time::UnixMillis;

use super::{BEGIN, END, HOURLY, accept, at, empty, only, reported, taken, waiting, window};

fn settle(
    usage: &mut InstanceUsage,
    sent: &OutgoingRecord,
    outcome: &SendOutcome,
    now: &str,
) -> Settlement {
    usage.settle(sent, outcome, UsageCycle::Hourly, at(now))
}

fn again(code: &str, at_most: Option<u16>) -> SendOutcome {
    SendOutcome::Again { code: code.to_owned(), at_most }
}

fn refused(may_reject: bool) -> SendOutcome {
    SendOutcome::Refused { code: "MKT.9001".to_owned(), may_reject }
}

fn rejected() -> SendOutcome {
    SendOutcome::Rejected { code: "MKT.0101".to_owned() }
}

const CHANGED: Settlement = Settlement { changed: true, rejected: false, late: Lateness::InTime };
const UNCHANGED: Settlement =
    Settlement { changed: false, rejected: false, late: Lateness::InTime };
const NOW_REJECTED: Settlement =
    Settlement { changed: true, rejected: true, late: Lateness::InTime };

#[test]
fn a_window_is_taken_when_it_is_due_and_then_not_until_the_next_five_minutes() {
    let mut usage = waiting();
    let now = |digits| at(digits);
    assert!(usage.take(HOURLY, now("20280301105959999")).outgoing.is_empty());
    assert_eq!(usage.take(HOURLY, now("20280301110000")).outgoing.len(), 1);
    assert!(usage.take(HOURLY, now("20280301110000")).outgoing.is_empty(), "another run");
    assert!(usage.take(HOURLY, now("20280301110459999")).outgoing.is_empty());
    assert_eq!(usage.take(HOURLY, now("20280301110500")).outgoing.len(), 1);
    assert_eq!(only(&usage).next, at("20280301111000"));
}

#[test]
fn every_sending_of_a_record_has_the_same_members() {
    let mut usage = waiting();
    let first = taken(&mut usage, "20280301110007250");
    assert_eq!(first.record_time, at("20280301110007"));
    assert_eq!((first.window, first.number), (window(BEGIN, END), 0));
    assert_eq!(first.quantity.to_string(), "2.5");
    settle(&mut usage, &first, &again("MKT.0999", None), "20280301110009");
    let second = taken(&mut usage, "20280301130000");
    assert_eq!(first, second);
    assert_eq!(first.metering_sn(), second.metering_sn());
    assert_eq!(usage.records[0].state.as_str(), "sending");
}

#[test]
fn a_run_that_cannot_send_fixes_nothing() {
    let mut usage = waiting();
    let rules = TakeRules { may_send: false, ..HOURLY };
    let idle = usage.take(rules, at("20280301110000"));
    assert!(idle.outgoing.is_empty() && idle.late.is_empty());
    assert_eq!(only(&usage).record_time, None);
    assert_eq!(only(&usage).next, at("20280301110500"));
    assert_eq!(taken(&mut usage, "20280301110500").record_time, at("20280301110500"));
}

#[test]
fn only_due_windows_are_taken() {
    let mut usage = waiting();
    let next = reported("20280301110000", "20280301113000", "1");
    accept(&mut usage, &next, at("20280301113000"));
    let windows = |usage: &mut InstanceUsage, now| {
        let outgoing = usage.take(HOURLY, at(now)).outgoing;
        outgoing.iter().map(|sent| sent.window).collect::<Vec<_>>()
    };
    assert_eq!(windows(&mut usage, "20280301113500"), [window(BEGIN, END)]);
    assert_eq!(usage.due(), Some(at("20280301114000")));
    let both = windows(&mut usage, "20280301120000");
    assert_eq!(both, [window(BEGIN, END), next.window]);
}

/// A pause is at most the longest pause from now (decision D12). Otherwise a window waits for as
/// long as a wrong clock was ahead.
#[test]
fn a_time_that_a_wrong_clock_wrote_is_due_at_once() {
    let mut usage = waiting();
    let wrong = taken(&mut usage, "20300101000000");
    assert_eq!(taken(&mut usage, "20280301110100"), wrong);
    assert_eq!(only(&usage).next, at("20280301110500"));

    let mut early = waiting();
    taken(&mut early, "20280301130000");
    assert!(early.take(HOURLY, at("20280301115500")).outgoing.is_empty(), "70 minutes ahead");
    assert_eq!(early.take(HOURLY, at("20280301115459")).outgoing.len(), 1);
}

#[test]
fn a_run_is_over_before_the_next_one_takes_its_windows() {
    for (now, next) in [
        ("20280301110000", "20280301110500"),
        ("20280301110400", "20280301110500"),
        ("20280301110400001", "20280301111000"),
        ("20280301235959", "20280302000500"),
    ] {
        assert_eq!(retry_at(at(now)), at(next), "{now}");
    }
}

/// Each outcome in each state that a sent record may have by the time of its answer.
#[test]
fn an_outcome_settles_a_record_once() {
    let cases: [(SendOutcome, [(Settlement, &str); 3]); 4] = [
        (SendOutcome::Sent, [(CHANGED, "sent"), (UNCHANGED, "sent"), (CHANGED, "sent")]),
        (rejected(), [(NOW_REJECTED, "rejected"), (UNCHANGED, "sent"), (UNCHANGED, "rejected")]),
        (again("x", None), [(CHANGED, "sending"), (UNCHANGED, "sent"), (UNCHANGED, "rejected")]),
        (refused(true), [(CHANGED, "sending"), (UNCHANGED, "sent"), (UNCHANGED, "rejected")]),
    ];
    let earlier = [None, Some(SendOutcome::Sent), Some(rejected())];
    for (outcome, wanted) in cases {
        for (earlier, (settlement, state)) in earlier.iter().zip(wanted) {
            let mut usage = waiting();
            let sent = taken(&mut usage, END);
            if let Some(earlier) = earlier {
                settle(&mut usage, &sent, earlier, "20280301110001");
            }
            let done = settle(&mut usage, &sent, &outcome, "20280301110002");
            let word = usage.records[0].state.as_str();
            assert_eq!((done, word), (settlement, state), "{outcome:?} after {earlier:?}");
            let once = usage.clone();
            settle(&mut usage, &sent, &outcome, "20280301110002");
            assert_eq!(usage, once, "{outcome:?} twice");
        }
    }
}

#[test]
fn an_answer_about_another_number_or_window_changes_nothing() {
    let mut usage = waiting();
    let sent = taken(&mut usage, END);
    let before = usage.clone();
    let others = [
        OutgoingRecord { number: 1, ..sent.clone() },
        OutgoingRecord { window: window(BEGIN, "20280301103000"), ..sent.clone() },
        OutgoingRecord { window: window("20280301090000", BEGIN), ..sent.clone() },
    ];
    for other in others {
        for outcome in [SendOutcome::Sent, rejected(), again("x", None), refused(true)] {
            assert_eq!(settle(&mut usage, &other, &outcome, END), UNCHANGED);
            assert_eq!(usage, before, "{other:?}");
        }
    }
    usage.settle(&sent, &rejected(), UsageCycle::Hourly, at(END));
    usage.send_again(sent.window, None, at(END)).unwrap();
    assert_eq!(settle(&mut usage, &sent, &SendOutcome::Sent, END), UNCHANGED, "a late receipt");
    assert_eq!(usage.records[0].state.as_str(), "waiting");
}

#[test]
fn an_answer_moves_the_next_sending_and_keeps_what_bisecting_found() {
    let mut usage = waiting();
    let sent = taken(&mut usage, END);
    settle(&mut usage, &sent, &again("MKT.9003", Some(500)), "20280301110401");
    let found = only(&usage).clone();
    assert_eq!((found.at_most, found.next), (Some(500), at("20280301111000")));
    assert_eq!(found.code.as_deref(), Some("MKT.9003"));
    settle(&mut usage, &sent, &again("MKT.0999", None), "20280301110402");
    assert_eq!(only(&usage).at_most, Some(500), "an answer without a limit keeps it");
    assert_eq!(only(&usage).code.as_deref(), Some("MKT.0999"));
    settle(&mut usage, &sent, &again("MKT.0101", Some(1)), "20280301110403");
    let next = taken(&mut usage, "20280301111000");
    assert_eq!(next, OutgoingRecord { at_most: Some(1), ..sent });
}

#[test]
fn a_refusal_that_may_go_away_is_rejected_after_24_hours() {
    let mut usage = waiting();
    let sent = taken(&mut usage, "20280301110003");
    assert_eq!(settle(&mut usage, &sent, &refused(true), "20280301110003700"), CHANGED);
    let first = only(&usage).clone();
    assert_eq!(first.refused_since, Some(at("20280301110003")));
    assert_eq!((first.at_most, first.next), (Some(1), at("20280301113000")));
    assert_eq!(first.code.as_deref(), Some("MKT.9001"));

    let sent = taken(&mut usage, "20280302110002");
    assert_eq!(sent.refused_since, first.refused_since);
    let almost = settle(&mut usage, &sent, &refused(true), "20280302110002999");
    assert!(almost.changed && !almost.rejected);
    let innocent = settle(&mut usage, &sent, &refused(false), "20280303110003");
    assert!(innocent.changed && !innocent.rejected, "nothing else was received");
    assert_eq!(only(&usage).refused_since, first.refused_since);
    let done = settle(&mut usage, &sent, &refused(true), "20280302110003");
    assert_eq!(done, NOW_REJECTED);
    let state = RecordState::Rejected { code: "MKT.9001".to_owned(), at: at("20280302110003") };
    assert_eq!(usage.records[0].state, state);
}

#[test]
fn the_sum_is_what_was_accepted_without_what_was_rejected() {
    let mut usage = waiting();
    let next = reported("20280301110000", "20280301120000", "0.0001");
    accept(&mut usage, &next, at("20280301120000"));
    let sent = usage.take(HOURLY, at("20280301120000")).outgoing;
    let sums = |usage: &InstanceUsage| usage.total().to_string();
    assert_eq!(sums(&usage), "2.5001");
    settle(&mut usage, &sent[1], &SendOutcome::Sent, "20280301120001");
    assert_eq!(sums(&usage), "2.5001");
    settle(&mut usage, &sent[0], &rejected(), "20280301120001");
    assert_eq!(sums(&usage), "0.0001");
    settle(&mut usage, &sent[0], &SendOutcome::Sent, "20280301120002");
    assert_eq!(sums(&usage), "2.5001", "a receipt after a rejection counts");
}

#[test]
fn the_relay_reads_a_value_when_its_first_window_is_due() {
    let mut usage = waiting();
    assert_eq!(super::empty().due(), None);
    assert_eq!(usage.due(), Some(at(END)));
    let sent = taken(&mut usage, END);
    assert_eq!(usage.due(), Some(at("20280301110500")));
    settle(&mut usage, &sent, &refused(true), "20280301110001");
    assert_eq!(usage.due(), Some(at("20280301113000")));
    settle(&mut usage, &sent, &SendOutcome::Sent, "20280301110002");
    // Python's datetime: 20 days 20 hours 30 minutes after 11:00 on 1 March.
    assert_eq!(usage.due(), Some(at("20280322073000")));
}

#[test]
fn an_operator_makes_everything_due() {
    let mut usage = waiting();
    let next = reported("20280301110000", "20280301113000", "1");
    accept(&mut usage, &next, at("20280301113000"));
    accept(&mut usage, &reported("20280301113000", "20280301114500", "0"), at("20280301114500"));
    let sent = taken(&mut usage, "20280301113000");
    settle(&mut usage, &sent, &SendOutcome::Sent, "20280301113001");
    let now: UnixMillis = at("20280301114701123");
    assert_eq!(usage.make_due(now), 1);
    assert_eq!(usage.due(), Some(at("20280301114701")));
    let doubted = TakeRules { clock: ClockTrust::Doubted, ..HOURLY };
    let outgoing = usage.take(doubted, now).outgoing;
    assert_eq!(outgoing.iter().map(|sent| sent.window).collect::<Vec<_>>(), [next.window]);
}

/// Clocks may differ by five seconds, so a window may be accepted before it ends here. The marketplace
/// rejects a record whose window ends after its `record_time`.
#[test]
fn a_window_is_not_sent_before_its_end() {
    let mut usage = empty();
    let early = at("20280301105955");
    accept(&mut usage, &reported(BEGIN, END, "2.5"), early);
    assert_eq!(usage.make_due(early), 1);
    assert!(usage.take(HOURLY, at("20280301105959")).outgoing.is_empty());
    assert_eq!(usage.due(), Some(at(END)));
    let sent = taken(&mut usage, END);
    assert_eq!(sent.record_time, sent.window.end());
}
