//! Batches, and what answers do to them. `signatures`: wrong signatures and keys.

mod signatures;

use std::time::Duration;

use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use protocol::usage::{UsageAnswer, read_usage_answer};

use super::*;
use crate::usage::{Quantity, UsageWindow};

const BEGIN: u64 = 1_791_234_000_000;

fn record(number: usize) -> OutgoingRecord {
    let begin = UnixMillis::new(BEGIN + 60_000 * u64::try_from(number).unwrap());
    let window = UsageWindow::new(begin, begin.after(Duration::from_mins(1))).unwrap();
    OutgoingRecord {
        instance_id: InstanceId::parse("i-1").unwrap(),
        window,
        quantity: Quantity::parse("1.5").unwrap(),
        package: None,
        number: 0,
        record_time: begin,
        at_most: None,
        refused_since: None,
    }
}

fn records(count: usize) -> Vec<OutgoingRecord> {
    (0..count).map(record).collect()
}

fn answer(code: &str) -> UsageAnswer {
    let status = match code {
        "MKT.0000" => 200,
        "APIG.0301" => 401,
        _ => 500,
    };
    read_usage_answer(status, format!(r#"{{"error_code":"{code}","error_msg":"m"}}"#).as_bytes())
}

/// Sends everything. `judge` gives the code of each answer. Returns the sizes of the batches, and all
/// outcomes.
fn play(
    mut plan: BatchPlan,
    mut judge: impl FnMut(&[OutgoingRecord]) -> &'static str,
) -> (Vec<usize>, Vec<RecordOutcome>, PlanEnd) {
    let (mut sizes, mut outcomes) = (Vec::new(), Vec::new());
    while let Some(batch) = plan.next_batch() {
        sizes.push(batch.records.len());
        let answer = answer(judge(&batch.records));
        outcomes.extend(plan.answered(batch, &answer, true));
    }
    (sizes, outcomes, plan.end())
}

fn plan_of(records: Vec<OutgoingRecord>) -> BatchPlan {
    let mut plan = BatchPlan::new(1_000, false);
    plan.add(records);
    plan
}

fn is_sent(outcome: &RecordOutcome) -> bool {
    outcome.1 == SendOutcome::Sent
}

#[test]
fn a_thousand_records_are_one_batch_and_one_more_is_a_second_batch() {
    assert_eq!(play(plan_of(records(1_000)), |_| "MKT.0000").0, [1_000]);
    let (sizes, outcomes, end) = play(plan_of(records(1_001)), |_| "MKT.0000");
    assert_eq!(sizes, [1_000, 1]);
    assert_eq!(outcomes.iter().filter(|it| is_sent(it)).count(), 1_001);
    assert_eq!(end, PlanEnd::default());
}

#[test]
fn records_with_a_bound_come_later_and_refused_ones_last() {
    let mut some = records(7);
    some[0].refused_since = Some(UnixMillis::new(BEGIN));
    for (record, at_most) in some.iter_mut().zip([1, 1, 2, 2, 2]) {
        record.at_most = Some(at_most);
    }
    let mut sent = Vec::new();
    let (sizes, ..) = play(plan_of(some), |batch| {
        sent.extend(batch.iter().map(|it| it.window.begin().since(record(0).window.begin())));
        "MKT.0000"
    });
    assert_eq!(sizes, [2, 2, 1, 1, 1]);
    assert_eq!(sent.iter().map(|it| it.as_secs() / 60).collect::<Vec<_>>(), [5, 6, 2, 3, 4, 1, 0]);
}

#[test]
fn the_windows_of_an_instance_stay_together() {
    let of = |instance: &str, number| OutgoingRecord {
        instance_id: InstanceId::parse(instance).unwrap(),
        ..record(number)
    };
    let all =
        ["i-2", "i-1", "i-3"].map(|instance| (0..2).map(|number| of(instance, number)).collect());
    let all: Vec<Vec<_>> = all.into();
    let mut plan = BatchPlan::new(2, false);
    plan.add(all.concat());
    let mut batches = Vec::new();
    play(plan, |batch| {
        batches.push(batch.to_vec());
        "MKT.0000"
    });
    assert_eq!(batches, all);
}

#[test]
fn bisecting_finds_the_records_at_fault_and_no_other_is_rejected() {
    for bad in [vec![0], vec![999], vec![500], vec![3, 700], vec![499, 500]] {
        let at_fault: Vec<_> = bad.iter().map(|number| record(*number).window).collect();
        let (sizes, outcomes, end) = play(plan_of(records(1_000)), |batch| {
            let is_bad = batch.iter().any(|record| at_fault.contains(&record.window));
            if is_bad { "MKT.9002" } else { "MKT.0000" }
        });
        assert!(sizes.len() <= 20 * bad.len() + 1, "{bad:?}: {sizes:?}");
        assert_eq!(outcomes.len(), 1_000 - bad.len());
        assert!(outcomes.iter().all(is_sent));
        let mut rejected: Vec<_> = end.outcomes.iter().map(|(record, _)| record.window).collect();
        rejected.sort();
        assert_eq!(rejected, at_fault);
        let code = SendOutcome::Rejected { code: "MKT.9002".to_owned() };
        assert!(end.outcomes.iter().all(|(_, outcome)| *outcome == code));
        assert_eq!((end.unproven, end.unfinished), (None, false));
    }
}

#[test]
fn a_run_sends_64_requests_and_keeps_what_it_has_learned() {
    let (sizes, outcomes, end) = play(plan_of(records(1_000)), |batch| {
        let is_bad =
            |record: &OutgoingRecord| (record.window.begin().millis() / 60_000).is_multiple_of(7);
        if batch.iter().any(is_bad) { "MKT.0100" } else { "MKT.0000" }
    });
    assert_eq!(sizes.len(), 64);
    assert!(end.unfinished);
    assert_eq!(outcomes.len() + end.outcomes.len(), 1_000);
    let is_known = |outcome: &SendOutcome| {
        matches!(
            outcome,
            SendOutcome::Again { at_most: Some(_), .. } | SendOutcome::Rejected { .. }
        )
    };
    assert!(end.outcomes.iter().all(|(_, outcome)| is_known(outcome)));
}

#[test]
fn nothing_is_rejected_if_the_marketplace_receives_nothing() {
    for count in [1, 2, 8, 1_000] {
        let (sizes, outcomes, end) = play(plan_of(records(count)), |_| "MKT.0150");
        assert!(sizes.len() <= 16, "{sizes:?}");
        assert!(outcomes.is_empty());
        let unproven = end.unproven.unwrap();
        assert!(unproven.count > 0 && unproven.code == "MKT.0150");
        let again = |outcome: &SendOutcome| matches!(outcome, SendOutcome::Again { .. });
        assert!(end.outcomes.iter().all(|(_, outcome)| again(outcome)), "{count}");
        assert_eq!(end.outcomes.len(), count);
    }
}

#[test]
fn a_batch_that_was_received_within_the_last_hour_proves_a_fault() {
    let rejected = |has_received| {
        let mut plan = BatchPlan::new(1_000, has_received);
        plan.add(records(1));
        let (_, _, end) = play(plan, |_| "MKT.9004");
        end.outcomes.iter().all(|(_, it)| matches!(it, SendOutcome::Rejected { .. }))
    };
    assert!(rejected(true) && !rejected(false));
}

#[test]
fn many_rejected_batches_without_a_received_one_in_this_run_reject_nothing() {
    let mut plan = BatchPlan::new(1_000, true);
    plan.add(
        records(100).into_iter().map(|it| OutgoingRecord { at_most: Some(1), ..it }).collect(),
    );
    let mut sent = 0;
    while let Some(batch) = plan.next_batch() {
        sent += 1;
        plan.answered(batch, &answer("MKT.0150"), true);
    }
    assert_eq!((sent, plan.stop()), (16, Some(StopCause::AllRejected)));
    let end = plan.end();
    assert!(end.outcomes.iter().all(|(_, it)| matches!(it, SendOutcome::Again { .. })));
}

#[test]
fn without_answers_the_same_records_wait_and_the_third_ends_the_run() {
    let mut plan = plan_of(records(3_500));
    let mut outcomes = Vec::new();
    while let Some(batch) = plan.next_batch() {
        outcomes.extend(plan.unanswered(batch, "timed out"));
    }
    assert_eq!(plan.stop(), Some(StopCause::Down));
    assert_eq!(outcomes.len(), 3_000);
    let again = SendOutcome::Again { code: "timed out".to_owned(), at_most: None };
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == again));
}

