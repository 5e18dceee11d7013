//! The secret of koohook and the product, as docs/keys.md changes it: notices and the product's own calls.

use crate::installation::{BASE_KEYS, Installation, SECRETS};
use crate::marketplace::CallingMarketplace;
use crate::product::VerifyingProduct;

#[test]
fn the_secret_of_the_product_is_changed_in_both_directions() {
    let (product, address) = VerifyingProduct::listen(SECRETS[0]);
    let hooks = format!("http://{address}/hooks");
    let mut koohook = Installation::start(&[
        ("KOOHOOK_PRODUCT_URL", &hooks),
        ("KOOHOOK_PRODUCT_SECRET", SECRETS[0]),
    ]);
    let marketplace = CallingMarketplace::new(&koohook.proxy, BASE_KEYS[0]);
    let put = |koohook: &Installation| {
        marketplace.wait_for_answers();
        let id = marketplace.instances().pop().unwrap();
        for process in 0..2 {
            assert_eq!(product.put_access_data(&koohook.proxy.origin(process), &id), 200);
        }
    };
    marketplace.call_during(|| {
        put(&koohook);
        // Step 1: koohook signs with both, and accepts both.
        koohook.change(&[("KOOHOOK_PRODUCT_SECRET", &format!("{} {}", SECRETS[1], SECRETS[0]))]);
        put(&koohook);
        // Step 2: the product gets the new one. It need not accept two at once.
        product.change_secrets(SECRETS[1]);
        put(&koohook);
        // Step 3: the old one is removed.
        koohook.change(&[("KOOHOOK_PRODUCT_SECRET", SECRETS[1])]);
        put(&koohook);
    });
    marketplace.check_instances();
    product.check_created(&marketplace.instances());
    let id = marketplace.instances().pop().unwrap();
    product.change_secrets(SECRETS[0]);
    assert_eq!(product.put_access_data(&koohook.proxy.origin(0), &id), 401);
    assert!(koohook.troubles("ERROR").is_empty(), "{:?}", koohook.troubles("ERROR"));
}
