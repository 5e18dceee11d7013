//! The stored form of heads and rows.

use super::*;
use crate::kit_list::index::Index;
use crate::kit_list::row::{self, IndexRow};

#[test]
fn the_stored_form_does_not_change() {
    // Another program computed the SHA-256 over the length-prefixed parts, and the time.
    let text = "a165a1c6e21876ac902a07f0 01738f343bdf 3af84f09d4 00";
    let row = IndexRow::new(
        Identity::new(&["I1", "T1", "00000001"]),
        time(1_595_835_431_903),
        RowState::Present(content("部门")),
    );
    assert_eq!(hex::encode(row::to_bytes(&[row])), text.replace(' ', ""));
    let head = Head { listed_at: Some(time(7)), index: Index::Rows(vec![row]) };
    assert_eq!(
        serde_json::to_string(&head).unwrap(),
        r#"{"listedAt":7,"rows":"oWWhxuIYdqyQKgfwAXOPNDvfOvhPCdQA"}"#
    );
    assert_eq!(serde_json::to_string(&Head::default()).unwrap(), "{}");
    assert_eq!(serde_json::from_str::<Head>("{}").unwrap(), Head::default());
}

#[test]
fn every_stored_state_is_read_back_unchanged() {
    let states = [RowState::Present(content("a")), RowState::Deleted, RowState::Revoked];
    for state in states {
        // The time is beyond the last time that a row can store.
        let row = IndexRow::new(identity(1), time(u64::MAX), state);
        assert_eq!(row.at.millis(), (1 << 48) - 1);
        assert_eq!(row::from_bytes(&row::to_bytes(&[row])), Some(vec![row]));
    }
}

#[test]
fn an_unreadable_head_is_an_error_and_not_an_empty_list() {
    let rows = |rows: &[u8]| {
        use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
        format!(r#"{{"rows":"{}"}}"#, STANDARD_NO_PAD.encode(rows))
    };
    let one = [1_u8; 23];
    let with = |flag: u8| [one.as_slice(), &[flag]].concat();
    assert!(serde_json::from_str::<Head>(&rows(&with(0))).is_ok());
    let heads = [
        rows(&one),
        rows(&with(1)),
        rows(&with(3)),
        rows(&[with(0), with(0)].concat()),
        rows(&[with(0), vec![0; 24]].concat()),
        rows(&[0; 25]),
        r#"{"rows":"!"}"#.to_owned(),
        r#"{"parts":"AAAA"}"#.to_owned(),
        // A reference that begins too late, a reference without rows, and rows besides references.
        format!(r#"{{"parts":"AAAB{}AAAB"}}"#, "A".repeat(32)),
        format!(r#"{{"parts":"{}"}}"#, "A".repeat(40)),
        format!(r#"{{"rows":"{}","parts":"{}AAAB"}}"#, "A".repeat(32), "A".repeat(36)),
    ];
    for head in heads {
        assert!(serde_json::from_str::<Head>(&head).is_err(), "{head}");
    }
    let good = format!(r#"{{"parts":"{}AAAB"}}"#, "A".repeat(36));
    assert!(serde_json::from_str::<Head>(&good).is_ok());
}
