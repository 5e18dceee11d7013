//! Step 7 of a callback (decision E2): the first attempt ends in time, and it never makes the
//! answer late or wrong.

use std::sync::Arc;

use tests::call::run_until_halt;
use tests::product::{HANGS, Mood, ProductMessage, READY, ScriptedProduct};
use tests::world::StoreFault;

use super::*;

const LATER: Mood = Mood::Answers(Duration::ZERO, 202, "");

fn answers_after(span: u64) -> impl FnMut(&ProductMessage) -> Mood {
    move |_| Mood::Answers(millis(span), 200, r#"{"appInfo":{"frontEndUrl":"https://a.example"}}"#)
}

#[test]
fn a_purchase_is_answered_with_the_products_immediate_answer() {
    let koohook = with_product();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    let answer = buy(&koohook, "CS1");
    assert_eq!((answer.code.as_str(), answer.instance_id), ("000000", Some(id("CS1"))));
    assert_eq!(koohook.store().take_counts(), (1, 2), "the commit, and the settlement");
    assert!(is_ready(&koohook, &id("CS1")));
    assert_eq!(outbox(&koohook, &id("CS1")).waiting, []);
    assert_eq!(product.messages().len(), 1);
}

#[test]
fn a_purchase_that_the_product_creates_later_has_its_id_immediately() {
    let koohook = with_product();
    let product = ScriptedProduct::of(koohook.world(), |_| LATER);
    for sent in [1, 1] {
        let answer = buy(&koohook, "CS1");
        assert_eq!((answer.code.as_str(), answer.instance_id), ("000004", Some(id("CS1"))));
        assert_eq!(product.messages().len(), sent, "an accepted notice is not sent again");
    }
    assert_eq!(outbox(&koohook, &id("CS1")).waiting, []);
}

#[test]
fn a_purchase_under_v1_is_answered_with_access_data_immediately() {
    let koohook = with_product();
    ScriptedProduct::of(koohook.world(), |_| READY);
    let answer = buy_v1(&koohook, "CS1");
    assert_eq!(answer.code, "000000");
    assert_eq!(answer.app_info.unwrap().front_end_url, "https://app.example.com/i");
    assert_eq!(koohook.store().take_counts(), (1, 2));
    assert_eq!(run(koohook.instance(&id_v1("CS1"))).abandon_at, None, "V1 was answered");
    let pending = with_product();
    ScriptedProduct::of(pending.world(), |_| LATER);
    assert_eq!(buy_v1(&pending, "CS1").code, "000004");
    assert!(run(pending.instance(&id_v1("CS1"))).abandon_at.is_some());
}

#[test]
fn the_first_attempt_ends_when_its_budget_is_used_up() {
    for (span, code, took) in [(2_499, "000000", 2_499), (2_500, "000004", 2_500)] {
        let koohook = with_product();
        ScriptedProduct::of(koohook.world(), answers_after(span));
        assert_eq!(buy(&koohook, "CS1").code, code);
        assert_eq!(elapsed(&koohook), millis(took));
    }
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    assert_eq!(koohook.store().take_counts(), (1, 1));
    assert_eq!(
        outbox(&koohook, &id("CS1")).delivery,
        None,
        "a notice for the relay must not be claimed"
    );
    assert_eq!(product.messages().len(), 0);
}

#[test]
fn after_a_timeout_there_is_no_first_attempt_for_half_a_minute() {
    let koohook = with_product();
    let product = ScriptedProduct::of(koohook.world(), |_| HANGS);
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    product.meets(koohook.world(), |_| READY);
    koohook.world().pass(millis(29_999));
    assert_eq!((buy(&koohook, "CS2").code.as_str(), product.messages().len()), ("000004", 1));
    koohook.world().pass(millis(1));
    assert_eq!((buy(&koohook, "CS3").code.as_str(), product.messages().len()), ("000000", 2));
    // An answer with an error status does not stop first attempts.
    product.meets(koohook.world(), |_| Mood::Refuses(500, ""));
    assert_eq!(buy(&koohook, "CS4").code, "000004");
    product.meets(koohook.world(), |_| READY);
    assert_eq!(buy(&koohook, "CS5").code, "000000");
}

#[test]
fn with_less_than_a_second_left_there_is_no_first_attempt() {
    // In the first case, less than a second is left before the write. In the second case, less than
    // a second is left after the write, which claimed the notice. Neither case stops later first
    // attempts.
    for (lag, is_claimed) in [(3_100, false), (1_600, true)] {
        let koohook = with_product();
        let product = ScriptedProduct::of(koohook.world(), |_| READY);
        koohook.world().lag(millis(lag));
        let code = buy(&koohook, "CS1").code;
        koohook.world().lag(Duration::ZERO);
        assert!(["000004", "000005"].contains(&code.as_str()));
        assert_eq!(product.messages().len(), 0, "{lag}");
        assert_eq!(outbox(&koohook, &id("CS1")).delivery.is_some(), is_claimed);
        assert_eq!(buy(&koohook, "CS2").code, "000000", "{lag}");
    }
}

#[test]
fn no_answer_is_late_with_a_slow_product_and_store() {
    let mut codes = std::collections::BTreeSet::new();
    for lag in (0..2_000).step_by(130) {
        for span in (0..6_000).step_by(290) {
            let koohook = with_product();
            ScriptedProduct::of(koohook.world(), answers_after(span));
            koohook.world().lag(millis(lag));
            let before = elapsed(&koohook);
            codes.insert(buy(&koohook, "CS1").code);
            let took = elapsed(&koohook) - before;
            assert!(
                took <= millis(4_000),
                "{took:?} with a store of {lag} ms, a product of {span}"
            );
        }
    }
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["000000", "000004"]);
}

