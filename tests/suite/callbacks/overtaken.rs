//! A call is overtaken if a call of its kind with a later signed time arrived first. koohook
//! acknowledges an overtaken call and changes nothing.

use domain::instance::InstanceState;
use domain::notice::NoticeType;
use protocol::signature::Contract;
use tests::call::{SETTINGS, run};
use tests::world::NOW;

use super::{kinds, named, ordered, send_at, with_instance};
use crate::lifecycle::instance_id;

/// A newer call and an older one of its kind.
#[rustfmt::skip]
const OVERTAKEN: &[(&str, &str, &str)] = &[
    ("ready", "V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"),
    ("ready", "V1 instanceStatus FREEZE", "V1 expireInstance"),
    ("ready", "V1 expireInstance", "V1 instanceStatus NORMAL"),
    ("ready", "V1 instanceStatus NORMAL", "V1 instanceStatus FREEZE"),
    ("frozen by status", "V1 instanceStatus NORMAL", "V1 expireInstance"),
    ("ready", "V1 refreshInstance renew", "V1 expireInstance"),
    ("ready", "V1 refreshInstance trial", "V1 instanceStatus FREEZE"),
    ("ready", "V1 refreshInstance renew", "V1 refreshInstance trial"),
    ("ready", "V1 refreshInstance cancel", "V1 refreshInstance renew"),
    ("ready", "V1 upgrade", "V1 upgrade"),
    ("ready", "V2 updateInstanceStatus FREEZE", "V2 updateInstanceStatus UNFREEZE"),
    ("frozen by status", "V2 updateInstanceStatus UNFREEZE", "V2 updateInstanceStatus FREEZE"),
    ("ready", "V2 refreshInstance RENEWAL", "V2 refreshInstance UNSUBSCRIBE_RENEWAL_PERIOD"),
    ("ready", "V2 refreshInstance TRIAL_TO_FORMAL", "V2 refreshInstance RENEWAL_CHANGE"),
    ("ready", "V2 upgradeInstance", "V2 upgradeInstance"),
];

#[test]
fn a_call_that_a_newer_one_overtook_is_acknowledged_without_effect() {
    for (state, newer, older) in OVERTAKEN {
        let (newer, older) = (named(newer), named(older));
        let koohook = with_instance(&SETTINGS, state, newer.contract);
        let id = instance_id(newer.contract);
        send_at(&koohook, newer.contract, NOW, &newer.members(id.as_str()));
        let before = run(koohook.kept(id.as_str()));
        koohook.store().take_counts();
        let late = ordered(older.members(id.as_str()), "CS9");
        let answer = send_at(&koohook, older.contract, NOW - 1, &late);
        let case = format!("{} after {}", older.name, newer.name);
        assert_eq!(
            (answer.code.as_str(), koohook.store().take_counts()),
            ("000000", (1, 0)),
            "{case}"
        );
        assert_eq!(run(koohook.kept(id.as_str())), before, "{case}");
    }
}

#[test]
fn a_status_call_signed_before_a_v2_refresh_still_has_its_effect() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let [renewal, freeze] =
        ["V2 refreshInstance RENEWAL", "V2 updateInstanceStatus FREEZE"].map(named);
    send_at(&koohook, Contract::V2, NOW, &renewal.members(id.as_str()));
    send_at(&koohook, Contract::V2, NOW - 1, &freeze.members(id.as_str()));
    assert!(matches!(run(koohook.instance(id.as_str())).state, InstanceState::Frozen(_)));
}

#[test]
fn two_upgrades_with_one_signed_time_are_both_sent() {
    for name in ["V1 upgrade", "V2 upgradeInstance"] {
        let upgrade = named(name);
        let koohook = with_instance(&SETTINGS, "ready", upgrade.contract);
        let id = instance_id(upgrade.contract);
        for order in ["CS8", "CS9", "CS8", "CS9"] {
            let members = ordered(upgrade.members(id.as_str()), order);
            send_at(&koohook, upgrade.contract, NOW, &members);
        }
        assert_eq!(kinds(&koohook, id.as_str()), [NoticeType::Upgraded; 2], "{name}");
    }
}
