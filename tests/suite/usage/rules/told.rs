//! What an operator learns of late windows, and what an operator changes (decisions J3, J4).

use domain::usage::{
    AgainError, InstanceUsage, Lateness, Quantity, SendOutcome, TakeRules, UsageCycle,
};

use super::{BEGIN, END, HOURLY, accept, at, empty, only, reported, taken, waiting, window};

const AWAY: TakeRules = TakeRules { may_send: false, ..HOURLY };

fn told(usage: &mut InstanceUsage, rules: TakeRules, now: &str) -> Option<Lateness> {
    let late = usage.take(rules, at(now)).late;
    late.first().map(|(told, lateness)| {
        assert_eq!((*told, late.len()), (window(BEGIN, END), 1));
        *lateness
    })
}

fn unanswered() -> SendOutcome {
    SendOutcome::Again { code: "no-answer".to_owned(), at_most: None }
}

/// Both runs die before their answers. The run of 12:00 sends the record, and tells nothing yet.
#[test]
fn an_operator_learns_each_level_once() {
    let mut usage = waiting();
    let cases = [
        ("20280301110000", None),
        ("20280301115959", None),
        ("20280301120500", None),
        ("20280301121000", Some(Lateness::Late)),
        ("20280301123500", None),
        ("20280301124000", Some(Lateness::Missing)),
        ("20280301124500", None),
        ("20280302120000", None),
    ];
    for (now, level) in cases {
        assert_eq!(told(&mut usage, HOURLY, now), level, "{now}");
    }
}

/// 00:15 and 00:45 in Beijing are 16:15 and 16:45 UTC.
#[test]
fn a_daily_window_is_late_after_midnight_in_beijing() {
    let mut usage = waiting();
    let rules = TakeRules { cycle: UsageCycle::Daily, ..AWAY };
    let cases = [
        ("20280301110000", None),
        ("20280301161459", None),
        ("20280301162000", Some(Lateness::Late)),
        ("20280301164000", None),
        ("20280301164500", Some(Lateness::Missing)),
        ("20280301170000", None),
    ];
    for (now, level) in cases {
        assert_eq!(told(&mut usage, rules, now), level, "{now}");
    }
}

#[test]
fn a_first_sending_comes_before_an_alarm() {
    let mut usage = waiting();
    assert_eq!(told(&mut usage, HOURLY, "20280301123000"), None);
    assert_eq!(told(&mut usage, HOURLY, "20280301123559"), Some(Lateness::Late));
    assert_eq!(told(&mut usage, HOURLY, "20280301124000"), Some(Lateness::Missing));
    let mut away = waiting();
    assert_eq!(told(&mut away, AWAY, "20280301120000"), Some(Lateness::Late));
}

/// It became late while the marketplace failed, and this sending may be received.
#[test]
fn a_sending_of_a_late_window_is_not_told_before_its_answer() {
    let mut usage = waiting();
    let sent = taken(&mut usage, "20280301122400");
    usage.settle(&sent, &unanswered(), UsageCycle::Hourly, at("20280301122400"));
    assert_eq!(told(&mut usage, HOURLY, "20280301123000"), None);
    let received =
        usage.settle(&sent, &SendOutcome::Sent, UsageCycle::Hourly, at("20280301123001"));
    assert_eq!((received.changed, received.late), (true, Lateness::InTime));
}

#[test]
fn an_answer_tells_how_late_a_window_is_unless_the_take_told_it() {
    let mut usage = waiting();
    let sent = taken(&mut usage, "20280301115959");
    let mut settle = |now| {
        let settled = usage.settle(&sent, &unanswered(), UsageCycle::Hourly, at(now));
        settled.late
    };
    assert_eq!(settle("20280301115959"), Lateness::InTime);
    assert_eq!(settle("20280301120000"), Lateness::Late);
    assert_eq!(settle("20280301122959"), Lateness::InTime);
    assert_eq!(settle("20280301123000"), Lateness::Missing);
    assert_eq!(settle("20280301130000"), Lateness::InTime);
    assert_eq!(told(&mut usage, HOURLY, "20280301140000"), None);
}

/// Its acceptance is one WARN, and nothing later is an ERROR.
#[test]
fn a_window_that_was_accepted_late_is_not_told_again() {
    let mut usage = empty();
    accept(&mut usage, &reported(BEGIN, END, "1"), at("20280301123000"));
    assert_eq!(told(&mut usage, AWAY, "20280301123000"), None);
    assert_eq!(told(&mut usage, HOURLY, "20280301123500"), None);
    assert_eq!(told(&mut usage, HOURLY, "20280302123500"), None);
}

fn settled(outcome: &SendOutcome) -> InstanceUsage {
    let mut usage = waiting();
    let sent = taken(&mut usage, END);
    usage.settle(&sent, outcome, UsageCycle::Hourly, at(END));
    usage
}

#[test]
fn a_window_that_is_sent_again_is_a_new_record() {
    let refusal = SendOutcome::Rejected { code: "MKT.0101".to_owned() };
    for outcome in [SendOutcome::Sent, refusal] {
        let mut usage = settled(&outcome);
        let window = window(BEGIN, END);
        assert_eq!(usage.send_again(window, None, at("20280305080910111")), Ok(()));
        let record = &usage.records[0];
        assert_eq!((record.number, record.quantity.to_string().as_str()), (1, "2.5"));
        let waiting = only(&usage).clone();
        assert_eq!(waiting.record_time, None);
        assert_eq!((waiting.accepted, waiting.next), (at("20280305080910"), at("20280305080910")));
        let first = taken(&mut super::waiting(), END).metering_sn();
        let again = taken(&mut usage, "20280305080911");
        assert_ne!(again.metering_sn(), first);
        assert_eq!(again.record_time, at("20280305080911"));
        assert_eq!(told(&mut usage, HOURLY, "20280306000000"), None, "the operator knows it");
    }
}

#[test]
fn another_value_replaces_the_first_one_in_the_sum() {
    let mut usage = settled(&SendOutcome::Sent);
    let other = Quantity::parse("4");
    assert_eq!(usage.send_again(window(BEGIN, END), other, at("20280305000000")), Ok(()));
    assert_eq!(usage.total().to_string(), "4");
    let mut zero = empty();
    accept(&mut zero, &reported(BEGIN, END, "0"), at(END));
    assert_eq!(zero.send_again(window(BEGIN, END), other, at(END)), Ok(()));
    assert_eq!(zero.total().to_string(), "4");
    assert_eq!(taken(&mut zero, END).number, 1);
}

#[test]
fn a_window_is_not_sent_again_without_need() {
    let same = window(BEGIN, END);
    let mut usage = settled(&SendOutcome::Sent);
    let before = usage.clone();
    let now = at("20280305000000");
    let unknown = window(BEGIN, "20280301103000");
    assert_eq!(usage.send_again(unknown, None, now), Err(AgainError::Unknown));
    let zero = Quantity::parse("0");
    assert_eq!(usage.send_again(same, zero, now), Err(AgainError::Zero));
    // The marketplace refuses a window that began more than 21 days ago.
    let old = usage.send_again(same, None, at("20280322100000001"));
    assert_eq!((old, &usage), (Err(AgainError::TooOld), &before));
    assert_eq!(usage.clone().send_again(same, None, at("20280322100000")), Ok(()));
    assert_eq!(waiting().send_again(same, None, now), Err(AgainError::Waits));
    let mut zero = empty();
    accept(&mut zero, &reported(BEGIN, END, "0"), at(END));
    assert_eq!(zero.send_again(same, None, now), Err(AgainError::Zero));
}
