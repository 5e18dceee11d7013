//! When a purchase is abandoned, and which calls settle it for ever.

use std::time::Duration;

use domain::entity::Entity;
use domain::instance::Access;
use domain::notice::NoticeType;
use domain::record::EntityRecord;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use tests::call::{APP_INFO, PENDING, koohook, run, v1};
use tests::log::Log;
use tests::world::NOW;

use super::{Over, named, sqlite};
use crate::lifecycle::{CALLBACKS, PATIENCE_MILLIS, instance_id, standing};

// V1's patience (decision D11).

/// The relay alone abandons: whoever calls, however late, finds what is stored.
#[test]
fn no_callback_abandons_a_purchase() {
    let koohook = koohook(&PENDING);
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    let patience_ends = Some(UnixMillis::new(NOW + PATIENCE_MILLIS));
    for counts in [(1, 1), (1, 0), (1, 0)] {
        let answer = run(purchase.send(&koohook, ""));
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000004", counts));
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, patience_ends);
        koohook.world().pass(Duration::from_hours(1));
    }
    koohook.world().set_now(NOW + 10 * PATIENCE_MILLIS);
    let query = run(named("V1 queryInstance").send(&koohook, id.as_str()));
    assert_eq!(query.code, "000004", "it may be made still");
    assert_eq!(run(purchase.send(&koohook, "")).code, "000004");
    let instance = run(koohook.instance(id.as_str()));
    assert_eq!((instance.access, instance.abandon_at), (Access::Pending, patience_ends));
}

/// A V1 purchase that is pending, and not settled.
fn unsettled() -> EntityRecord {
    let mut kept = standing("pending", Contract::V1).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.abandon_at = Some(UnixMillis::new(NOW + PATIENCE_MILLIS));
    }
    kept
}

/// Whatever shows that the purchase was paid settles it, whether it has any other effect or not.
#[test]
fn every_later_call_settles_a_purchase_for_ever() {
    let later = CALLBACKS.iter().filter(|callback| {
        let name = callback.name;
        let looks = ["newInstance", "queryInstance", "changeInstanceCheck", "releaseInstance"];
        callback.contract == Contract::V1 && !looks.iter().any(|look| name.ends_with(look))
    });
    let mut count = 0;
    for callback in later {
        let koohook = koohook(&PENDING);
        let id = instance_id(Contract::V1);
        run(koohook.keep(id.as_str(), &unsettled()));
        assert_eq!(run(callback.send(&koohook, id.as_str())).code, "000000", "{}", callback.name);
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None, "{}", callback.name);
        assert_eq!(run(named("V1 newInstance").send(&koohook, "")).code, "000004");
        let instance = run(koohook.instance(id.as_str()));
        assert_eq!(instance.abandon_at, None, "{}: for ever", callback.name);
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn an_acceptance_settles_a_purchase_for_ever() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    run(koohook.keep(id.as_str(), &unsettled()));
    let accepted = [("acceptanceTime", "20261006000000000")];
    let members = [&named("V1 newInstance").members("")[..], &accepted].concat();
    assert_eq!(run(koohook.v1(&members)).code, "000004");
    assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
    assert_eq!(run(named("V1 newInstance").send(&koohook, "")).code, "000004");
    assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
}

/// The template that answered for the product was missing for a moment: the purchase was answered
/// `000000` before, it is paid, and it stays.
#[test]
fn a_purchase_that_was_answered_once_is_settled_whatever_is_answered_later() {
    let folder = tempfile::tempdir().unwrap();
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    let with_template = [&PENDING[..], &[("KOOHOOK_APP_INFO", APP_INFO)]].concat();
    for (settings, code) in
        [(&with_template[..], "000000"), (&PENDING[..], "000004"), (&with_template[..], "000000")]
    {
        let koohook = Over::over(sqlite(&folder), settings);
        assert_eq!(run(purchase.send(&koohook, "")).code, code);
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None, "after {code}");
    }
}

