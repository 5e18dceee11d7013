//! Properties of `domain` and `protocol`: random inputs, checked by slow second implementations.

mod canonical;
mod json;
mod oddness;
mod order_query;
mod records;
mod signatures;
mod time;
mod usage_push;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// The number of random cases of each property. A failure writes no file.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A JSON value before it is written: numbers are text, members have an order.
#[derive(Clone, Debug)]
enum Tree {
    Null,
    Bool(bool),
    Number(&'static str),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

const NUMBERS: [&str; 8] =
    ["0", "-0", "1.50", "1e3", "-2E-7", "12345678901234567890123", "0.0", "7"];

fn text() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "a", "Z", " ", "+", "%", "&b=", "\"", "\\", "/", "\u{1}", "\u{1f}", "\n", "\u{7f}", "é",
        "测试", "😀", "！", "\u{2028}",
    ]);
    prop_oneof![vec(pieces, 0..6).prop_map(|pieces| pieces.concat()), any::<String>(),]
}

fn members(value: impl Strategy<Value = Tree>) -> impl Strategy<Value = Vec<(String, Tree)>> {
    btree_map(text(), value, 0..6)
        .prop_map(|members| members.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        select(NUMBERS.to_vec()).prop_map(Tree::Number),
        text().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Tree::Array),
            members(inner).prop_map(Tree::Object),
        ]
    })
}

/// JSON text with white space at every allowed place. `written` writes the strings.
fn to_text(tree: &Tree, space: &str, written: &dyn Fn(&str) -> String) -> String {
    let inner = |tree: &Tree| to_text(tree, space, written);
    let joined = |items: Vec<String>, ends: [&str; 2]| {
        format!("{}{space}{}{space}{}", ends[0], items.join(&format!("{space},{space}")), ends[1])
    };
    match tree {
        Tree::Null => "null".to_owned(),
        Tree::Bool(bool) => bool.to_string(),
        Tree::Number(text) => (*text).to_owned(),
        Tree::Text(text) => written(text),
        Tree::Array(items) => joined(items.iter().map(inner).collect(), ["[", "]"]),
        Tree::Object(members) => {
            let member = |(name, value): &(String, Tree)| {
                format!("{}{space}:{space}{}", written(name), inner(value))
            };
            joined(members.iter().map(member).collect(), ["{", "}"])
        }
    }
}

/// Writes a text with every character escaped, which JSON allows.
fn all_escaped(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    format!("\"{}\"", units.collect::<String>())
}

/// Writes a text as Jackson does: like `serde_json`, but with upper-case hex digits.
fn as_jackson(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        let written = Value::from(letter.to_string()).to_string();
        let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let inner = inner.expect("a text is between quotes");
        match inner.strip_prefix("\\u") {
            Some(hex) => out += &format!("\\u{}", hex.to_uppercase()),
            None => out += inner,
        }
    }
    format!("\"{out}\"")
}
