//! When the relay abandons a purchase, and which calls settle it permanently (decision D11).

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
use crate::lifecycle::{ABANDON_AFTER_MILLIS, CALLBACKS, instance_id, standing};

/// Only the relay abandons a purchase. A late callback finds the stored state.
#[test]
fn no_callback_abandons_a_purchase() {
    let koohook = koohook(&PENDING);
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    let abandon_at = Some(UnixMillis::new(NOW + ABANDON_AFTER_MILLIS));
    for counts in [(1, 1), (1, 0), (1, 0)] {
        let answer = run(purchase.send(&koohook, ""));
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000004", counts));
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, abandon_at);
        koohook.world().pass(Duration::from_hours(1));
    }
    koohook.world().set_now(NOW + 10 * ABANDON_AFTER_MILLIS);
    let query = run(named("V1 queryInstance").send(&koohook, id.as_str()));
    assert_eq!(query.code, "000004", "the product may still create it");
    assert_eq!(run(purchase.send(&koohook, "")).code, "000004");
    let instance = run(koohook.instance(id.as_str()));
    assert_eq!((instance.access, instance.abandon_at), (Access::Pending, abandon_at));
}

/// A pending V1 purchase that is not settled.
fn unsettled() -> EntityRecord {
    let mut kept = standing("pending", Contract::V1).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.abandon_at = Some(UnixMillis::new(NOW + ABANDON_AFTER_MILLIS));
    }
    kept
}

/// Every call that shows that the purchase was paid settles it, even if the call has no other
/// effect.
#[test]
fn every_later_call_settles_a_purchase_permanently() {
    let later = CALLBACKS.iter().filter(|callback| {
        let name = callback.name;
        let not_settling =
            ["newInstance", "queryInstance", "changeInstanceCheck", "releaseInstance"];
        callback.contract == Contract::V1 && !not_settling.iter().any(|other| name.ends_with(other))
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
        assert_eq!(instance.abandon_at, None, "{}: the purchase stays settled", callback.name);
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn an_acceptance_settles_a_purchase_permanently() {
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

/// A template that answers for the product may be missing for some time. A purchase that was
/// answered `000000` before is paid, so it must stay settled.
#[test]
fn a_purchase_with_one_successful_answer_stays_settled() {
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

/// V1 does not limit a call's age, so a captured call may be replayed. It must not revive the
/// purchase.
#[test]
fn only_a_call_signed_after_the_abandonment_revives_a_purchase() {
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
    assert_eq!(run(koohook.kept(id.as_str())), before, "a replay must change nothing");
    assert_eq!(run(named("V1 newInstance").send(&koohook, "")).code, "000004");
    let instance = run(koohook.instance(id.as_str()));
    let restarted = Some(UnixMillis::new(koohook.world().now_millis() + ABANDON_AFTER_MILLIS));
    assert_eq!((instance.access, instance.abandon_at), (Access::Pending, restarted));
    assert_eq!(instance.abandoned_at, None);
}

/// A record of an older koohook has no time of abandonment. Then koohook revives the purchase only
/// for a call that was signed just now, because such a call is not a replay.
#[test]
fn without_an_abandonment_time_only_a_fresh_call_revives_a_purchase() {
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

/// A wrong clock stored a time of abandonment in the future. A call now must revive the purchase.
#[test]
fn an_abandonment_time_in_the_future_does_not_block_a_call() {
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
fn the_first_success_settles_a_v1_purchase() {
    let koohook = koohook(&PENDING);
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    run(purchase.send(&koohook, ""));
    let mut kept = run(koohook.kept(id.as_str())).unwrap();
    let Some(Entity::Instance(ready)) = standing("ready", Contract::V1).map(|kept| kept.entity)
    else {
        panic!("the ready record is not an instance");
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
fn a_v2_purchase_is_never_abandoned() {
    let koohook = koohook(&PENDING);
    run(named("V2 newInstance").send(&koohook, ""));
    let id = instance_id(Contract::V2);
    assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
    koohook.world().pass(Duration::from_hours(300));
    assert_eq!(run(named("V2 queryInstance").send(&koohook, id.as_str())).code, "000004");
}

/// The new offer contains the members of the purchase, not those of the later call.
#[test]
fn a_later_call_about_an_abandoned_purchase_offers_it_again() {
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
