//! Calls about instances that an older server made.

use domain::entity::Entity;
use domain::record::EntityRecord;
use protocol::message::InstanceId;
use protocol::signature::Contract;
use tests::call::{Bundled, SETTINGS, koohook, run};

use super::named;
use crate::lifecycle::{CALLBACKS, instance_id, standing};

// Imported.

/// An instance of an older server, under its own ID, with a pointer at the derived one.
fn imported(contract: Contract) -> Bundled {
    let koohook = koohook(&SETTINGS);
    let own = InstanceId::parse("legacy-0001").unwrap();
    let mut kept = standing("ready", contract).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.id = own.clone();
    }
    run(koohook.keep(own.as_str(), &kept));
    let pointer = EntityRecord::new(Entity::MovedTo(own));
    run(koohook.keep(instance_id(contract).as_str(), &pointer));
    koohook
}

#[test]
fn an_imported_purchase_answers_its_own_id_for_one_more_read() {
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
fn an_imported_instance_is_called_by_its_own_id_alone() {
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
fn a_purchase_whose_import_is_half_done_waits_for_the_other_half() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let own = InstanceId::parse("legacy-0001").unwrap();
        let derived = instance_id(named(name).contract);
        run(koohook.keep(derived.as_str(), &EntityRecord::new(Entity::MovedTo(own))));
        let answer = run(named(name).send(&koohook, ""));
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000005", (2, 0)), "{name}");
        assert_eq!(run(koohook.kept("legacy-0001")), None, "{name}");
    }
}
