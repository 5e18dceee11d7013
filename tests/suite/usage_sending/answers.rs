//! What each answer of the marketplace does (decision J4).

use domain::usage::RecordState;
use simulator::usage::UsageFault;
use tests::log::Log;

use super::world::*;

fn sell_elsewhere(marketplace: &Marketplace, ids: &[&String]) {
    marketplace.with(|marketplace| {
        for id in ids {
            marketplace.instance_mut(id).unwrap().ours = false;
        }
    });
}

#[test]
fn bisecting_rejects_exactly_the_records_at_fault() {
    let (koohook, ids, marketplace) = with_windows(1_000);
    sell_elsewhere(&marketplace, &[&ids[7], &ids[400], &ids[999]]);
    let log = Log::default();
    let _kept = log.keep();
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.usage.sent, report.usage.rejected), (997, 3));
    for id in [&ids[7], &ids[400], &ids[999]] {
        let states = states(&koohook, id);
        let [RecordState::Rejected { code, .. }] = states.as_slice() else { panic!("{states:?}") };
        assert_eq!(code, "MKT.0150");
    }
    assert_eq!(count(&koohook, &ids, "sent"), 997);
    let rejected = lines(&log, "usage rejected");
    assert_eq!(rejected.len(), 3);
    assert_eq!(
        (&rejected[0]["level"], &rejected[0]["reason"]),
        (&"ERROR".into(), &"Illegal operation".into())
    );
    assert!(relay_after(&koohook, HOUR).is_empty(), "a rejected record is not sent again");
}

#[test]
fn many_records_at_fault_are_found_over_several_runs() {
    let (koohook, ids, marketplace) = with_windows(400);
    let bad: Vec<_> = ids.iter().step_by(20).collect();
    sell_elsewhere(&marketplace, &bad);
    let log = Log::default();
    let _kept = log.keep();
    let mut runs = 0;
    while count(&koohook, &ids, "sending") + count(&koohook, &ids, "waiting") > 0 {
        runs += 1;
        assert!(runs < 20, "{:?}", words(&koohook, &ids));
        assert!(relay_after(&koohook, 5 * MINUTE).usage.batches <= 64);
    }
    assert_eq!(count(&koohook, &ids, "rejected"), 20);
    assert_eq!(count(&koohook, &ids, "sent"), 380);
}

#[test]
fn if_every_batch_is_rejected_no_record_is() {
    let (koohook, ids, marketplace) = with_windows(100);
    let all: Vec<_> = ids.iter().collect();
    sell_elsewhere(&marketplace, &all);
    let log = Log::default();
    let _kept = log.keep();
    for _ in 0..5 {
        assert_eq!(relay_after(&koohook, 5 * MINUTE).usage.rejected, 0);
    }
    assert!(marketplace.requests() <= 16 * 5);
    assert_eq!(count(&koohook, &ids, "sending"), 100);
    let error = &lines(&log, "marketplace rejects all usage, and it waits")[0];
    assert_eq!((&error["level"], &error["code"]), (&"ERROR".into(), &"MKT.0150".into()));
    assert_eq!(error["reason"], "Illegal operation");
    assert!(error["advice"].as_str().unwrap().contains("the instances exist"), "{error}");
    assert_eq!(lines(&log, "usage rejected").len(), 0);
}

/// The fault, how many requests the run sends for three records, and whether the run stops.
const FAULTS: &[(UsageFault, usize, bool)] = &[
    (UsageFault::Status(500, "0999"), 1, false),
    (UsageFault::Status(406, "0250"), 1, false),
    (UsageFault::Gateway(429, "0308"), 1, false),
    (UsageFault::Gateway(502, "0201"), 1, false),
    (UsageFault::Gateway(504, "0203"), 1, false),
    (UsageFault::LoseRequest, 1, false),
    (UsageFault::Gateway(404, "0101"), 1, true),
    (UsageFault::Gateway(403, "0401"), 1, true),
    (UsageFault::Gateway(401, "0301"), 1, true),
    (UsageFault::Gateway(400, "1009"), 1, true),
    (UsageFault::Status(401, "0151"), 1, true),
    (UsageFault::Status(401, "0154"), 1, true),
    (UsageFault::Status(500, "9005"), 1, true),
];

#[test]
fn an_answer_that_is_not_about_records_rejects_none() {
    for (fault, requests, stops) in FAULTS {
        let (koohook, ids, marketplace) = with_windows(3);
        marketplace.with(|marketplace| marketplace.queue_fault(*fault));
        let report = relay_after(&koohook, MINUTE);
        assert_eq!(marketplace.requests(), *requests, "{fault:?}");
        assert_eq!((report.usage.waiting, report.usage.stopped), (3, *stops), "{fault:?}");
        assert_eq!(words(&koohook, &ids), ["sending"; 3], "{fault:?}");
        let later = relay_after(&koohook, 6 * MINUTE);
        assert_eq!(later.usage.sent, 3, "{fault:?}");
    }
}

#[test]
fn one_wrong_answer_about_a_record_rejects_none() {
    for number in ["0100", "0101", "0199", "0150", "9001", "9002", "9004"] {
        let (koohook, ids, marketplace) = with_windows(3);
        marketplace.with(|it| it.queue_fault(UsageFault::Status(500, number)));
        assert_eq!(relay_after(&koohook, MINUTE).usage.sent, 3, "{number}");
        assert_eq!(words(&koohook, &ids), ["sent"; 3], "{number}");
    }
}

#[test]
fn an_unknown_instance_waits_for_a_day_and_is_then_rejected() {
    let (koohook, ids, _) = with_windows(2);
    report(&koohook, "i-unknown", &[last_hour()]);
    assert_eq!(relay_after(&koohook, MINUTE).usage.sent, 2);
    let unknown = ["i-unknown".to_owned()];
    let log = Log::default();
    let _kept = log.keep();
    for hour in 1..=24 {
        assert_eq!(words(&koohook, &unknown), ["sending"], "{hour}");
        relay_after(&koohook, 30 * MINUTE);
        relay_after(&koohook, 30 * MINUTE);
        // Another instance shows that the marketplace receives usage.
        report(&koohook, &ids[0], &[hour_before(FULL_HOUR + hour * 3_600_000)]);
    }
    assert_eq!(words(&koohook, &unknown), ["rejected"]);
    assert_eq!(lines(&log, "usage rejected").len(), 1);
}

#[test]
fn codes_of_records_in_an_answer_decide_about_these_records() {
    let (koohook, ids, marketplace) = with_windows(4);
    marketplace.with(|marketplace| {
        marketplace.rules_mut().record_codes_in_answer = true;
        marketplace.instance_mut(&ids[1]).unwrap().delisted = true;
        marketplace.instance_mut(&ids[2]).unwrap().abnormal = true;
    });
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.usage.sent, report.usage.rejected, report.usage.waiting), (2, 1, 1));
    assert_eq!(words(&koohook, &ids), ["sent", "rejected", "sending", "sent"]);
}
