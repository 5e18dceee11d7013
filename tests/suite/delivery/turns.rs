//! The time of one relay run (decisions E1a, E4). A slow product delays only its own notice. The
//! relay starts an attempt only if it has its full time. Every run ends.

mod giving_up;
mod lagging;

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use domain::instance::ClockTrust;
use domain::outbox::Reader;
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use shell::relay::RelayError;
use shell::store::{Queue, Store};
use tests::call::{WITH_PRODUCT, koohook_in_memory, run_paused};
use tests::product::{HANGS, Mood, ProductMessage, READY, ScriptedProduct};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn after(span: Duration) -> Mood {
    let answer = r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i"}}"#;
    Mood::Answers(span, 200, answer)
}

fn run_for(koohook: &Bundled, budget: Duration) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), budget).run()).unwrap()
}

/// The orders of the notices that the product got, in order.
fn orders(product: &ScriptedProduct) -> Vec<String> {
    let order =
        |notice: &ProductMessage| notice.body["data"]["orderId"].as_str().unwrap_or("-").to_owned();
    product.messages().iter().map(order).collect()
}

/// Makes this many notices about one instance.
fn make_notices(koohook: &Bundled, order: &str, notices: usize) {
    buy(koohook, order);
    for number in 1..notices {
        let status = if number % 2 == 1 { "FREEZE" } else { "UNFREEZE" };
        assert_eq!(set_status(koohook, &id(order), status), "000000");
    }
}

#[test]
fn an_instance_waits_for_the_other_instances_after_four_notices() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    make_notices(&koohook, "CS1", 12);
    for number in 0..200 {
        buy(&koohook, &format!("CV{number}"));
    }
    relay(&koohook);
    let sent = product.messages();
    let place = |sent: &[ProductMessage], sequence: u64| {
        sent.iter()
            .position(|it| it.subject() == format!("{}//", id("CS1")) && it.sequence() == sequence)
    };
    let (fourth, fifth) = (place(&sent, 4).unwrap(), place(&sent, 5).unwrap());
    assert!(
        fifth - fourth > 100,
        "the notices {fourth} and {fifth} have too few others between them"
    );
    assert_eq!(product.effects().len(), 212);
}

/// A run also sends notices that become due while it works.
#[test]
fn a_run_sends_a_purchase_that_arrives_during_the_run() {
    let koohook = Arc::new(relayed());
    make_notices(&koohook, "CS1", 8);
    let bought = Cell::new(false);
    let bought = Arc::new(Mutex::new(bought));
    let other = Arc::clone(&koohook);
    let product = ScriptedProduct::of(koohook.world(), move |_| {
        if !bought.lock().unwrap().replace(true) {
            assert_eq!(buy(&other, "CS2").code, "000004");
        }
        after(3 * SECOND)
    });
    assert_eq!(run_for(&koohook, 60 * SECOND).delivered, 9);
    let orders = orders(&product);
    let place = orders.iter().position(|order| order == "CS2").unwrap();
    assert!(place < 6, "sent after {place} of the others: {orders:?}");
}

#[test]
fn an_attempt_starts_only_with_its_full_time_and_a_short_run_is_rejected() {
    for budget in [4, 5, 11, 60] {
        let koohook = relayed();
        buy(&koohook, "CS1");
        let patience = (budget - 2).min(10) * 1_000;
        let product = ScriptedProduct::of(koohook.world(), move |_| after(millis(patience - 1)));
        assert_eq!(run_for(&koohook, Duration::from_secs(budget)).delivered, 1);
        assert_eq!(product.messages().len(), 1, "{budget}");
    }
    let koohook = relayed();
    buy(&koohook, "CS1");
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    let short = Relay::new(koohook.endpoint.context(), millis(3_999)).run();
    assert_eq!(run(short), Err(RelayError::TooShort));
    assert_eq!(product.messages().len(), 0);
}

/// A notice that the run has no time for is not attempted and not counted. It is the first one in
/// the next run.
#[test]
fn a_notice_without_time_in_a_run_counts_no_attempt() {
    let koohook = relayed();
    make_notices(&koohook, "CS1", 4);
    let product = ScriptedProduct::of(koohook.world(), |_| after(millis(900)));
    let report = run_for(&koohook, 4 * SECOND);
    assert!(report.unfinished && report.failed == 0, "{report:?}");
    assert!((1..4).contains(&report.delivered));
    let outbox = outbox(&koohook, &id("CS1"));
    assert!(outbox.delivery.is_none_or(|trial| trial.count == 0 && trial.claimed.is_none()));
    for _ in 0..4 {
        run_for(&koohook, 4 * SECOND);
    }
    assert_eq!(product.messages().len(), 4, "each notice once");
}

