//! Calls about instances that an older server created.

use domain::entity::Entity;
use domain::record::EntityRecord;
use protocol::message::InstanceId;
use protocol::signature::Contract;
use tests::call::{Bundled, SETTINGS, koohook, run};

use super::named;
use crate::lifecycle::{CALLBACKS, instance_id, standing};

/// An instance of an older server under its legacy ID, with a pointer to it under the derived ID.
fn imported(contract: Contract) -> Bundled {
    let koohook = koohook(&SETTINGS);
    let legacy = InstanceId::parse("legacy-0001").unwrap();
    let mut kept = standing("ready", contract).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.id = legacy.clone();
    }
    run(koohook.keep(legacy.as_str(), &kept));
    let pointer = EntityRecord::new(Entity::MovedTo(legacy));
    run(koohook.keep(instance_id(contract).as_str(), &pointer));
    koohook
}

#[test]
fn a_repeated_purchase_of_an_import_returns_the_imported_id() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = imported(named(name).contract);
        for _ in 0..2 {
            let answer = run(named(name).send(&koohook, ""));
            assert_eq!(answer.instance_id.as_deref(), Some("legacy-0001"), "{name}");
            let found = (answer.code.as_str(), koohook.store().take_counts());
            assert_eq!(found, ("000000", (2, 0)), "{name}");
        }
    }
}

#[test]
fn an_imported_instance_is_found_only_under_its_imported_id() {
    for callback in CALLBACKS.iter().filter(|callback| !callback.name.ends_with("newInstance")) {
        let derived = instance_id(callback.contract);
        for (id, code) in [("legacy-0001", "000000"), (derived.as_str(), "000003")] {
            let koohook = imported(callback.contract);
            let answer = run(callback.send(&koohook, id));
            assert_eq!(answer.code, code, "{} {id}", callback.name);
        }
    }
}

#[test]
fn a_purchase_with_a_half_finished_import_gets_an_error() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let legacy = InstanceId::parse("legacy-0001").unwrap();
        let derived = instance_id(named(name).contract);
        run(koohook.keep(derived.as_str(), &EntityRecord::new(Entity::MovedTo(legacy))));
        let answer = run(named(name).send(&koohook, ""));
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000005", (2, 0)), "{name}");
        assert_eq!(run(koohook.kept("legacy-0001")), None, "{name}");
    }
}
