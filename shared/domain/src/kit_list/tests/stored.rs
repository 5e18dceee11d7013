//! The stored form of heads and rows.

use super::*;
use crate::kit_list::index::Index;
use crate::kit_list::row::{self, IndexRow};

#[test]
fn what_is_stored_never_changes_its_form() {
    // SHA-256 over the length-prefixed parts, and the time, by another program.
    let text = "a165a1c6e21876ac902a07f0 01738f343bdf 3af84f09d4 00";
    let row = IndexRow::new(
        Identity::new(&["I1", "T1", "00000001"]),
        at(1_595_835_431_903),
        RowState::Present(how("部门")),
    );
    assert_eq!(hex::encode(row::to_bytes(&[row])), text.replace(' ', ""));
    let head = Head { listed_at: Some(at(7)), index: Index::Rows(vec![row]) };
    assert_eq!(
        serde_json::to_string(&head).unwrap(),
        r#"{"listedAt":7,"rows":"oWWhxuIYdqyQKgfwAXOPNDvfOvhPCdQA"}"#
    );
    assert_eq!(serde_json::to_string(&Head::default()).unwrap(), "{}");
    assert_eq!(serde_json::from_str::<Head>("{}").unwrap(), Head::default());
}

#[test]
fn every_state_outlives_its_store() {
    let states = [RowState::Present(how("a")), RowState::Deleted, RowState::Revoked];
    for state in states {
        // The last time that a row can tell, and one beyond it.
        let row = IndexRow::new(who(1), at(u64::MAX), state);
        assert_eq!(row.at.millis(), (1 << 48) - 1);
        assert_eq!(row::from_bytes(&row::to_bytes(&[row])), Some(vec![row]));
    }
}

#[test]
fn what_is_unreadable_is_never_taken_for_nothing() {
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
        // A reference that begins too late, one without rows, and rows beside it.
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
