//! Calls that were signed long ago or far in the future, and old calls that the seller makes the
//! marketplace send again (resend).

use std::time::Duration;

use domain::instance::InstanceState;
use domain::notice::NoticeType;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use tests::call::{SETTINGS, koohook, run};
use tests::world::NOW;

use super::{DAY, SECOND, bought, named, notice_count, send_at, with_instance};
use crate::lifecycle::instance_id;

#[test]
fn a_resent_expiry_has_no_effect_if_the_renewed_term_lasts_more_than_a_day() {
    // The remaining term of the renewal at the time of the resend.
    for (term, state) in [(DAY + 1, "active"), (DAY, "frozen")] {
        let koohook = koohook(&SETTINGS);
        let id = bought(&koohook);
        let expire = named("V1 expireInstance").members(&id);
        run(koohook.v1(&expire));
        koohook.world().pass(Duration::from_hours(24));
        let end = simulator::time::to_the_millisecond(NOW + 3 * DAY + term);
        run(koohook.v1(&[
            ("activity", "refreshInstance"),
            ("orderId", "R1"),
            ("instanceId", &id),
            ("expireTime", &end),
            ("orderAmount", "299"),
        ]));
        assert_eq!(
            run(koohook.instance(&id)).state,
            InstanceState::Active,
            "the renewal unfreezes"
        );
        koohook.world().pass(Duration::from_hours(48));
        let sequence = notice_count(&koohook, &id);
        assert_eq!(run(koohook.v1(&expire)).code, "000000");
        assert_eq!(run(koohook.instance(&id)).state.as_str(), state);
        assert_eq!(notice_count(&koohook, &id) > sequence, state == "frozen");
    }
}

#[test]
fn a_purchase_resent_days_later_returns_the_same_instance_id() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let first = run(named(name).send(&koohook, ""));
        koohook.world().pass(Duration::from_hours(300));
        let again = run(named(name).send(&koohook, ""));
        assert_eq!(first, again, "{name}");
    }
}

#[test]
fn an_undetected_resend_is_applied_and_its_notice_contains_the_state_before() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let freeze = named("V2 updateInstanceStatus FREEZE");
    run(freeze.send(&koohook, id.as_str()));
    koohook.world().pass(Duration::from_hours(48));
    run(named("V2 updateInstanceStatus UNFREEZE").send(&koohook, id.as_str()));
    koohook.world().pass(Duration::from_hours(48));
    run(freeze.send(&koohook, id.as_str()));
    let kept = run(koohook.kept(id.as_str())).unwrap();
    let last = kept.outbox.waiting.last().unwrap();
    assert_eq!((last.kind, last.sequence()), (NoticeType::Frozen, 3));
    assert_eq!(last.data["before"]["state"], "active");
}

#[test]
fn an_old_v1_call_without_a_newer_one_is_carried_out() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    let id = instance_id(Contract::V1);
    let freeze = named("V1 instanceStatus FREEZE").members(id.as_str());
    assert_eq!(send_at(&koohook, Contract::V1, NOW - 400 * DAY, &freeze).code, "000000");
    assert_eq!(run(koohook.instance(id.as_str())).state.as_str(), "frozen");
}

#[test]
fn an_old_v2_call_is_rejected() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let freeze = named("V2 updateInstanceStatus FREEZE").members(id.as_str());
    for (signed_at, code) in [
        (NOW - 60_001, "000002"),
        (NOW + 60_001, "000002"),
        (NOW - 60_000, "000000"),
        (NOW + 60_000, "000000"),
    ] {
        assert_eq!(send_at(&koohook, Contract::V2, signed_at, &freeze).code, code);
    }
    assert_eq!(koohook.store().take_counts(), (2, 2));
}

#[test]
fn a_call_signed_far_in_the_future_counts_as_signed_now() {
    let id = instance_id(Contract::V1);
    let [freeze, unfreeze] = ["V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"].map(named);
    // A time ten minutes ahead is accepted. Then an unfreeze that is signed before this time has no
    // effect.
    for (ahead, then) in [(11 * 60 * SECOND, "active"), (10 * 60 * SECOND, "frozen")] {
        let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
        send_at(&koohook, Contract::V1, NOW + ahead, &freeze.members(id.as_str()));
        let kept = run(koohook.instance(id.as_str()));
        let counted = if then == "active" { NOW } else { NOW + ahead };
        assert_eq!(kept.newest.status, Some(UnixMillis::new(counted)));
        koohook.world().pass(Duration::from_secs(1));
        assert_eq!(run(unfreeze.send(&koohook, id.as_str())).code, "000000");
        assert_eq!(run(koohook.instance(id.as_str())).state.as_str(), then);
    }
}
