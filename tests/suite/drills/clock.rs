//! The clock of koohook's machine is wrong by a day, while the marketplace's clock is right.

use std::time::Duration;

use domain::instance::{Access, InstanceState};
use domain::outbox::NoticeWait;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use shell::relay::Relay;
use tests::call::{Bundled, PENDING, koohook, run, v1};
use tests::product::{Mood, READY, ScriptedProduct};
use tests::world::NOW;

use crate::lifecycle::{ABANDON_AFTER_MILLIS, CALLBACKS, instance_id, standing};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The time that koohook's clock shows when the right time is `at`.
fn behind(koohook: &Bundled, at: u64) {
    koohook.world().set_now(at - DAY);
}

fn ahead(koohook: &Bundled, at: u64) {
    koohook.world().set_now(at + DAY);
}

/// Sends a V1 call that the marketplace signed at the right time. Returns the code and whether a
/// notice was added.
fn send(koohook: &Bundled, name: &str, signed_at: u64) -> (String, bool) {
    let id = instance_id(Contract::V1);
    let count = || run(koohook.kept(id.as_str())).map_or(0, |kept| kept.outbox.sequence);
    let before = count();
    let callback = CALLBACKS.iter().find(|callback| callback.name == name).unwrap();
    let members = callback.members(id.as_str());
    // Each renewal and each upgrade has its own order.
    let order = format!("CS-{signed_at}");
    let members: Vec<_> = members
        .iter()
        .map(|(name, text)| (*name, if *name == "orderId" { order.as_str() } else { *text }))
        .collect();
    let code = run(koohook.reply(v1(signed_at, &members))).code;
    (code, count() > before)
}

fn ready() -> Bundled {
    let koohook = koohook(&PENDING);
    let kept = standing("ready", Contract::V1).unwrap();
    run(koohook.keep(instance_id(Contract::V1).as_str(), &kept));
    koohook
}

/// V1 has no time limit, so koohook answers these calls. If they counted as older than the calls of
/// the last day, they would be lost: the marketplace does not repeat a call that was answered
/// `000000`.
#[test]
fn no_v1_change_is_lost_while_the_clock_is_a_day_behind() {
    for [first, second] in [
        ["V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"],
        ["V1 instanceStatus FREEZE", "V1 refreshInstance renew"],
        ["V1 refreshInstance renew", "V1 refreshInstance cancel"],
        ["V1 upgrade", "V1 upgrade"],
    ] {
        let koohook = ready();
        let applied = ("000000".to_owned(), true);
        assert_eq!(send(&koohook, first, NOW), applied, "{first} under the right clock");
        behind(&koohook, NOW + HOUR);
        assert_eq!(send(&koohook, second, NOW + HOUR), applied, "{second} after {first}");
        koohook.world().set_now(NOW + 2 * HOUR);
        assert_eq!(send(&koohook, first, NOW + 2 * HOUR).0, "000000");
    }
}

#[test]
fn calls_keep_their_order_after_the_clock_is_right_again() {
    let koohook = ready();
    let [freeze, unfreeze] = ["V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"];
    let state = || run(koohook.instance(instance_id(Contract::V1).as_str())).state;
    send(&koohook, freeze, NOW);
    behind(&koohook, NOW + HOUR);
    send(&koohook, unfreeze, NOW + HOUR);
    assert_eq!(state(), InstanceState::Active);
    // A copy of the first freeze, which is older than everything.
    send(&koohook, freeze, NOW - 1);
    assert_eq!(state(), InstanceState::Active, "an older call has no effect");
    koohook.world().set_now(NOW + 2 * HOUR);
    send(&koohook, freeze, NOW + 2 * HOUR);
    assert!(matches!(state(), InstanceState::Frozen(_)));
    send(&koohook, unfreeze, NOW + 2 * HOUR - 1);
    assert!(matches!(state(), InstanceState::Frozen(_)), "an older call has no effect");
}

fn relay(koohook: &Bundled) -> shell::relay::RelayReport {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap()
}