/// V1 has no freshness: bytes that were captured before the abandonment revive nothing.
#[test]
fn a_replayed_purchase_is_not_revived_and_one_signed_since_is() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    let replayed = v1(NOW, &named("V1 newInstance").members(""));
    assert_eq!(run(koohook.reply(replayed.clone())).code, "000004");
    run(koohook.keep(id.as_str(), &standing("abandoned", Contract::V1).unwrap()));
    koohook.world().pass(Duration::from_hours(5));
    let before = run(koohook.kept(id.as_str()));
    koohook.store().take_counts();
    let old = v1(NOW - 60_000, &named("V1 newInstance").members(""));
    assert_eq!(run(koohook.reply(old)).code, "000004");
    assert_eq!(koohook.store().take_counts(), (1, 0));
    assert_eq!(run(koohook.kept(id.as_str())), before, "a replay changes nothing");
    assert_eq!(run(named("V1 newInstance").send(&koohook, "")).code, "000004");
    let instance = run(koohook.instance(id.as_str()));
    let again = Some(UnixMillis::new(koohook.world().now_millis() + PATIENCE_MILLIS));
    assert_eq!((instance.access, instance.abandon_at), (Access::Pending, again));
    assert_eq!(instance.abandoned_at, None);
}

/// A value of an older koohook does not say when it was abandoned: only what was signed just now
/// can be no replay.
#[test]
fn an_abandonment_of_unknown_time_believes_fresh_calls_alone() {
    for (ago, access) in [(601_000, Access::Abandoned), (0, Access::Pending)] {
        let koohook = koohook(&PENDING);
        let id = instance_id(Contract::V1);
        let mut kept = standing("abandoned", Contract::V1).unwrap();
        if let Entity::Instance(instance) = &mut kept.entity {
            instance.abandoned_at = None;
        }
        run(koohook.keep(id.as_str(), &kept));
        run(koohook.reply(v1(NOW - ago, &named("V1 newInstance").members(""))));
        assert_eq!(run(koohook.instance(id.as_str())).access, access, "{ago} ms ago");
    }
}

/// A wrong clock abandoned it at a time to come: whoever calls now is believed, not locked out.
#[test]
fn an_abandonment_under_a_clock_that_was_ahead_locks_nobody_out() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    let mut kept = standing("abandoned", Contract::V1).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.abandoned_at = Some(UnixMillis::new(NOW + 30 * 24 * 3_600_000));
    }
    run(koohook.keep(id.as_str(), &kept));
    let log = Log::default();
    let keep = log.keep();
    run(named("V1 refreshInstance renew").send(&koohook, id.as_str()));
    drop(keep);
    assert_eq!(run(koohook.instance(id.as_str())).access, Access::Pending);
    let line = log.callbacks().pop().unwrap();
    assert_eq!((&line["level"], &line["remarks"]), (&"ERROR".into(), &"revived".into()));
}

#[test]
fn the_first_success_ends_v1s_patience() {
    let koohook = koohook(&PENDING);
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    run(purchase.send(&koohook, ""));
    let mut kept = run(koohook.kept(id.as_str())).unwrap();
    let Some(Entity::Instance(ready)) = standing("ready", Contract::V1).map(|kept| kept.entity)
    else {
        panic!("a ready instance stands");
    };
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.access = ready.access;
    }
    run(koohook.keep(id.as_str(), &kept));
    koohook.store().take_counts();
    for counts in [(1, 1), (1, 0)] {
        let answer = run(purchase.send(&koohook, ""));
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", counts));
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
    }
    koohook.world().pass(Duration::from_hours(4));
    assert_eq!(run(purchase.send(&koohook, "")).code, "000000");
}

#[test]
fn v2_has_patience_without_end() {
    let koohook = koohook(&PENDING);
    run(named("V2 newInstance").send(&koohook, ""));
    let id = instance_id(Contract::V2);
    assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
    koohook.world().pass(Duration::from_hours(300));
    assert_eq!(run(named("V2 queryInstance").send(&koohook, id.as_str())).code, "000004");
}

/// What is offered anew names the purchase, whatever the call was about.
#[test]
fn a_later_call_about_an_abandoned_purchase_offers_it_anew() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    run(koohook.keep(id.as_str(), &standing("abandoned", Contract::V1).unwrap()));
    assert_eq!(run(named("V1 upgrade").send(&koohook, id.as_str())).code, "000000");
    let waiting = run(koohook.kept(id.as_str())).unwrap().outbox.waiting;
    let kinds: Vec<_> = waiting.iter().map(|notice| notice.kind).collect();
    let expected = [NoticeType::Abandoned, NoticeType::Created, NoticeType::Upgraded];
    assert!(expected.ends_with(&kinds), "{kinds:?}");
    let created = &waiting.iter().find(|it| it.kind == NoticeType::Created).unwrap().data;
    assert_eq!(created["orderId"], "CS1");
    assert_eq!(created["activity"], "newInstance");
    assert_eq!(created["instanceId"], id.as_str());
}
