//! The relay: everything that is due, in order, once; by one or several at once, to a product that
//! may be down for days.

use std::collections::BTreeMap;

use futures_util::future::join;
use marketplace::outbox::Trial;
use marketplace::time::UnixMillis;
use shell::store::{Queue, Store};
use tests::product::{HANGS, Mood, Product, READY};

use super::*;

/// So many purchases, each of which is frozen and thawed.
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

/// What a product has done that was told all of it, in order.
fn all_told(ids: &[String]) -> BTreeMap<String, Vec<u64>> {
    ids.iter().map(|id| (format!("{id}//"), vec![1, 2, 3])).collect()
}

fn on_agenda(koohook: &Bundled, queue: Queue) -> usize {
    let span = UnixMillis::EPOCH..=UnixMillis::MAX;
    run(koohook.store().agenda(queue, span, 1_000)).unwrap().len()
}

#[test]
fn everything_that_waits_is_told_in_order() {
    let koohook = relayed();
    let product = Product::of(koohook.world(), |_| READY);
    let ids = many(&koohook, 300);
    koohook.store().take_counts();
    let report = relay(&koohook);
    assert_eq!((report.delivered, report.failed, report.unfinished), (900, 0, false));
    assert_eq!(product.sequences(), all_told(&ids));
    assert_eq!(product.told().len(), 900);
    // A look each, and for each notice a claim and a settlement.
    assert_eq!(koohook.store().take_counts(), (600, 1_800));
    assert_eq!(on_agenda(&koohook, Queue::Due), 0);
    assert!(relay(&koohook).is_empty());
}

#[test]
fn two_relays_at_once_tell_nothing_twice() {
    let koohook = relayed();
    let product = Product::of(koohook.world(), |_| READY);
    let ids = many(&koohook, 40);
    let desk = koohook.door.desk();
    let [one, two] = [(); 2].map(|()| Relay::new(desk, Duration::from_secs(50)).run());
    let (one, two) = run(join(one, two));
    let (one, two) = (one.unwrap(), two.unwrap());
    relay(&koohook);
    assert_eq!(product.sequences(), all_told(&ids));
    assert_eq!(product.told().len(), 120, "every notice once");
    assert!(one.delivered > 0 && two.delivered > 0, "{one:?} {two:?}");
}

#[test]
fn a_product_that_is_plainly_down_is_left_alone() {
    for (mood, is_silent) in [
        (Mood::NotReached, true),
        (Mood::LosesReply, true),
        (HANGS, true),
        (Mood::Refuses(503, ""), false),
    ] {
        let koohook = relayed();
        let ids = many(&koohook, 60);
        let met = mood.clone();
        Product::of(koohook.world(), move |_| met.clone());
        // Time here is spent by one after the other, though they wait at once.
        let run_of = Relay::new(koohook.door.desk(), Duration::from_mins(5));
        let report = run(run_of.run()).unwrap();
        assert_eq!(report.stopped, is_silent, "{mood:?}");
        let trials = ids.iter().map(|id| outbox(&koohook, id).trial);
        let tried = trials.flatten().filter(|trial: &Trial| trial.count > 0).count();
        let expected = if is_silent { 5..=20 } else { 60..=60 };
        assert!(expected.contains(&tried), "{mood:?}: {tried} were tried");
        assert_eq!(report.failed, tried, "what was not touched counts no attempt");
    }
}

#[test]
fn a_product_that_was_down_for_a_day_learns_everything_in_order() {
    let koohook = relayed();
    let ids = many(&koohook, 12);
    let product = Product::of(koohook.world(), |_| Mood::NotReached);
    for _ in 0..24 * 6 {
        koohook.world().pass(Duration::from_mins(10));
        relay(&koohook);
    }
    assert_eq!(product.told().len(), 0);
    let mut up = 0;
    product.meets(koohook.world(), move |_| {
        up += 1;
        if up % 3 == 0 { Mood::LosesReply } else { READY }
    });
    for _ in 0..12 {
        koohook.world().pass(Duration::from_mins(67));
        relay(&koohook);
    }
    assert_eq!(product.sequences(), all_told(&ids), "each once, in order");
    assert!(ids.iter().all(|id| outbox(&koohook, id).waiting.is_empty()));
}

#[test]
fn a_product_that_is_down_for_long_leaves_dead_letters_that_can_be_replayed() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    let id = id("CS1");
    set_status(&koohook, &id, "FREEZE");
    let product = Product::of(koohook.world(), |_| Mood::Refuses(500, ""));
    assert_eq!((on_agenda(&koohook, Queue::Due), on_agenda(&koohook, Queue::Dead)), (1, 0));
    let mut dead = 0;
    for _ in 0..74 {
        dead += relay(&koohook).dead;
        koohook.world().pass(Duration::from_mins(66));
    }
    assert_eq!(dead, 1);
    assert_eq!((on_agenda(&koohook, Queue::Due), on_agenda(&koohook, Queue::Dead)), (0, 1));
    let told = product.told().len();
    product.meets(koohook.world(), |_| READY);
    assert!(relay(&koohook).is_empty(), "a dead purchase blocks what comes after it");
    let mut kept = run(koohook.kept(&id)).unwrap();
    assert!(kept.outbox.replay(1));
    run(koohook.keep(&id, &kept));
    // Any call puts it on the agenda again, where a tool that replays has not.
    set_status(&koohook, &id, "UNFREEZE");
    assert_eq!(relay(&koohook).delivered, 3);
    assert_eq!((product.told().len(), product.effects().len()), (told + 3, 3));
    assert_eq!(on_agenda(&koohook, Queue::Dead), 0);
}

#[test]
fn whoever_releases_what_was_never_told_tells_nobody() {
    let koohook = relayed();
    let product = Product::of(koohook.world(), |_| READY);
    many(&koohook, 1);
    assert_eq!(release(&koohook, "CS0"), "000000");
    assert!(relay(&koohook).is_empty());
    assert_eq!(product.told().len(), 0);
    assert_eq!(outbox(&koohook, &id("CS0")).dropped, 4);
}

// V1's patience (decision D11).

const PATIENCE: Duration = Duration::from_mins(210);

#[test]
fn what_is_abandoned_before_it_was_offered_is_never_told() {
    let koohook = relayed();
    let product = Product::of(koohook.world(), |_| READY);
    product.meets(koohook.world(), |_| Mood::NotReached);
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    koohook.world().pass(PATIENCE);
    product.meets(koohook.world(), |_| READY);
    let report = relay(&koohook);
    assert_eq!((report.abandoned, report.delivered), (1, 0));
    assert_eq!(access(&koohook, &id_v1("CS1")), Access::Abandoned);
    assert_eq!(product.told().len(), 0);
}

#[test]
fn what_is_abandoned_after_it_was_offered_is_told_so_and_can_be_bought_again() {
    let koohook = relayed();
    let product = Product::of(koohook.world(), |_| Mood::Refuses(503, ""));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    assert_eq!(relay(&koohook).failed, 1);
    koohook.world().pass(PATIENCE);
    let before = product.told().len();
    assert_eq!(relay(&koohook).abandoned, 1);
    let last = product.told();
    assert!(last[before..].iter().all(|told| told.kind() == "instance.abandoned"));
    product.meets(koohook.world(), |_| READY);
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004", "it is to be made again");
    relay(&koohook);
    let effects: Vec<_> =
        product.effects().iter().map(|told| (told.kind().to_owned(), told.sequence())).collect();
    assert_eq!(effects, [("instance.abandoned".to_owned(), 2), ("instance.created".to_owned(), 3)]);
    assert_eq!(buy_v1(&koohook, "CS1").code, "000000");
}
