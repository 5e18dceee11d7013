//! koohook never changes a stored value that it cannot read.

use domain::entity::Subject;
use protocol::signature::Contract;
use shell::seal::{Clear, Seal, SealKey};
use tests::call::{SETTINGS, koohook, run};

use super::{Over, sqlite};
use crate::lifecycle::{CALLBACKS, instance_id, standing};

/// Sends every call to this stored value. Expected: `000005` and no write to it.
fn check_not_overwritten(bytes: &[u8], case: &str) {
    for callback in CALLBACKS {
        let koohook = koohook(&SETTINGS);
        let id = instance_id(callback.contract);
        run(koohook.keep_bytes(id.as_str(), bytes));
        let answer = run(callback.send(&koohook, id.as_str()));
        let remembers = usize::from(callback.name == "V2 queryInstance");
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000005", (1, remembers)), "{case}: {}", callback.name);
    }
}

#[test]
fn a_value_that_koohook_cannot_read_is_not_changed() {
    let kept = standing("ready", Contract::V1).unwrap().to_bytes().unwrap();
    let text = String::from_utf8(kept).unwrap();
    let newer = text.replace("\"schema\":3", "\"schema\":4");
    assert_ne!(text, newer);
    check_not_overwritten(format!("\0{newer}").as_bytes(), "a newer schema");
    check_not_overwritten(b"\0{\"schema\":1}", "no entity");
    check_not_overwritten(b"", "an empty value");
}

#[test]
fn a_value_that_another_key_sealed_is_not_changed() {
    let place = |contract| Subject::Instance(instance_id(contract)).key();
    let key = SealKey::parse("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=").unwrap();
    let seal = Seal::new(Some(&key), None, Clear::Refused);
    for contract in [Contract::V1, Contract::V2] {
        let kept = standing("ready", contract).unwrap().to_bytes().unwrap();
        let sealed = seal.seal(&place(contract), &kept, [7; 12]).unwrap();
        check_not_overwritten(&sealed, "another key");
    }
}

#[test]
fn a_sealed_value_is_readable_if_its_key_is_the_previous_key() {
    const OLD: &str = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
    const NEW: &str = "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=";
    let folder = tempfile::tempdir().unwrap();
    let with = |keys: &[(&str, &str)]| {
        let settings = [&SETTINGS[..], keys].concat();
        let koohook = Over::over(sqlite(&folder), &settings);
        run(koohook.v1(&CALLBACKS[0].members(""))).code
    };
    assert_eq!(with(&[("KOOHOOK_SEAL_KEY", OLD)]), "000000");
    assert_eq!(with(&[("KOOHOOK_SEAL_KEY", NEW)]), "000005");
    assert_eq!(with(&[("KOOHOOK_SEAL_KEY", NEW), ("KOOHOOK_SEAL_KEY_PREVIOUS", OLD)]), "000000");
}