/// One timeout stops first attempts for a while. The exception is a purchase that only the product
/// can answer with success.
#[test]
fn a_v1_purchase_without_a_template_has_a_first_attempt_after_a_timeout() {
    for (template, sent) in [(false, 2), (true, 1)] {
        let mut settings = WITH_PRODUCT.to_vec();
        if template {
            settings.push(("KOOHOOK_APP_INFO", tests::call::APP_INFO));
        }
        let koohook = koohook(&settings);
        let product = ScriptedProduct::of(koohook.world(), |_| HANGS);
        buy(&koohook, "CS1");
        product.meets(koohook.world(), |_| READY);
        assert_eq!(buy_v1(&koohook, "CS2").code, "000000");
        assert_eq!(product.messages().len(), sent);
    }
}

/// The pause point after the relay's first write: six agenda reads, one read of a value, one
/// write, each with a point before it and a point after it. Only memory has this order.
const AFTER_WRITE: usize = 2 * 8 - 1;
const PENDING_V1: [(&str, &str); 5] = tests::call::PENDING;

#[test]
fn a_product_can_only_lengthen_the_pause_before_a_retry() {
    // The dates are one minute, one day and minus one hour from the test world's time.
    for (asked, pause) in [
        ("60", 60),
        ("3", 5),
        ("86400", 3_600),
        ("Mon, 05 Oct 2026 21:10:27 GMT", 60),
        ("Tue, 06 Oct 2026 21:09:27 GMT", 3_600),
        ("Mon, 05 Oct 2026 20:09:27 GMT", 5),
        ("soon", 5),
        ("-1", 5),
        ("", 5),
    ] {
        for status in [429, 503] {
            let koohook = relayed();
            buy(&koohook, "CS1");
            World::web(koohook.world()).answer(move |_| {
                let response = http::Response::builder().status(status);
                let response = response.header("Retry-After", asked);
                Ok(response.body(bytes::Bytes::new()).unwrap())
            });
            let now = koohook.world().now_millis();
            assert_eq!(relay(&koohook).failed, 1);
            let next = outbox(&koohook, &id("CS1")).delivery.unwrap().next.millis();
            assert_eq!(next - now, pause * 1_000, "{asked:?}");
        }
    }
}

/// The product's address was removed while notices waited. A run checks each due entity once and
/// removes it from the agenda, so that the next run does not read it again.
#[test]
fn without_a_product_the_agenda_becomes_empty() {
    let with_product = relayed();
    for number in 0..40 {
        buy(&with_product, &format!("CS{number}"));
    }
    let due = || {
        run(with_product.store().inner().agenda(
            Queue::Due,
            UnixMillis::EPOCH..=UnixMillis::MAX,
            99,
        ))
    };
    assert_eq!(due().unwrap().len(), 40);
    let without_product = with_product.another(&tests::call::SETTINGS);
    assert_eq!(relay(&without_product), RelayReport::default());
    assert_eq!(without_product.store().take_counts(), (40, 40));
    relay(&without_product);
    assert_eq!(without_product.store().take_counts(), (0, 0));
    // The purchases still wait for access data. The relay logs that twice.
    without_product.world().pass(Duration::from_mins(90));
    relay(&without_product);
    without_product.store().take_counts();
    relay(&without_product);
    assert_eq!(without_product.store().take_counts(), (0, 0));
    assert_eq!(due().unwrap(), []);
}

/// Each write computes the time on the agenda from the record. After the first check, it is the
/// time of the second check.
#[test]
fn a_purchase_is_not_read_between_its_first_and_second_check() {
    let koohook = relayed();
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(410, ""));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    relay(&koohook);
    koohook.world().pass(Duration::from_mins(210));
    relay(&koohook);
    koohook.store().take_counts();
    koohook.world().pass(Duration::from_mins(9));
    relay(&koohook);
    assert_eq!(koohook.store().take_counts(), (0, 0));
    koohook.world().pass(Duration::from_mins(1));
    assert_eq!(relay(&koohook).abandoned, 1);
}

/// A relay that pauses between its read and its write then finds the change of a call. It must not
/// abandon the purchase.
#[test]
fn a_purchase_that_is_settled_during_the_relays_check_is_not_abandoned() {
    let koohook = koohook_in_memory(&PENDING_V1);
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    koohook.world().pass(Duration::from_mins(210));
    relay(&koohook);
    koohook.world().pass(Duration::from_mins(10));
    let run_of = Relay::new(koohook.endpoint.context(), 50 * SECOND).run();
    // After the relay's read of the value, before its write.
    let report = run_paused(koohook.world(), AFTER_WRITE - 2, run_of, || {
        assert_eq!(set_status(&koohook, &id_v1("CS1"), "FREEZE"), "000000");
    });
    assert_eq!(report.unwrap().abandoned, 0);
    let kept: EntityRecord = run(koohook.kept(&id_v1("CS1"))).unwrap();
    let passed = kept.pass(Reader::Product, ClockTrust::Trusted, UnixMillis::MAX);
    assert!(!passed.abandoned);
    assert_eq!(access(&koohook, &id_v1("CS1")), Access::Pending);
}
