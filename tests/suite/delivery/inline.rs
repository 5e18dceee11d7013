//! Step 7 of a callback (decision E2): told at once, in time, and never at the answer's cost.

use std::sync::Arc;

use tests::call::run_until_halt;
use tests::product::{HANGS, Mood, READY, ScriptedProduct, Told};
use tests::world::Trouble;

use super::*;

const LATER: Mood = Mood::Answers(Duration::ZERO, 202, "");

fn answers_after(span: u64) -> impl FnMut(&Told) -> Mood {
    move |_| Mood::Answers(millis(span), 200, r#"{"appInfo":{"frontEndUrl":"https://a.example"}}"#)
}

#[test]
fn a_purchase_is_answered_with_what_the_product_said_at_once() {
    let koohook = told();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    let answer = buy(&koohook, "CS1");
    assert_eq!((answer.code.as_str(), answer.instance_id), ("000000", Some(id("CS1"))));
    assert_eq!(koohook.store().take_counts(), (1, 2), "the commit, and the settlement");
    assert!(is_ready(&koohook, &id("CS1")));
    assert_eq!(outbox(&koohook, &id("CS1")).waiting, []);
    assert_eq!(product.told().len(), 1);
}

#[test]
fn a_purchase_that_the_product_makes_later_waits_under_its_id() {
    let koohook = told();
    let product = ScriptedProduct::of(koohook.world(), |_| LATER);
    for told in [1, 1] {
        let answer = buy(&koohook, "CS1");
        assert_eq!((answer.code.as_str(), answer.instance_id), ("000004", Some(id("CS1"))));
        assert_eq!(product.told().len(), told, "taken is taken");
    }
    assert_eq!(outbox(&koohook, &id("CS1")).waiting, []);
}

#[test]
fn a_purchase_under_v1_is_answered_with_access_data_at_once() {
    let koohook = told();
    ScriptedProduct::of(koohook.world(), |_| READY);
    let answer = buy_v1(&koohook, "CS1");
    assert_eq!(answer.code, "000000");
    assert_eq!(answer.app_info.unwrap().front_end_url, "https://app.example.com/i");
    assert_eq!(koohook.store().take_counts(), (1, 2));
    assert_eq!(run(koohook.instance(&id_v1("CS1"))).abandon_at, None, "V1 was answered");
    let pending = told();
    ScriptedProduct::of(pending.world(), |_| LATER);
    assert_eq!(buy_v1(&pending, "CS1").code, "000004");
    assert!(run(pending.instance(&id_v1("CS1"))).abandon_at.is_some());
}

#[test]
fn a_product_has_its_budget_and_no_more() {
    for (span, code, took) in [(2_499, "000000", 2_499), (2_500, "000004", 2_500)] {
        let koohook = told();
        ScriptedProduct::of(koohook.world(), answers_after(span));
        assert_eq!(buy(&koohook, "CS1").code, code);
        assert_eq!(elapsed(&koohook), millis(took));
    }
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    assert_eq!(koohook.store().take_counts(), (1, 1));
    assert_eq!(outbox(&koohook, &id("CS1")).delivery, None, "and nobody claims what he leaves");
    assert_eq!(product.told().len(), 0);
}

#[test]
fn who_waited_in_vain_lets_nobody_wait_for_half_a_minute() {
    let koohook = told();
    let product = ScriptedProduct::of(koohook.world(), |_| HANGS);
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    product.meets(koohook.world(), |_| READY);
    koohook.world().pass(millis(29_999));
    assert_eq!((buy(&koohook, "CS2").code.as_str(), product.told().len()), ("000004", 1));
    koohook.world().pass(millis(1));
    assert_eq!((buy(&koohook, "CS3").code.as_str(), product.told().len()), ("000000", 2));
    // A product that answers, however badly, keeps nobody waiting.
    product.meets(koohook.world(), |_| Mood::Refuses(500, ""));
    assert_eq!(buy(&koohook, "CS4").code, "000004");
    product.meets(koohook.world(), |_| READY);
    assert_eq!(buy(&koohook, "CS5").code, "000000");
}

#[test]
fn with_less_than_a_second_left_nobody_is_told() {
    // Before the commit, and after it; and what is claimed then is not muted.
    for (lag, is_claimed) in [(3_100, false), (1_600, true)] {
        let koohook = told();
        let product = ScriptedProduct::of(koohook.world(), |_| READY);
        koohook.world().lag(millis(lag));
        let code = buy(&koohook, "CS1").code;
        koohook.world().lag(Duration::ZERO);
        assert!(["000004", "000005"].contains(&code.as_str()));
        assert_eq!(product.told().len(), 0, "{lag}");
        assert_eq!(outbox(&koohook, &id("CS1")).delivery.is_some(), is_claimed);
        assert_eq!(buy(&koohook, "CS2").code, "000000", "{lag}");
    }
}

#[test]
fn no_answer_is_late_whatever_product_and_store_do() {
    let mut codes = std::collections::BTreeSet::new();
    for lag in (0..2_000).step_by(130) {
        for span in (0..6_000).step_by(290) {
            let koohook = told();
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
fn a_longer_deadline_for_v1_is_the_products() {
    for (span, code) in [(13_000, "000000"), (13_600, "000004")] {
        let koohook = told_with("KOOHOOK_V1_DEADLINE_MILLIS", "15000");
        ScriptedProduct::of(koohook.world(), answers_after(span));
        assert_eq!(buy_v1(&koohook, "CS1").code, code);
        assert!(elapsed(&koohook) <= millis(14_500));
        let before = elapsed(&koohook);
        koohook.world().pass(millis(30_000));
        assert_eq!(buy(&koohook, "CS2").code, "000004", "V2 has what it had");
        assert_eq!(elapsed(&koohook) - before, millis(32_500));
    }
}

#[test]
fn a_panic_at_the_product_keeps_the_answer() {
    let koohook = told();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Panics);
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    assert_eq!(relay(&koohook).troubled, 0, "the claim has not run out");
    koohook.world().pass(millis(6_000));
    assert_eq!(relay(&koohook).troubled, 1, "nor does one bug end the relay");
    koohook.world().pass(millis(15_000));
    product.meets(koohook.world(), |_| READY);
    assert_eq!(relay(&koohook).delivered, 1);
    assert!(is_ready(&koohook, &id("CS1")));
}

#[test]
fn a_settlement_stands_on_what_a_faster_call_left() {
    let koohook = Arc::new(told());
    let other = Arc::clone(&koohook);
    let product = ScriptedProduct::of(koohook.world(), move |_| {
        assert_eq!(release(&other, "CS1"), "000000");
        READY
    });
    let answer = buy(&koohook, "CS1");
    assert_eq!((answer.code.as_str(), answer.instance_id), ("000000", Some(id("CS1"))));
    assert_eq!(state(&koohook, &id("CS1")), InstanceState::Released);
    assert_eq!(access(&koohook, &id("CS1")), Access::Pending, "a tombstone keeps no access");
    product.meets(koohook.world(), |_| READY);
    assert_eq!(relay(&koohook).delivered, 1);
    let kinds: Vec<_> = product.effects().iter().map(|told| told.kind().to_owned()).collect();
    assert_eq!(kinds, ["instance.created", "instance.released"]);
}

#[test]
fn a_settlement_that_fails_leaves_the_notice_to_the_relay() {
    let well = [Trouble::None, Trouble::None];
    for (trouble, times, code, told) in [
        (Trouble::ReplyLost, 1, "000000", 1),
        (Trouble::ReplyLost, 3, "000004", 1),
        (Trouble::Refused, 2, "000000", 1),
        (Trouble::Refused, 3, "000004", 2),
    ] {
        let koohook = self::told();
        let product = ScriptedProduct::of(koohook.world(), |_| READY);
        koohook.store().plan(well.into_iter().chain(std::iter::repeat_n(trouble, times)));
        assert_eq!(buy(&koohook, "CS1").code, code, "{trouble:?} {times}");
        koohook.store().plan([]);
        koohook.world().pass(millis(6_000));
        relay(&koohook);
        assert_eq!(product.told().len(), told, "{trouble:?} {times}");
        assert_eq!(product.effects().len(), 1);
        assert_eq!(buy(&koohook, "CS1").code, "000000");
    }
}

#[test]
fn a_process_that_ends_anywhere_loses_and_doubles_nothing() {
    for mood in [READY, Mood::LosesReply, HANGS, Mood::Refuses(503, "")] {
        for point in 0.. {
            let koohook = told();
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
                // A read, a write, a message, and the write that settles it.
                assert_eq!(point, 8, "an interruption at every wait");
                break;
            }
        }
    }
}

/// The first answer decides whether the marketplace has paid (decision D11): what the product said,
/// not what a template would have said.
#[test]
fn a_purchase_that_the_product_refuses_at_once_is_not_settled_by_a_template() {
    const REFUSES: Mood = Mood::Answers(Duration::ZERO, 200, r#"{"refuse":"000106"}"#);
    for (mood, code, is_settled) in [(REFUSES, "000106", false), (LATER, "000000", true)] {
        let koohook = told_with("KOOHOOK_APP_INFO", tests::call::APP_INFO);
        ScriptedProduct::of(koohook.world(), move |_| mood.clone());
        assert_eq!(buy_v1(&koohook, "CS1").code, code);
        let instance = run(koohook.instance(&id_v1("CS1")));
        assert_eq!(instance.abandon_at.is_none(), is_settled, "{code}");
    }
}
