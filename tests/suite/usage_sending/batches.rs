//! What is sent: batches over many instances, and the same record each time.

use domain::usage::RecordState;
use futures_util::future::join;
use shell::relay::Relay;
use simulator::usage::UsageFault;
use tests::call::run;

use super::world::*;

#[test]
fn records_of_many_instances_are_sent_in_batches_of_a_thousand() {
    let (koohook, ids, marketplace) = with_windows(1_500);
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.usage.sent, report.usage.batches), (1_500, 2));
    let mut sizes = marketplace.sizes();
    sizes.sort_unstable();
    assert_eq!(sizes, [500, 1_000]);
    assert_eq!(count(&koohook, &ids, "sent"), 1_500);
    marketplace.with(|marketplace| {
        marketplace.run_background(FULL_HOUR + 3_600_000);
        marketplace.collect(FULL_HOUR + 7_200_000);
        assert!(ids.iter().all(|id| marketplace.billed(id) == "1.5"));
        assert_eq!(marketplace.rejected_records().count(), 0);
        assert_eq!(marketplace.signature_disagreements(), 0);
    });
    koohook.store().take_counts();
    assert!(relay_after(&koohook, HOUR).is_empty());
    assert_eq!(koohook.store().take_counts(), (0, 0), "nothing is due any more");
}

#[test]
fn nothing_is_sent_before_the_full_hour() {
    let (koohook, ids, marketplace) = with_windows(1);
    relay_after(&koohook, MINUTE);
    let half_past = FULL_HOUR + 1_800_000;
    koohook.world().set_now(half_past);
    report(
        &koohook,
        &ids[0],
        &[domain::usage::UsageWindow::new(
            protocol::time::UnixMillis::new(FULL_HOUR),
            protocol::time::UnixMillis::new(half_past),
        )
        .unwrap()],
    );
    relay_after(&koohook, 29 * MINUTE);
    assert_eq!(marketplace.requests(), 1);
    relay_after(&koohook, MINUTE);
    assert_eq!(marketplace.requests(), 2);
    assert_eq!(words(&koohook, &ids), ["sent", "sent"]);
}

#[test]
fn a_record_whose_answer_was_lost_is_sent_again_letter_for_letter_and_billed_once() {
    for fault in [UsageFault::LoseReply, UsageFault::Slow, UsageFault::Garbage, UsageFault::Empty] {
        let (koohook, ids, marketplace) = with_windows(3);
        marketplace.with(|marketplace| marketplace.queue_fault(fault));
        assert_eq!(relay_after(&koohook, MINUTE).usage.waiting, 3, "{fault:?}");
        assert_eq!(words(&koohook, &ids), ["sending"; 3], "{fault:?}");
        assert_eq!(relay_after(&koohook, MINUTE).usage.batches, 0, "not before five minutes");
        assert_eq!(relay_after(&koohook, 5 * MINUTE).usage.sent, 3, "{fault:?}");
        let bodies = marketplace.bodies();
        assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]), "{fault:?}");
        marketplace.with(|marketplace| {
            marketplace.run_background(FULL_HOUR + 3_600_000);
            marketplace.collect(FULL_HOUR + 7_200_000);
            assert_eq!(marketplace.altered_duplicates().count(), 0, "{fault:?}");
            assert!(ids.iter().all(|id| marketplace.billed(id) == "1.5"), "{fault:?}");
            assert_eq!(marketplace.nonce_repeats(), 0);
        });
    }
}

#[test]
fn a_process_that_dies_between_the_answer_and_the_settlement_loses_and_doubles_nothing() {
    let (koohook, ids, marketplace) = with_windows(3);
    marketplace.kill();
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.usage.sent, report.usage.troubled), (0, 1));
    assert_eq!(words(&koohook, &ids), ["sending"; 3]);
    assert_eq!(relay_after(&koohook, 5 * MINUTE).usage.sent, 3);
    let bodies = marketplace.bodies();
    assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]));
    marketplace.with(|marketplace| {
        marketplace.run_background(FULL_HOUR + 3_600_000);
        assert_eq!(marketplace.altered_duplicates().count(), 0);
        assert!(ids.iter().all(|id| marketplace.billable(id) == "1.5"));
    });
}

#[test]
fn two_relays_at_the_same_time_send_each_record_once() {
    let (koohook, ids, marketplace) = with_windows(300);
    let other = koohook.another(&SETTINGS);
    koohook.world().pass(MINUTE);
    other.world().pass(MINUTE);
    marketplace.meets(other.world(), std::time::Duration::ZERO);
    let budget = std::time::Duration::from_secs(50);
    let relays = [&koohook, &other].map(|it| Relay::new(it.endpoint.context(), budget).run());
    let [first, second] = relays;
    let (first, second) = run(join(first, second));
    let (first, second) = (first.unwrap().usage, second.unwrap().usage);
    assert_eq!(first.sent + second.sent, 300, "{first:?} {second:?}");
    assert_eq!(marketplace.with(|it| it.received_records().len()), 300);
    assert_eq!(count(&koohook, &ids, "sent"), 300);
}

#[test]
fn a_record_is_stored_before_it_is_sent() {
    let (koohook, ids, marketplace) = with_windows(1);
    marketplace.with(|it| it.queue_fault(UsageFault::Status(500, "0999")));
    relay_after(&koohook, MINUTE);
    let states = states(&koohook, &ids[0]);
    let [RecordState::Waiting(waiting)] = states.as_slice() else { panic!("{states:?}") };
    let time = waiting.record_time.unwrap().to_sdk_date();
    let body = String::from_utf8(marketplace.bodies()[0].to_vec()).unwrap();
    assert!(body.contains(&format!(r#""record_time":"{time}""#)), "{body}");
    assert!(body.contains(r#""usage_value":"1.5""#), "{body}");
}

/// The store fails when it writes what was taken. Then nothing may be sent.
#[test]
fn what_cannot_be_stored_is_not_sent() {
    use tests::world::StoreFault::{None as Works, Refused};
    let (koohook, ids, marketplace) = with_windows(1);
    koohook.world().pass(MINUTE);
    // The state of the keys and the usage are read. The write fails, and so do its repeats.
    koohook.store().plan([Works, Works, Refused, Refused, Refused]);
    let report = relay(&koohook);
    assert_eq!((report.usage.troubled, marketplace.requests()), (1, 0));
    assert_eq!(words(&koohook, &ids), ["waiting"]);
    assert_eq!(relay_after(&koohook, MINUTE).usage.sent, 1);
}
