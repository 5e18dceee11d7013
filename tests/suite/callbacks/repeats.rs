//! A call that is delivered again has one effect, and its repeats cost one read.

use std::time::Duration;

use protocol::signature::Contract;
use protocol::time::UnixMillis;
use shell::store::Store;
use shell::store::memory::Memory;
use tests::call::{SETTINGS, run};
use tests::servers;
use tests::world::NOW;

use super::{
    Effect, SECOND, changing, effect, fitting_state, served_stores, told, with_instance,
    with_instance_in,
};
use crate::lifecycle::{CALLBACKS, Callback, instance_id};

// Repeated.

/// A callback, delivered thrice over a store: what it answers, what that costs, what is told.
fn thrice<S: Store>(callback: &Callback, store: S) {
    let koohook = with_instance_in(store, &SETTINGS, fitting_state(callback), callback.contract);
    let id = instance_id(callback.contract);
    for count in [(1, 1), (1, 0), (1, 0)] {
        let answer = servers::run(callback.send(&koohook, id.as_str()));
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", count), "{}", callback.name);
    }
    let told = servers::run(koohook.kept(id.as_str())).map(|kept| kept.outbox.sequence);
    assert_eq!(told, Some(1), "{}", callback.name);
}

#[test]
fn a_call_delivered_thrice_has_one_effect_and_its_repeats_cost_one_read() {
    changing().for_each(|callback| thrice(callback, Memory::new()));
}

#[test]
fn a_call_delivered_thrice_has_one_effect_over_a_server_too() {
    for callback in changing() {
        served_stores().for_each(|store| thrice(callback, store));
    }
}

#[test]
fn an_order_signed_anew_is_still_one_order() {
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
        assert_eq!(told(&koohook, id.as_str()), 1, "{}", callback.name);
    }
}

#[test]
fn a_status_signed_anew_tells_nobody_but_keeps_its_time() {
    let id = instance_id(Contract::V1);
    for name in ["V1 expireInstance", "V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"] {
        let callback = CALLBACKS.iter().find(|callback| callback.name == name).unwrap();
        let koohook = with_instance(&SETTINGS, fitting_state(callback), Contract::V1);
        run(callback.send(&koohook, id.as_str()));
        koohook.world().pass(Duration::from_secs(1));
        koohook.store().take_counts();
        run(callback.send(&koohook, id.as_str()));
        assert_eq!(koohook.store().take_counts(), (1, 1), "{name}");
        assert_eq!(told(&koohook, id.as_str()), 1, "{name}");
        let status = run(koohook.instance(id.as_str())).newest.status;
        assert_eq!(status, Some(UnixMillis::new(NOW + SECOND)), "{name}");
    }
}

#[test]
fn a_look_costs_one_read_an_instance() {
    for callback in CALLBACKS.iter().filter(|callback| effect(callback) == Effect::Looks) {
        let koohook = with_instance(&SETTINGS, "ready", callback.contract);
        let answer = run(callback.send(&koohook, instance_id(callback.contract).as_str()));
        // V2's query remembers its signature beside (decision B8).
        let remembers = callback.name == "V2 queryInstance";
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", (1, usize::from(remembers))), "{}", callback.name);
    }
}
