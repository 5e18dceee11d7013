//! koohook's JSON parser accepts what other parsers accept.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::json::{Json, Outline};
use serde_json::Value;

use super::{Tree, as_jackson, cases, to_text};

pub(super) fn as_written(tree: &Tree) -> String {
    to_text(tree, "", &as_jackson)
}

/// Pieces of JSON, and pieces that are nearly JSON.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"a\"",
    "\"\\u0041\"",
    "\"\\ud83d\\ude00\"",
    "\\ud83d",
    "\\",
    "\\n",
    "\\/",
    "\\x",
    "\\u00e",
    "\\u+123",
    "0",
    "00",
    "-",
    "-0",
    "1.5",
    ".5",
    "1.",
    "1e5",
    "1E+5",
    "1e",
    "1e400",
    "-1e-400",
    "true",
    "tru",
    "false",
    "null",
    "nul",
    "NaN",
    "Infinity",
    " ",
    "\n",
    "\r",
    "\t",
    "\u{b}",
    "\u{0}",
    "\u{1f}",
    "\u{7f}",
    "\u{a0}",
    "\u{feff}",
    "é",
    "/**/",
    "'",
];

/// Text that is nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases(5_000))]

    /// Compares the parser with `serde_json`.
    #[test]
    fn the_json_parser_accepts_the_same_texts_as_serde_json(text in nearly_json(), framed: bool) {
        let text = if framed { format!(r#"{{"a":[{text}]}}"#) } else { text };
        let ours = Json::parse(&text);
        let theirs = serde_json::from_str::<Value>(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        let object = theirs.is_ok_and(|value| value.is_object());
        prop_assert_eq!(Outline::of(text.as_bytes()).is_ok(), object);
    }
}
