//! The seal key, changed twice as docs/keys.md says, beside two serving processes.

use std::process::Output;

use crate::installation::{BASE_KEYS, Installation, SEAL_KEYS, SECRETS};
use crate::marketplace::CallingMarketplace;
use crate::product::VerifyingProduct;

/// The output of a command that must end with this exit code.
fn printed(output: Output, code: i32) -> String {
    let text = String::from_utf8(output.stdout).unwrap();
    let aside = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}\n{aside}");
    text
}

#[test]
fn the_seal_key_is_changed_twice() {
    let (product, address) = VerifyingProduct::listen(SECRETS[0]);
    let hooks = format!("http://{address}/hooks");
    let mut koohook = Installation::start(&[
        ("KOOHOOK_PRODUCT_URL", &hooks),
        ("KOOHOOK_PRODUCT_SECRET", SECRETS[0]),
    ]);
    let marketplace = CallingMarketplace::new(&koohook.proxy, BASE_KEYS[0]);
    marketplace.call_during(|| {
        marketplace.wait_for_answers();
        for [old, new] in [[SEAL_KEYS[0], SEAL_KEYS[1]], [SEAL_KEYS[1], SEAL_KEYS[2]]] {
            // Step 1: every process can decrypt values of the new key.
            koohook.change(&[("KOOHOOK_SEAL_KEY_PREVIOUS", new)]);
            marketplace.wait_for_answers();
            // Step 2: every process seals with it.
            koohook.change(&[("KOOHOOK_SEAL_KEY", new), ("KOOHOOK_SEAL_KEY_PREVIOUS", old)]);
            marketplace.wait_for_answers();
            // Step 3: all values are sealed with it, while the processes serve.
            let counted = printed(koohook.run(&["store", "reseal", "--dry-run"]), 1);
            assert!(counted.contains("run this command without --dry-run"), "{counted}");
            let done = printed(koohook.run(&["store", "reseal", "--wait", "0s"]), 0);
            assert!(done.contains("no value needs KOOHOOK_SEAL_KEY_PREVIOUS"), "{done}");
            marketplace.wait_for_answers();
            printed(koohook.run(&["store", "reseal", "--dry-run"]), 0);
            // Step 4: the old key is removed.
            koohook.change(&[("KOOHOOK_SEAL_KEY_PREVIOUS", "")]);
            marketplace.wait_for_answers();
        }
    });
    marketplace.check_instances();
    product.check_created(&marketplace.instances());
    assert!(koohook.troubles("ERROR").is_empty(), "{:?}", koohook.troubles("ERROR"));
}

/// A process that was forgotten in step 2 still seals with the old key. The command sees its values.
#[test]
fn a_reseal_says_if_a_process_still_seals_with_the_old_key() {
    let [old, new, _] = SEAL_KEYS;
    let app_info = ("KOOHOOK_APP_INFO", r#"{"frontEndUrl":"https://app.example.com"}"#);
    let koohook = Installation::start(&[app_info, ("KOOHOOK_SEAL_KEY_PREVIOUS", new)]);
    let marketplace = CallingMarketplace::new(&koohook.proxy, BASE_KEYS[0]);
    marketplace.call_during(|| {
        marketplace.wait_for_answers();
        let keys = [("KOOHOOK_SEAL_KEY", new), ("KOOHOOK_SEAL_KEY_PREVIOUS", old)];
        let done = printed(koohook.run_with(&["store", "reseal", "--wait", "0s"], &keys), 1);
        assert!(done.contains("another koohook still seals values with a previous key"), "{done}");
        marketplace.wait_for_answers();
    });
    marketplace.check_instances();
}

/// The command is killed at many places, and the last run completes the work.
#[test]
fn a_reseal_that_is_killed_is_completed_by_the_next_one() {
    let [old, new, _] = SEAL_KEYS;
    let app_info = ("KOOHOOK_APP_INFO", r#"{"frontEndUrl":"https://app.example.com"}"#);
    let mut koohook = Installation::start(&[app_info]);
    let marketplace = CallingMarketplace::new(&koohook.proxy, BASE_KEYS[0]);
    marketplace.call_during(|| {
        (0..10).for_each(|_| marketplace.wait_for_answers());
        koohook.change(&[("KOOHOOK_SEAL_KEY_PREVIOUS", new)]);
        koohook.change(&[("KOOHOOK_SEAL_KEY", new), ("KOOHOOK_SEAL_KEY_PREVIOUS", old)]);
        for written in 0..8 {
            koohook.kill_after(&["store", "reseal", "--wait", "0s"], written * 9);
        }
        let done = printed(koohook.run(&["store", "reseal", "--wait", "0s"]), 0);
        assert!(done.contains("no value needs KOOHOOK_SEAL_KEY_PREVIOUS"), "{done}");
        koohook.change(&[("KOOHOOK_SEAL_KEY_PREVIOUS", "")]);
        marketplace.wait_for_answers();
    });
    marketplace.check_instances();
    assert!(koohook.troubles("ERROR").is_empty(), "{:?}", koohook.troubles("ERROR"));
}
