//! Checks `koohook demo`: every line is right, and its pay-per-use products are billed what they counted.

use crate::koohook;

#[test]
fn the_demo_bills_what_the_product_counted_under_both_contracts() {
    let done = koohook(&["demo"]);
    let report = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{report}");
    assert!(report.contains(" calls, 0 lines failed.\n"), "{report}");
    let count = |text: &str| report.lines().filter(|line| line.contains(text)).count();
    for (text, expected) in [
        ("2 records; the answer is lost on the way", 2),
        ("the same 2 records again: MKT.0000", 2),
        ("usageValue is 16.25; the product counted 16.25", 6),
        ("  repeated ", 2),
        ("  begins-before-instance ", 2),
        ("  ends-after-release ", 2),
        ("finds 2 repeats (not billed), 1 late, 0 wrong", 1),
        ("finds 2 repeats (not billed), 0 late, 0 wrong", 1),
        ("bills 17.75; the product counted 17.75, koohook 17.75", 2),
    ] {
        assert_eq!(count(text), expected, "{text}: {report}");
    }
}