/// A V1 purchase that the product accepted, and whose access data it sends later.
fn accepted() -> Bundled {
    let koohook = koohook(&PENDING);
    ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 202, ""));
    send(&koohook, "V1 newInstance", NOW);
    relay(&koohook);
    koohook
}

fn access(koohook: &Bundled) -> Access {
    let id = domain::instance::id::derive(&format!("CS-{NOW}"), None, None);
    run(koohook.instance(id.as_str())).access
}

/// A run of the relay each minute of a jump that ends after these minutes, and for an hour after it.
fn jump(koohook: &Bundled, minutes: u64) {
    for minute in 0..minutes {
        ahead(koohook, NOW + minute * MINUTE);
        relay(koohook);
    }
    for minute in minutes..minutes + 60 {
        koohook.world().set_now(NOW + minute * MINUTE);
        relay(koohook);
    }
}

#[test]
fn a_jump_of_nine_minutes_abandons_no_purchase() {
    let koohook = accepted();
    jump(&koohook, 9);
    assert_eq!(access(&koohook), Access::Pending);
}

/// SQLite has no clock of its own. The page says so.
#[test]
fn a_purchase_that_waits_is_abandoned_if_the_only_clock_stays_a_day_ahead() {
    let koohook = accepted();
    jump(&koohook, 12);
    assert_eq!(access(&koohook), Access::Abandoned);
    // A call that was signed after the abandonment, by the right clock, revives the purchase.
    koohook.world().set_now(NOW + DAY + 2 * HOUR);
    let code = send_purchase_again(&koohook, NOW + DAY + 2 * HOUR);
    assert_eq!((code.as_str(), access(&koohook)), ("000004", Access::Pending));
}

fn send_purchase_again(koohook: &Bundled, signed_at: u64) -> String {
    let order = format!("CS-{NOW}");
    let callback = CALLBACKS.iter().find(|callback| callback.name == "V1 newInstance").unwrap();
    let members = callback.members("").into_iter();
    let members: Vec<_> = members
        .map(|(name, text)| (name, if name == "orderId" { order.as_str() } else { text }))
        .collect();
    run(koohook.reply(v1(signed_at, &members))).code
}

#[test]
fn a_clock_that_is_a_day_behind_abandons_nothing_later() {
    let koohook = accepted();
    for minute in 0..4 * 60 {
        behind(&koohook, NOW + minute * MINUTE);
        relay(&koohook);
    }
    assert_eq!(access(&koohook), Access::Pending);
    let due = NOW + ABANDON_AFTER_MILLIS + 31 * MINUTE;
    for at in [due, due + 9 * MINUTE, due + 11 * MINUTE] {
        assert_eq!(access(&koohook), Access::Pending, "two runs are needed");
        koohook.world().set_now(at);
        relay(&koohook);
    }
    assert_eq!(access(&koohook), Access::Abandoned);
}

/// The pause of a notice ends a day late by the wrong clock. The first run under the right clock
/// sends the notice, and the commands say so.
#[test]
fn a_notice_that_waited_under_a_clock_a_day_ahead_is_sent_at_once() {
    let koohook = ready();
    let id = instance_id(Contract::V1);
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(500, ""));
    ahead(&koohook, NOW);
    send(&koohook, "V1 instanceStatus FREEZE", NOW);
    relay(&koohook);
    koohook.world().pass(Duration::from_mins(1));
    relay(&koohook);
    koohook.world().set_now(NOW + 2 * MINUTE);
    let kept = run(koohook.kept(id.as_str())).unwrap();
    let next = kept.outbox.delivery.as_ref().unwrap().next;
    assert!(next > UnixMillis::new(NOW + DAY), "the pause ends tomorrow");
    let now = UnixMillis::new(NOW + 2 * MINUTE);
    assert_eq!(kept.outbox.wait_of(1, now), Some(NoticeWait::Due));
    product.meets(koohook.world(), |_| READY);
    koohook.world().pass(Duration::from_mins(1));
    assert_eq!(relay(&koohook).delivered, 1);
}
