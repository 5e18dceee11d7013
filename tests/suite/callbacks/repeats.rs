//! A repeated call has one effect, and each repeat costs one read.

use std::time::Duration;

use protocol::signature::Contract;
use protocol::time::UnixMillis;
use shell::store::Store;
use shell::store::memory::Memory;
use tests::call::{SETTINGS, run};
use tests::servers;
use tests::world::NOW;

use super::{
    Effect, SECOND, changing, effect, fitting_state, notice_count, served_stores, with_instance,
    with_instance_in,
};
use crate::lifecycle::{CALLBACKS, Callback, instance_id};

/// Delivers a callback three times over a store. Checks the answers, their reads and writes, and
/// the notices.
fn deliver_three_times<S: Store>(callback: &Callback, store: S) {
    let koohook = with_instance_in(store, &SETTINGS, fitting_state(callback), callback.contract);
    let id = instance_id(callback.contract);
    for count in [(1, 1), (1, 0), (1, 0)] {
        let answer = servers::run(callback.send(&koohook, id.as_str()));
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", count), "{}", callback.name);
    }
    let notices = servers::run(koohook.kept(id.as_str())).map(|kept| kept.outbox.sequence);
    assert_eq!(notices, Some(1), "{}", callback.name);
}

#[test]
fn a_repeated_call_has_one_effect_and_costs_one_read() {
    changing().for_each(|callback| deliver_three_times(callback, Memory::new()));
}

#[test]
fn a_repeated_call_has_one_effect_over_a_server() {
    for callback in changing() {
        served_stores().for_each(|store| deliver_three_times(callback, store));
    }
}

#[test]
fn an_order_signed_again_is_one_order() {
    let orders = changing().filter(|callback| {
        let order = |name| callback.name.contains(name);
        order("newInstance") || order("refreshInstance") || order("upgrade")
    });
    for callback in orders {
        let koohook = with_instance(&SETTINGS, fitting_state(callback), callback.contract);
        let id = instance_id(callback.contract);
        for count in [(1, 1), (1, 0), (1, 0)] {
            run(callback.send(&koohook, id.as_str()));
            assert_eq!(koohook.store().take_counts(), count, "{}", callback.name);
            koohook.world().pass(Duration::from_hours(30));
        }
        assert_eq!(notice_count(&koohook, id.as_str()), 1, "{}", callback.name);
    }
}

#[test]
fn a_status_signed_again_only_stores_its_time() {
    let id = instance_id(Contract::V1);
    for name in ["V1 expireInstance", "V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"] {
        let callback = CALLBACKS.iter().find(|callback| callback.name == name).unwrap();
        let koohook = with_instance(&SETTINGS, fitting_state(callback), Contract::V1);
        run(callback.send(&koohook, id.as_str()));
        koohook.world().pass(Duration::from_secs(1));
        koohook.store().take_counts();
        run(callback.send(&koohook, id.as_str()));
        assert_eq!(koohook.store().take_counts(), (1, 1), "{name}");
        assert_eq!(notice_count(&koohook, id.as_str()), 1, "{name}");
        let status = run(koohook.instance(id.as_str())).newest.status;
        assert_eq!(status, Some(UnixMillis::new(NOW + SECOND)), "{name}");
    }
}

#[test]
fn a_query_costs_one_read() {
    for callback in CALLBACKS.iter().filter(|callback| effect(callback) == Effect::Reads) {
        let koohook = with_instance(&SETTINGS, "ready", callback.contract);
        let answer = run(callback.send(&koohook, instance_id(callback.contract).as_str()));
        // V2's query also stores its signature (decision B8).
        let remembers = callback.name == "V2 queryInstance";
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", (1, usize::from(remembers))), "{}", callback.name);
    }
}
