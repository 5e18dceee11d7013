//! The relay delivers every due notice once and in order. Several relays may run concurrently, and
//! the product may be down for days.

use std::collections::BTreeMap;

use domain::instance::ClockTrust;
use domain::outbox::{Attempt, DeliveryState, Reader};
use domain::record::EntityRecord;
use futures_util::future::join;
use protocol::time::UnixMillis;
use shell::store::{Queue, Store};
use tests::product::{HANGS, Mood, READY, ScriptedProduct};

use super::*;

/// Buys `orders` instances, and freezes and unfreezes each one.
fn many(koohook: &Bundled, orders: usize) -> Vec<String> {
    let orders: Vec<_> = (0..orders).map(|order| format!("CS{order}")).collect();
    for order in &orders {
        buy(koohook, order);
        for status in ["FREEZE", "UNFREEZE"] {
            assert_eq!(set_status(koohook, &id(order), status), "000000");
        }
    }
    orders.iter().map(|order| id(order)).collect()
}

/// The sequences that a product must have received: all notices, in order.
fn all_notices(ids: &[String]) -> BTreeMap<String, Vec<u64>> {
    ids.iter().map(|id| (format!("{id}//"), vec![1, 2, 3])).collect()
}

fn on_agenda(koohook: &Bundled, queue: Queue) -> usize {
    let span = UnixMillis::EPOCH..=UnixMillis::MAX;
    run(koohook.store().agenda(queue, span, 1_000)).unwrap().len()
}

#[test]
fn the_relay_sends_every_waiting_notice_in_order() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    let ids = many(&koohook, 300);
    koohook.store().take_counts();
    let report = relay(&koohook);
    assert_eq!((report.delivered, report.failed, report.unfinished), (900, 0, false));
    assert_eq!(product.sequences(), all_notices(&ids));
    assert_eq!(product.messages().len(), 900);
    // One read for each entity; one claim for each entity, and one settlement for each notice. A
    // settlement also claims the next notice.
    assert_eq!(koohook.store().take_counts(), (300, 1_200));
    assert_eq!(on_agenda(&koohook, Queue::Due), 0);
    assert!(relay(&koohook).is_empty());
}

#[test]
fn two_concurrent_relays_send_no_notice_twice() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    let ids = many(&koohook, 40);
    let context = koohook.endpoint.context();
    let [one, two] = [(); 2].map(|()| Relay::new(context, Duration::from_secs(50)).run());
    let (one, two) = run(join(one, two));
    let (one, two) = (one.unwrap(), two.unwrap());
    relay(&koohook);
    assert_eq!(product.sequences(), all_notices(&ids));
    assert_eq!(product.messages().len(), 120, "every notice once");
    assert!(one.delivered > 0 && two.delivered > 0, "{one:?} {two:?}");
}

#[test]
fn a_run_stops_early_if_the_product_is_down() {
    for (mood, is_silent) in [
        (Mood::NotReached, true),
        (Mood::LosesReply, true),
        (HANGS, true),
        (Mood::Refuses(503, ""), false),
    ] {
        let koohook = relayed();
        let ids = many(&koohook, 60);
        let met = mood.clone();
        ScriptedProduct::of(koohook.world(), move |_| met.clone());
        // The run is long enough for all attempts. So only the rule for a product that is down can
        // stop it.
        let run_of = Relay::new(koohook.endpoint.context(), Duration::from_mins(5));
        let report = run(run_of.run()).unwrap();
        assert_eq!(report.stopped, is_silent, "{mood:?}");
        let trials = ids.iter().map(|id| outbox(&koohook, id).delivery);
        let tried = trials.flatten().filter(|trial: &DeliveryState| trial.count > 0).count();
        let expected = if is_silent { 5..=20 } else { 60..=60 };
        assert!(expected.contains(&tried), "{mood:?}: {tried} were attempted");
        assert_eq!(report.failed, tried, "an entity that was not attempted counts no attempt");
    }
}

