//! A rehearsal changes nothing in the store.

use protocol::signature::Contract;
use tests::call::{SETTINGS, koohook, run};
use tests::world::NOW;

use super::{Members, named, send_at, with_instance};
use crate::lifecycle::{CALLBACKS, STATES, instance_id};

#[test]
fn a_rehearsal_reads_and_writes_nothing_in_any_state() {
    for (callback, state) in
        CALLBACKS.iter().flat_map(|callback| STATES.map(|state| (callback, state)))
    {
        let koohook = with_instance(&SETTINGS, state, callback.contract);
        let id = instance_id(callback.contract);
        let before = run(koohook.kept(id.as_str()));
        let mut members = callback.members(id.as_str());
        members.push(("testFlag", "1"));
        let answer = send_at(&koohook, callback.contract, NOW, &members);
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", (0, 0)), "{} {state}", callback.name);
        assert_eq!(run(koohook.kept(id.as_str())), before, "{} {state}", callback.name);
    }
}

#[test]
fn a_rehearsal_accepts_any_id_and_any_field_value() {
    for text in ["123456789", "0", "测试 id", "a,b", "{instanceId}", &"9".repeat(64)] {
        for callback in CALLBACKS {
            let koohook = koohook(&SETTINGS);
            let members = callback.members.iter().skip(1);
            let mut typed: Members<'_> = members.map(|(name, _)| (*name, text)).collect();
            typed.extend([callback.members[0], ("testFlag", "1")]);
            let answer = send_at(&koohook, callback.contract, NOW, &typed);
            let found = (answer.code.as_str(), koohook.store().take_counts());
            assert_eq!(found, ("000000", (0, 0)), "{} {text}", callback.name);
        }
    }
}

#[test]
fn a_rehearsed_purchase_returns_the_id_of_the_real_one() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let mut members = named(name).members("");
        members.push(("testFlag", "1"));
        let rehearsed = send_at(&koohook, named(name).contract, NOW, &members);
        let real = run(named(name).send(&koohook, ""));
        assert_eq!(rehearsed.instance_id, real.instance_id);
        assert_eq!(rehearsed.app_info.is_some(), named(name).contract == Contract::V1);
    }
}
