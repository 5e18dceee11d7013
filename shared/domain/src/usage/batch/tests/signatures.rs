//! Wrong signatures, of a record or of the key, and answers that stop the run.

use super::*;

#[test]
fn a_wrong_signature_rejects_a_record_only_if_another_batch_of_this_run_was_received() {
    let mut plan = BatchPlan::new(1_000, true);
    plan.add(records(1));
    let (.., end) = play(plan, |_| "MKT.0102");
    assert!(matches!(end.outcomes.as_slice(), [(_, SendOutcome::Again { at_most: Some(1), .. })]));
    let (.., end) = play(plan_of(records(2)), |batch| {
        if batch.iter().any(|it| it.window == record(0).window) { "MKT.0102" } else { "MKT.0000" }
    });
    assert!(matches!(end.outcomes.as_slice(), [(_, SendOutcome::Rejected { .. })]));
}

#[test]
fn three_wrong_signatures_end_the_run_unless_a_batch_of_it_was_received() {
    let mut plan = BatchPlan::new(1_000, true);
    plan.add(records(1_000));
    let (sizes, _, end) = play(plan, |_| "MKT.0102");
    assert_eq!(sizes, [1_000, 500, 250]);
    let unproven = UnprovenFault { count: 1_000, code: "MKT.0102".to_owned() };
    assert_eq!(end.unproven, Some(unproven));
    let again = |it: &RecordOutcome| matches!(it.1, SendOutcome::Again { .. });
    assert!(end.outcomes.iter().all(again));

    let plan = plan_of(records(1_001));
    let is_bad = |it: &OutgoingRecord| it.window == record(0).window;
    let (sizes, _, end) =
        play(plan, |batch| if batch.iter().any(is_bad) { "MKT.0102" } else { "MKT.0000" });
    assert!(sizes.len() > 10, "{sizes:?}");
    assert!(matches!(end.outcomes.as_slice(), [(_, SendOutcome::Rejected { .. })]));
}

#[test]
fn a_wrong_signature_under_an_unknown_key_keeps_the_batch_for_another_key() {
    let mut plan = plan_of(records(3));
    let batch = plan.next_batch().unwrap();
    assert!(plan.answered(batch, &answer("MKT.0102"), false).is_empty());
    assert_eq!((plan.stop(), plan.next_batch()), (Some(StopCause::WrongBodySign), None));
    assert!(plan.change_key(false).is_empty());
    assert_eq!(plan.next_batch().unwrap().records.len(), 3);
}

#[test]
fn a_key_or_an_unknown_answer_stops_the_run_and_all_wait() {
    let cases = [
        ("MKT.0151", StopCause::KeyRefused),
        ("APIG.0301", StopCause::KeyRefused),
        ("APIG.0201", StopCause::Down),
        ("MKT.9005", StopCause::UnknownAnswer),
    ];
    for (code, cause) in cases {
        let mut plan = plan_of(records(3));
        let mut sent = 0;
        while let Some(batch) = plan.next_batch() {
            sent += 1;
            plan.answered(batch, &answer(code), true);
            plan.add(records(1));
        }
        assert_eq!(plan.stop(), Some(cause), "{code}");
        assert_eq!(sent, if cause == StopCause::Down { 3 } else { 1 }, "{code}");
        let end = plan.end();
        let again = |it: &RecordOutcome| matches!(it.1, SendOutcome::Again { .. });
        assert!(end.outcomes.iter().all(again), "{code}");
        assert!(!end.unfinished);
    }
}
