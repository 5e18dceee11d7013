//! What one run of the relay has time for (decisions E1a, E4): a slow product holds up its own
//! notice alone, an attempt is begun only with its full time, and everything ends.

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
use tests::call::{TOLD, run_paused};
use tests::product::{HANGS, Mood, READY, ScriptedProduct, Told};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn after(span: Duration) -> Mood {
    let answer = r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i"}}"#;
    Mood::Answers(span, 200, answer)
}

fn run_for(koohook: &Bundled, budget: Duration) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), budget).run()).unwrap()
}

/// When each order was told, in order.
fn orders(product: &ScriptedProduct) -> Vec<String> {
    let order = |told: &Told| told.body["data"]["orderId"].as_str().unwrap_or("-").to_owned();
    product.told().iter().map(order).collect()
}

/// So many notices about one instance, each of them told in three seconds.
fn talkative(koohook: &Bundled, order: &str, notices: usize) {
    buy(koohook, order);
    for number in 1..notices {
        let status = if number % 2 == 1 { "FREEZE" } else { "UNFREEZE" };
        assert_eq!(set_status(koohook, &id(order), status), "000000");
    }
}

#[test]
fn a_few_notices_are_one_turn_and_then_others_have_theirs() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    talkative(&koohook, "CS1", 12);
    for number in 0..200 {
        buy(&koohook, &format!("CV{number}"));
    }
    relay(&koohook);
    let told = product.told();
    let place = |told: &[Told], sequence: u64| {
        told.iter()
            .position(|it| it.subject() == format!("{}//", id("CS1")) && it.sequence() == sequence)
    };
    let (fourth, fifth) = (place(&told, 4).unwrap(), place(&told, 5).unwrap());
    assert!(fifth - fourth > 100, "the others waited for {fourth} and {fifth}");
    assert_eq!(product.effects().len(), 212);
}

/// What becomes due while a run works is told by that run.
#[test]
fn a_purchase_that_comes_while_a_run_works_is_told_in_it() {
    let koohook = Arc::new(relayed());
    talkative(&koohook, "CS1", 8);
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
    let victim = orders.iter().position(|order| order == "CS2").unwrap();
    assert!(victim < 6, "told behind {victim} of the others: {orders:?}");
}

#[test]
fn an_attempt_is_begun_only_with_its_full_time_and_a_run_without_time_is_refused() {
    for (budget, told) in [(4, true), (5, true), (11, true), (60, true)] {
        let koohook = relayed();
        buy(&koohook, "CS1");
        let patience = (budget - 2).min(10) * 1_000;
        let product = ScriptedProduct::of(koohook.world(), move |_| after(millis(patience - 1)));
        assert_eq!(run_for(&koohook, Duration::from_secs(budget)).delivered, usize::from(told));
        assert_eq!(product.told().len(), 1, "{budget}");
    }
    let koohook = relayed();
    buy(&koohook, "CS1");
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    let short = Relay::new(koohook.endpoint.context(), millis(3_999)).run();
    assert_eq!(run(short), Err(RelayError::TooShort));
    assert_eq!(product.told().len(), 0);
}

/// A notice that the run had no time for is not tried, not counted, and next run's first.
#[test]
fn what_a_run_has_no_time_for_counts_no_attempt() {
    let koohook = relayed();
    talkative(&koohook, "CS1", 4);
    let product = ScriptedProduct::of(koohook.world(), |_| after(millis(900)));
    let report = run_for(&koohook, 4 * SECOND);
    assert!(report.unfinished && report.failed == 0, "{report:?}");
    assert!((1..4).contains(&report.delivered));
    let outbox = outbox(&koohook, &id("CS1"));
    assert!(outbox.delivery.is_none_or(|trial| trial.count == 0 && trial.claimed.is_none()));
    for _ in 0..4 {
        run_for(&koohook, 4 * SECOND);
    }
    assert_eq!(product.told().len(), 4, "each once");
}

/// One answer in vain mutes first attempts, but not those that only the product can make a success.
#[test]
fn a_v1_purchase_without_a_template_waits_for_a_product_that_kept_another_waiting() {
    for (template, told) in [(false, 2), (true, 1)] {
        let mut settings = TOLD.to_vec();
        if template {
            settings.push(("KOOHOOK_APP_INFO", tests::call::APP_INFO));
        }
        let koohook = koohook(&settings);
        let product = ScriptedProduct::of(koohook.world(), |_| HANGS);
        buy(&koohook, "CS1");
        product.meets(koohook.world(), |_| READY);
        assert_eq!(buy_v1(&koohook, "CS2").code, "000000");
        assert_eq!(product.told().len(), told);
    }
}

/// Four agendas, a value, and a write, each with the point before and the point behind it.
const BEHIND_WRITE: usize = 2 * 6 - 1;
const PENDING_V1: [(&str, &str); 5] = tests::call::PENDING;

// Pauses that the product asks for (decision E4).

#[test]
fn a_product_may_ask_for_a_longer_pause_and_never_for_a_shorter_one() {
    // A date is by the test world's calendar: a minute, a day, and an hour ago.
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

// What stands on the agenda without a reason.

/// The product's address was taken away while notices waited: what is due is looked at once, and
/// then not again each second.
#[test]
fn without_a_product_nothing_stays_due() {
    let told = relayed();
    for number in 0..40 {
        buy(&told, &format!("CS{number}"));
    }
    let due =
        || run(told.store().inner().agenda(Queue::Due, UnixMillis::EPOCH..=UnixMillis::MAX, 99));
    assert_eq!(due().unwrap().len(), 40);
    let alone = told.another(&tests::call::SETTINGS);
    assert_eq!(relay(&alone), RelayReport::default());
    assert_eq!(alone.store().take_counts(), (40, 40));
    relay(&alone);
    assert_eq!(alone.store().take_counts(), (0, 0));
    assert_eq!(due().unwrap(), []);
}

/// A value on the agenda is due by what it says, whatever put it there.
#[test]
fn a_purchase_that_is_sighted_waits_for_its_second_look_and_is_not_read_meanwhile() {
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

/// A relay that pauses between its look and its write finds what a call left, and abandons nothing.
#[test]
fn a_purchase_that_is_settled_while_the_relay_looks_is_not_abandoned() {
    let koohook = relayed();
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    koohook.world().pass(Duration::from_mins(210));
    relay(&koohook);
    koohook.world().pass(Duration::from_mins(10));
    let run_of = Relay::new(koohook.endpoint.context(), 50 * SECOND).run();
    // Behind its look at the value, before its write.
    let report = run_paused(koohook.world(), BEHIND_WRITE - 2, run_of, || {
        assert_eq!(set_status(&koohook, &id_v1("CS1"), "FREEZE"), "000000");
    });
    assert_eq!(report.unwrap().abandoned, 0);
    let kept: EntityRecord = run(koohook.kept(&id_v1("CS1"))).unwrap();
    let passed = kept.pass(Reader::Product, ClockTrust::Trusted, UnixMillis::MAX);
    assert!(!passed.abandoned);
    assert_eq!(access(&koohook, &id_v1("CS1")), Access::Pending);
}
