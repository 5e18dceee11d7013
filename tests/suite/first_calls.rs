//! The shortest path: one purchase under each contract.

use tests::call::{SETTINGS, koohook, run};

#[test]
fn a_v1_purchase_is_created_once() {
    let koohook = koohook(&SETTINGS);
    let purchase = [
        ("activity", "newInstance"),
        ("orderId", "CS1"),
        ("productId", "P1"),
        ("businessId", "B1"),
        ("customerId", "C1"),
    ];
    let first = run(koohook.v1(&purchase));
    assert_eq!((first.code.as_str(), koohook.store().take_counts()), ("000000", (1, 1)));
    let again = run(koohook.v1(&purchase));
    assert_eq!((again.code.as_str(), koohook.store().take_counts()), ("000000", (1, 0)));
    assert!(first.instance_id.is_some());
    assert_eq!(first.instance_id, again.instance_id);
    assert_eq!(first.app_info.unwrap().memo.as_deref(), Some("欢迎"));
}

#[test]
fn a_v2_purchase_is_created_once() {
    let koohook = koohook(&SETTINGS);
    let purchase = [
        ("activity", "newInstance"),
        ("businessId", "B1"),
        ("orderId", "CS1"),
        ("orderLineId", "CS1-1"),
    ];
    let first = run(koohook.v2(&purchase));
    assert_eq!((first.code.as_str(), koohook.store().take_counts()), ("000000", (1, 1)));
    let again = run(koohook.v2(&purchase));
    assert_eq!((again.code.as_str(), koohook.store().take_counts()), ("000000", (1, 0)));
    assert_eq!(first.instance_id, again.instance_id);
}
