//! Calls that were signed long ago or far ahead, and calls that the marketplace starts again.

use std::time::Duration;

use domain::instance::InstanceState;
use domain::notice::NoticeType;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use tests::call::{SETTINGS, koohook, run};
use tests::world::NOW;

use super::{DAY, SECOND, bought, named, send_at, told, with_instance};
use crate::lifecycle::instance_id;

// Restarted days later, and old calls.

#[test]
fn an_expiry_restarted_after_a_renewal_has_no_effect() {
    // The term that the renewal set, from the moment of the restart on.
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
        assert_eq!(run(koohook.instance(&id)).state, InstanceState::Active, "the renewal thaws");
        koohook.world().pass(Duration::from_hours(48));
        let sequence = told(&koohook, &id);
        assert_eq!(run(koohook.v1(&expire)).code, "000000");
        assert_eq!(run(koohook.instance(&id)).state.as_str(), state);
        assert_eq!(told(&koohook, &id) > sequence, state == "frozen");
    }
}

#[test]
fn a_purchase_restarted_days_later_is_the_same_one() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let first = run(named(name).send(&koohook, ""));
        koohook.world().pass(Duration::from_hours(300));
        let again = run(named(name).send(&koohook, ""));
        assert_eq!(first, again, "{name}");
    }
}

#[test]
fn a_restart_that_no_rule_catches_is_applied_and_told_with_what_was_known() {
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
fn an_old_v1_call_that_nothing_overtook_is_carried_out() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    let id = instance_id(Contract::V1);
    let freeze = named("V1 instanceStatus FREEZE").members(id.as_str());
    assert_eq!(send_at(&koohook, Contract::V1, NOW - 400 * DAY, &freeze).code, "000000");
    assert_eq!(run(koohook.instance(id.as_str())).state.as_str(), "frozen");
}

#[test]
fn an_old_v2_call_is_not_believed() {
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
fn a_call_signed_far_ahead_counts_as_now() {
    let id = instance_id(Contract::V1);
    let [freeze, thaw] = ["V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"].map(named);
    // Ten minutes are taken as they are, and outdate a thaw that is signed before them.
    for (ahead, then) in [(11 * 60 * SECOND, "active"), (10 * 60 * SECOND, "frozen")] {
        let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
        send_at(&koohook, Contract::V1, NOW + ahead, &freeze.members(id.as_str()));
        let kept = run(koohook.instance(id.as_str()));
        let counted = if then == "active" { NOW } else { NOW + ahead };
        assert_eq!(kept.newest.status, Some(UnixMillis::new(counted)));
        koohook.world().pass(Duration::from_secs(1));
        assert_eq!(run(thaw.send(&koohook, id.as_str())).code, "000000");
        assert_eq!(run(koohook.instance(id.as_str())).state.as_str(), then);
    }
}