#[test]
fn a_product_that_was_down_for_a_day_gets_every_notice_in_order() {
    let koohook = relayed();
    let ids = many(&koohook, 12);
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::NotReached);
    for _ in 0..24 * 6 {
        koohook.world().pass(Duration::from_mins(10));
        relay(&koohook);
    }
    assert_eq!(product.messages().len(), 0);
    let mut up = 0;
    product.meets(koohook.world(), move |_| {
        up += 1;
        if up % 3 == 0 { Mood::LosesReply } else { READY }
    });
    for _ in 0..12 {
        koohook.world().pass(Duration::from_mins(67));
        relay(&koohook);
    }
    assert_eq!(product.sequences(), all_notices(&ids), "each once, in order");
    assert!(ids.iter().all(|id| outbox(&koohook, id).waiting.is_empty()));
}

#[test]
fn dead_letters_of_a_long_outage_can_be_replayed() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    let id = id("CS1");
    set_status(&koohook, &id, "FREEZE");
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(500, ""));
    assert_eq!((on_agenda(&koohook, Queue::Due), on_agenda(&koohook, Queue::Dead)), (1, 0));
    let mut dead = 0;
    for _ in 0..74 {
        dead += relay(&koohook).dead;
        koohook.world().pass(Duration::from_mins(66));
    }
    assert_eq!(dead, 1);
    assert_eq!((on_agenda(&koohook, Queue::Due), on_agenda(&koohook, Queue::Dead)), (0, 1));
    let sent = product.messages().len();
    product.meets(koohook.world(), |_| READY);
    assert!(
        relay(&koohook).is_empty(),
        "a purchase that is a dead letter blocks the notices after it"
    );
    let mut kept = run(koohook.kept(&id)).unwrap();
    assert!(kept.outbox.replay(1));
    run(koohook.keep(&id, &kept));
    // The replay above did not put the entity on the agenda. This call does.
    set_status(&koohook, &id, "UNFREEZE");
    assert_eq!(relay(&koohook).delivered, 3);
    assert_eq!((product.messages().len(), product.effects().len()), (sent + 3, 3));
    assert_eq!(on_agenda(&koohook, Queue::Dead), 0);
}

#[test]
fn the_release_of_a_purchase_that_was_never_offered_is_not_sent() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    many(&koohook, 1);
    assert_eq!(release(&koohook, "CS0"), "000000");
    assert!(relay(&koohook).is_empty());
    assert_eq!(product.messages().len(), 0);
    assert_eq!(outbox(&koohook, &id("CS0")).dropped, 4);
}

const ABANDON_AFTER: Duration = Duration::from_mins(210);
const SECOND_CHECK_AFTER: Duration = Duration::from_mins(10);

/// A V1 purchase that the product did not answer until the marketplace stopped waiting. The relay
/// has checked it once.
fn checked_once(mood: &Mood) -> (Bundled, ScriptedProduct) {
    let koohook = relayed();
    let met = mood.clone();
    let product = ScriptedProduct::of(koohook.world(), move |_| met.clone());
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    koohook.world().pass(ABANDON_AFTER);
    assert_eq!(relay(&koohook).abandoned, 0, "the first check only stores its time");
    (koohook, product)
}

#[test]
fn a_purchase_abandoned_before_its_offer_is_never_sent() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    // Its first offer is postponed until after the marketplace stopped waiting.
    let mut kept = run(koohook.kept(&id_v1("CS1"))).unwrap();
    let attempted = UnixMillis::new(koohook.world().now_millis() + 600_000);
    let attempt = Attempt::of_fault(attempted, "made up".to_owned());
    for _ in 0..2 {
        let now = UnixMillis::new(koohook.world().now_millis());
        kept.outbox.postpone(1, attempt.clone(), 0, now.after(Duration::from_mins(60)));
        run(koohook.keep(&id_v1("CS1"), &kept));
        koohook.world().pass(ABANDON_AFTER / 2);
    }
    let pass = |kept: EntityRecord| {
        let now = UnixMillis::new(koohook.world().now_millis());
        kept.pass(Reader::Product, ClockTrust::Trusted, now)
    };
    let first = pass(kept);
    koohook.world().pass(SECOND_CHECK_AFTER);
    let second = pass(first.record);
    assert!(!first.abandoned && second.abandoned);
    assert_eq!(second.record.outbox.waiting, [], "neither the purchase nor its abandonment");
    run(koohook.keep(&id_v1("CS1"), &second.record));
    assert!(relay(&koohook).is_empty());
    assert_eq!(access(&koohook, &id_v1("CS1")), Access::Abandoned);
    assert_eq!(product.messages().len(), 0);
}