#[test]
fn a_batch_without_an_answer_gets_smaller_if_the_marketplace_receives_others() {
    let mut plan = plan_of(records(2_000));
    let first = plan.next_batch().unwrap();
    plan.answered(first, &answer("MKT.0000"), true);
    let second = plan.next_batch().unwrap();
    let outcomes = plan.answered(second, &answer("MKT.0999"), true);
    let again = SendOutcome::Again { code: "MKT.0999".to_owned(), at_most: Some(500) };
    assert_eq!((outcomes.len(), &outcomes[0].1), (1_000, &again));
}

#[test]
fn too_many_records_halve_every_later_batch() {
    let mut plan = plan_of(records(2_000));
    let (mut sizes, mut sent) = (Vec::new(), 0);
    while let Some(batch) = plan.next_batch() {
        let code = if batch.records.len() > 100 { "MKT.9003" } else { "MKT.0000" };
        sizes.push(batch.records.len());
        sent += plan.answered(batch, &answer(code), true).len();
    }
    assert_eq!(&sizes[..5], [1_000, 500, 250, 125, 62]);
    assert_eq!((plan.limit(), sent), (62, 2_000));
    let mut alone = plan_of(records(1));
    let batch = alone.next_batch().unwrap();
    alone.answered(batch, &answer("MKT.9003"), true);
    assert_eq!(alone.stop(), Some(StopCause::UnknownAnswer));
}

