//! A stored value that cannot be read is left as it is.

use domain::entity::Subject;
use protocol::signature::Contract;
use shell::seal::{Clear, Seal, SealKey};
use tests::call::{SETTINGS, koohook, run};

use super::{Over, sqlite};
use crate::lifecycle::{CALLBACKS, instance_id, standing};

// Values that this program must not touch.

/// Every call on what stands there: `000005`, and not one write.
fn nothing_is_written_over(bytes: &[u8], told: &str) {
    for callback in CALLBACKS {
        let koohook = koohook(&SETTINGS);
        let id = instance_id(callback.contract);
        run(koohook.keep_bytes(id.as_str(), bytes));
        let answer = run(callback.send(&koohook, id.as_str()));
        let remembers = usize::from(callback.name == "V2 queryInstance");
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000005", (1, remembers)), "{told}: {}", callback.name);
    }
}

#[test]
fn a_value_of_a_newer_koohook_is_left_as_it_is() {
    let kept = standing("ready", Contract::V1).unwrap().to_bytes().unwrap();
    let text = String::from_utf8(kept).unwrap();
    let newer = text.replace("\"schema\":1", "\"schema\":2");
    assert_ne!(text, newer);
    nothing_is_written_over(format!("\0{newer}").as_bytes(), "a schema from tomorrow");
    nothing_is_written_over(b"\0{\"schema\":1}", "no entity");
    nothing_is_written_over(b"", "nothing at all");
}

#[test]
fn a_value_that_another_key_sealed_is_left_as_it_is() {
    let place = |contract| Subject::Instance(instance_id(contract)).key();
    let key = SealKey::parse("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=").unwrap();
    let seal = Seal::new(Some(&key), None, Clear::Refused);
    for contract in [Contract::V1, Contract::V2] {
        let kept = standing("ready", contract).unwrap().to_bytes().unwrap();
        let sealed = seal.seal(&place(contract), &kept, [7; 12]).unwrap();
        nothing_is_written_over(&sealed, "another key");
    }
}

#[test]
fn a_sealed_value_is_read_again_after_the_key_was_changed() {
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