#[test]
fn a_purchase_abandoned_after_its_offer_is_sent_and_can_be_bought_again() {
    let (koohook, product) = checked_once(&Mood::Refuses(503, ""));
    koohook.world().pass(SECOND_CHECK_AFTER);
    let before = product.messages().len();
    assert_eq!(relay(&koohook).abandoned, 1);
    let last = product.messages();
    assert!(last[before..].iter().all(|notice| notice.kind() == "instance.abandoned"));
    product.meets(koohook.world(), |_| READY);
    koohook.world().pass(millis(1));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004", "the product must create it again");
    relay(&koohook);
    let effects: Vec<_> = product
        .effects()
        .iter()
        .map(|notice| (notice.kind().to_owned(), notice.sequence()))
        .collect();
    assert_eq!(effects, [("instance.abandoned".to_owned(), 2), ("instance.created".to_owned(), 3)]);
    assert_eq!(buy_v1(&koohook, "CS1").code, "000000");
}

/// The relay abandons a purchase only at a check that follows a stored check by ten minutes to a
/// day. Every other check is stored as the first one. So a clock that is wrong for a moment does no
/// harm.
#[test]
fn only_a_second_check_in_time_abandons_a_purchase() {
    const MINUTE: i64 = 60_000;
    for (then, abandoned) in [
        (0, 0),
        (9 * MINUTE + 59_999, 0),
        (10 * MINUTE, 1),
        (24 * 60 * MINUTE, 1),
        (24 * 60 * MINUTE + 1, 0),
        (400 * 24 * 60 * MINUTE, 0),
        (-MINUTE, 0),
    ] {
        let (koohook, _) = checked_once(&Mood::Refuses(503, ""));
        let checked_at = i64::try_from(koohook.world().now_millis()).unwrap();
        koohook.world().set_now(u64::try_from(checked_at + then).unwrap());
        assert_eq!(pass_now(&koohook), abandoned, "{then} ms after the first check");
    }
}

/// Checks the purchase as the relay does after it finds the purchase on the agenda.
fn pass_now(koohook: &Bundled) -> usize {
    let kept = run(koohook.kept(&id_v1("CS1"))).unwrap();
    let now = UnixMillis::new(koohook.world().now_millis());
    let passed = kept.pass(Reader::Product, ClockTrust::Trusted, now);
    usize::from(passed.abandoned)
}

/// The next run corrects the times that the relay stored under the wrong clock.
#[test]
fn a_clock_that_is_wrong_for_seconds_abandons_nothing() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    assert_eq!(buy(&koohook, "CS2").code, "000004");
    for jump in [4, 24 * 365] {
        let right = koohook.world().now_millis();
        koohook.world().set_now(right + jump * 3_600_000);
        for _ in 0..6 {
            assert_eq!(relay(&koohook).abandoned, 0);
            koohook.world().pass(Duration::from_secs(1));
        }
        koohook.world().set_now(right + 6_000);
        assert_eq!(relay(&koohook).abandoned, 0);
    }
    product.meets(koohook.world(), |_| READY);
    koohook.world().pass(Duration::from_mins(67));
    relay(&koohook);
    assert!(is_ready(&koohook, &id_v1("CS1")) && is_ready(&koohook, &id("CS2")));
    let effects = product.effects();
    assert!(effects.iter().all(|notice| notice.kind() == "instance.created"), "{effects:?}");
    assert_eq!((buy_v1(&koohook, "CS1").code, effects.len()), ("000000".to_owned(), 2));
}
