//! A product is added after koohook ran without one (`docs/product.md`, "Add a product later").

use tests::call::SETTINGS;
use tests::product::{READY, ScriptedProduct};

use super::*;

/// koohook without a product, and then the same store with one.
fn before_and_after(earlier: impl FnOnce(&Bundled)) -> (Bundled, ScriptedProduct) {
    let without_product = koohook(&SETTINGS);
    earlier(&without_product);
    let koohook = without_product.another(&WITH_PRODUCT);
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    (koohook, product)
}

fn kinds(product: &ScriptedProduct) -> Vec<(String, u64)> {
    product.messages().iter().map(|notice| (notice.kind().to_owned(), notice.sequence())).collect()
}

#[test]
fn the_relay_sends_nothing_about_an_old_instance() {
    let (koohook, product) = before_and_after(|koohook| {
        assert_eq!(buy(koohook, "CS1").code, "000000");
    });
    assert!(relay(&koohook).is_empty());
    assert_eq!(kinds(&product), []);
}

#[test]
fn the_next_change_sends_the_kept_notices_in_order() {
    let (koohook, product) = before_and_after(|koohook| {
        buy(koohook, "CS1");
    });
    assert_eq!(set_status(&koohook, &id("CS1"), "FREEZE"), "000000");
    relay(&koohook);
    assert_eq!(
        kinds(&product),
        [("instance.created".to_owned(), 1), ("instance.frozen".to_owned(), 2)]
    );
}

#[test]
fn the_buyer_keeps_the_access_data_of_the_template() {
    let (koohook, _product) = before_and_after(|koohook| {
        buy(koohook, "CS1");
    });
    let before = access(&koohook, &id("CS1"));
    assert!(matches!(before, Access::Ready(_)));
    set_status(&koohook, &id("CS1"), "FREEZE");
    relay(&koohook);
    assert_eq!(access(&koohook, &id("CS1")), before);
}

#[test]
fn only_the_newest_64_kept_notices_are_sent() {
    let (koohook, product) = before_and_after(|koohook| {
        buy(koohook, "CS1");
        for _ in 0..35 {
            set_status(koohook, &id("CS1"), "FREEZE");
            set_status(koohook, &id("CS1"), "UNFREEZE");
        }
    });
    set_status(&koohook, &id("CS1"), "FREEZE");
    while !relay(&koohook).is_empty() {}
    let sequences: Vec<u64> = kinds(&product).into_iter().map(|(_, sequence)| sequence).collect();
    assert_eq!(sequences, (8..=72).collect::<Vec<u64>>());
}

#[test]
fn the_release_of_an_instance_that_was_never_offered_sends_nothing() {
    let (koohook, product) = before_and_after(|koohook| {
        buy(koohook, "CS1");
    });
    assert_eq!(release(&koohook, "CS1"), "000000");
    while !relay(&koohook).is_empty() {}
    assert_eq!(kinds(&product), []);
}