#[test]
fn the_product_gets_the_time_of_a_longer_v1_deadline() {
    for (span, code) in [(13_000, "000000"), (13_600, "000004")] {
        let koohook = with_product_and("KOOHOOK_V1_DEADLINE_MILLIS", "15000");
        ScriptedProduct::of(koohook.world(), answers_after(span));
        assert_eq!(buy_v1(&koohook, "CS1").code, code);
        assert!(elapsed(&koohook) <= millis(14_500));
        let before = elapsed(&koohook);
        koohook.world().pass(millis(30_000));
        assert_eq!(buy(&koohook, "CS2").code, "000004", "V2 keeps its budget");
        assert_eq!(elapsed(&koohook) - before, millis(32_500));
    }
}

#[test]
fn a_panic_during_delivery_keeps_the_answer() {
    let koohook = with_product();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Panics);
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    assert_eq!(relay(&koohook).troubled, 0, "the claim has not expired");
    koohook.world().pass(millis(6_000));
    assert_eq!(relay(&koohook).troubled, 1, "a panic does not end the relay's run");
    koohook.world().pass(millis(15_000));
    product.meets(koohook.world(), |_| READY);
    assert_eq!(relay(&koohook).delivered, 1);
    assert!(is_ready(&koohook, &id("CS1")));
}

#[test]
fn a_settlement_keeps_the_change_of_a_faster_call() {
    let koohook = Arc::new(with_product());
    let other = Arc::clone(&koohook);
    let product = ScriptedProduct::of(koohook.world(), move |_| {
        assert_eq!(release(&other, "CS1"), "000000");
        READY
    });
    let answer = buy(&koohook, "CS1");
    assert_eq!((answer.code.as_str(), answer.instance_id), ("000000", Some(id("CS1"))));
    assert_eq!(state(&koohook, &id("CS1")), InstanceState::Released);
    assert_eq!(
        access(&koohook, &id("CS1")),
        Access::Pending,
        "a released instance stores no access data"
    );
    product.meets(koohook.world(), |_| READY);
    assert_eq!(relay(&koohook).delivered, 1);
    let kinds: Vec<_> = product.effects().iter().map(|notice| notice.kind().to_owned()).collect();
    assert_eq!(kinds, ["instance.created", "instance.released"]);
}

#[test]
fn a_settlement_that_fails_leaves_the_notice_to_the_relay() {
    let successes = [StoreFault::None, StoreFault::None];
    for (trouble, times, code, sent) in [
        (StoreFault::ReplyLost, 1, "000000", 1),
        (StoreFault::ReplyLost, 3, "000004", 1),
        (StoreFault::Refused, 2, "000000", 1),
        (StoreFault::Refused, 3, "000004", 2),
    ] {
        let koohook = with_product();
        let product = ScriptedProduct::of(koohook.world(), |_| READY);
        koohook.store().plan(successes.into_iter().chain(std::iter::repeat_n(trouble, times)));
        assert_eq!(buy(&koohook, "CS1").code, code, "{trouble:?} {times}");
        koohook.store().plan([]);
        koohook.world().pass(millis(6_000));
        relay(&koohook);
        assert_eq!(product.messages().len(), sent, "{trouble:?} {times}");
        assert_eq!(product.effects().len(), 1);
        assert_eq!(buy(&koohook, "CS1").code, "000000");
    }
}

#[test]
fn a_process_that_ends_at_any_point_neither_loses_nor_repeats_a_notice() {
    for mood in [READY, Mood::LosesReply, HANGS, Mood::Refuses(503, "")] {
        for point in 0.. {
            let koohook = with_product();
            let first = mood.clone();
            let product = ScriptedProduct::of(koohook.world(), move |_| first.clone());
            koohook.world().halt_at(point);
            let purchase = purchase("CS1", "CS1-1");
            let done = run_until_halt(koohook.world(), koohook.v2(&purchase)).is_some();
            koohook.world().pass(millis(36_000));
            product.meets(koohook.world(), |_| READY);
            let answer = buy(&koohook, "CS1");
            assert_eq!(answer.instance_id, Some(id("CS1")));
            relay(&koohook);
            assert_eq!(product.effects().len(), 1, "{mood:?} ended at point {point}");
            assert!(is_ready(&koohook, &id("CS1")));
            if done {
                // A read, a write, a message, and the write that settles the notice.
                assert_eq!(point, 8, "every wait was interrupted");
                break;
            }
        }
    }
}

/// The first answer decides whether the marketplace treats the purchase as paid (decision D11).
/// That answer is the product's, not the template's.
#[test]
fn a_template_does_not_settle_a_purchase_that_the_product_refuses() {
    const REFUSES: Mood = Mood::Answers(Duration::ZERO, 200, r#"{"refuse":"000106"}"#);
    for (mood, code, is_settled) in [(REFUSES, "000106", false), (LATER, "000000", true)] {
        let koohook = with_product_and("KOOHOOK_APP_INFO", tests::call::APP_INFO);
        ScriptedProduct::of(koohook.world(), move |_| mood.clone());
        assert_eq!(buy_v1(&koohook, "CS1").code, code);
        let instance = run(koohook.instance(&id_v1("CS1")));
        assert_eq!(instance.abandon_at.is_none(), is_settled, "{code}");
    }
}
