//! The access key of the base interfaces, as docs/keys.md changes it.

use crate::installation::{BASE_KEYS, Installation, SECRETS};
use crate::marketplace::{CallingMarketplace, new_instance, send};
use crate::product::VerifyingProduct;

#[test]
fn the_access_key_of_the_base_interfaces_is_changed() {
    let (product, address) = VerifyingProduct::listen(SECRETS[0]);
    let hooks = format!("http://{address}/hooks");
    let mut koohook = Installation::start(&[
        ("KOOHOOK_PRODUCT_URL", &hooks),
        ("KOOHOOK_PRODUCT_SECRET", SECRETS[0]),
    ]);
    let marketplace = CallingMarketplace::new(&koohook.proxy, BASE_KEYS[0]);
    marketplace.call_during(|| {
        marketplace.wait_for_answers();
        koohook.wait_for_key("current", "V2", 0, CALLS);
        // Step 1: koohook has both keys; the console still has the old one.
        koohook.change(&[
            ("KOOHOOK_BASE_KEY", BASE_KEYS[1]),
            ("KOOHOOK_BASE_KEY_PREVIOUS", BASE_KEYS[0]),
        ]);
        let since = koohook.log_length();
        marketplace.wait_for_answers();
        koohook.wait_for_key("previous", "V2", since, CALLS);
        assert!(koohook.keys_since(since, "V2").iter().all(|key| key == "previous"));
        // Step 2: the console has the new one.
        marketplace.bind(BASE_KEYS[1]);
        let since = koohook.log_length();
        marketplace.wait_for_answers();
        koohook.wait_for_key("current", "V2", since, CALLS);
        // Step 3: the old one is removed.
        koohook.change(&[("KOOHOOK_BASE_KEY_PREVIOUS", "")]);
        marketplace.wait_for_answers();
    });
    marketplace.check_instances();
    product.check_created(&marketplace.instances());
    let address = format!("{}/saasproduce", koohook.proxy.origin(0));
    let old = send(&address, BASE_KEYS[0], 1, &new_instance("CS9")).unwrap();
    assert_eq!(old.code, "000001", "the old key is no longer accepted");
    assert!(koohook.troubles("ERROR").is_empty(), "{:?}", koohook.troubles("ERROR"));
}

/// After so many calls with one key, no call with the other one is under way.
const CALLS: usize = 20;