#[test]
fn an_unknown_instance_waits_before_it_is_rejected() {
    for has_received in [true, false] {
        let mut plan = BatchPlan::new(1_000, has_received);
        plan.add(records(1));
        let (.., end) = play(plan, |_| "MKT.9001");
        let code = "MKT.9001".to_owned();
        let refused = SendOutcome::Refused { code, may_reject: has_received };
        assert_eq!(end.outcomes[0].1, refused);
        let unproven = UnprovenFault { count: 1, code: "MKT.9001".to_owned() };
        assert_eq!(end.unproven, (!has_received).then_some(unproven));
    }
}

#[test]
fn codes_of_records_decide_about_these_records() {
    let some = records(5);
    let codes = ["010", "013", "011", "005"];
    let named = some.iter().zip(codes).map(|(record, code)| {
        format!(r#"{{"metering_sn":"{}","error_code":"{code}"}}"#, record.metering_sn())
    });
    let named = named.collect::<Vec<_>>().join(",");
    let body = |code| format!(r#"{{"error_code":"{code}","records":[{named}]}}"#);
    let received = read_usage_answer(200, body("MKT.0000").as_bytes());
    let mut plan = plan_of(some.clone());
    let batch = plan.next_batch().unwrap();
    let outcomes: Vec<_> =
        plan.answered(batch, &received, true).into_iter().map(|(_, outcome)| outcome).collect();
    let refused = SendOutcome::Refused { code: "013".to_owned(), may_reject: true };
    let rejected = SendOutcome::Rejected { code: "011".to_owned() };
    let sent = SendOutcome::Sent;
    assert_eq!(outcomes, [sent.clone(), refused, rejected, sent.clone(), sent.clone()]);

    let failed = read_usage_answer(500, body("MKT.9002").as_bytes());
    let mut plan = plan_of(some.clone());
    let batch = plan.next_batch().unwrap();
    let known = plan.answered(batch, &failed, true);
    assert!(known.len() == 2 && known.iter().all(is_sent), "010 and 005");
    let rest = plan.next_batch().unwrap();
    assert_eq!(rest.records, some[4..], "only the records that the answer does not name");
    plan.answered(rest, &answer("MKT.0000"), true);
    assert_eq!(plan.end().outcomes.len(), 2);
}
