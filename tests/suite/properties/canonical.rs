//! The canonical form of a body follows the guide's rules.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::json::{Document, Json, Outline, Reading, Scalars};

use super::json::as_written;
use super::{NUMBERS, Tree, all_escaped, as_jackson, cases, members, to_text, tree};

/// The guide's rules in their order: sort, drop nulls, write.
pub(super) fn slowly_canonical(members: &[(String, Tree)], scalars: Scalars) -> String {
    let mut sorted: BTreeMap<Vec<u16>, String> = BTreeMap::new();
    for (name, value) in members {
        let value = match (value, scalars) {
            (Tree::Null, _) => continue,
            (Tree::Number(text), Scalars::AsText) => format!("\"{text}\""),
            (Tree::Bool(bool), Scalars::AsText) => format!("\"{bool}\""),
            (value, _) => to_text(value, "", &as_jackson),
        };
        sorted.insert(name.encode_utf16().collect(), format!("{}:{value}", as_jackson(name)));
    }
    let sorted: Vec<_> = sorted.into_values().collect();
    format!("{{{}}}", sorted.join(","))
}

/// The canonical form that koohook writes for a body.
fn canonical(body: &str, reading: Reading, scalars: Scalars) -> String {
    let mut form = String::new();
    let mut outline = Outline::of(body.as_bytes()).unwrap();
    outline.write_canonical(reading, scalars, &mut |piece| form.push_str(piece)).unwrap();
    form
}

/// Trees with few names, so that objects repeat names.
fn repetitive() -> impl Strategy<Value = Tree> {
    let name = || select(vec!["", "a", "a\u{0}", "b", "é", "！", "😀"]).prop_map(str::to_owned);
    let leaf = select(NUMBERS.to_vec()).prop_map(Tree::Number);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Tree::Array),
            vec((name(), inner), 0..7).prop_map(Tree::Object),
        ]
    })
}

/// Returns the tree with each name once, at its first place, and whether a name had two values.
fn slowly_read(tree: &Tree, reading: Reading) -> (Tree, bool) {
    let mut conflicting = false;
    let mut read = |tree: &Tree| {
        let (tree, inner) = slowly_read(tree, reading);
        conflicting |= inner;
        tree
    };
    let tree = match tree {
        Tree::Array(items) => Tree::Array(items.iter().map(read).collect()),
        Tree::Object(members) => {
            let mut once: Vec<(String, Tree)> = Vec::new();
            let mut different = false;
            for (name, value) in members {
                let value = read(value);
                match once.iter_mut().find(|(known, _)| known == name) {
                    None => once.push((name.clone(), value)),
                    Some((_, first)) => {
                        different |= as_written(first) != as_written(&value);
                        if reading == Reading::Last {
                            *first = value;
                        }
                    }
                }
            }
            conflicting |= different;
            Tree::Object(once)
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => tree.clone(),
    };
    (tree, conflicting)
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn every_form_of_a_body_has_the_canonical_form_of_the_guide(
        members in members(tree()),
        space in select(vec!["", " ", "\r\n\t "]),
        escaped: bool,
    ) {
        let written: &dyn Fn(&str) -> String = if escaped { &all_escaped } else { &as_jackson };
        let body = to_text(&Tree::Object(members.clone()), space, written);
        prop_assert!(!Document::parse(body.as_bytes()).unwrap().conflicting);
        prop_assert!(!Outline::of(body.as_bytes()).unwrap().names_again());
        for scalars in [Scalars::AsText, Scalars::AsReceived] {
            let expected = slowly_canonical(&members, scalars);
            prop_assert_eq!(&canonical(&body, Reading::First, scalars), &expected);
            prop_assert_eq!(&canonical(&body, Reading::Last, scalars), &expected);
        }
    }

    #[test]
    fn a_canonical_form_does_not_change_if_it_is_canonicalized_again(members in members(tree())) {
        let body = slowly_canonical(&members, Scalars::AsReceived);
        prop_assert_eq!(canonical(&body, Reading::First, Scalars::AsReceived), body);
    }

    #[test]
    fn a_repeated_name_counts_once_in_both_readings(
        tree in vec(("[ab]{0,2}", repetitive()), 0..6).prop_map(Tree::Object),
        escaped: bool,
    ) {
        let written: &dyn Fn(&str) -> String = if escaped { &all_escaped } else { &as_jackson };
        let body = to_text(&tree, " ", written);
        for reading in [Reading::First, Reading::Last] {
            let (read, conflicting) = slowly_read(&tree, reading);
            let Tree::Object(members) = &read else { panic!("the tree was an object") };
            let expected = slowly_canonical(members, Scalars::AsReceived);
            prop_assert_eq!(canonical(&body, reading, Scalars::AsReceived), expected);
            let document = Document::parse(body.as_bytes()).unwrap();
            prop_assert_eq!(document.conflicting, conflicting);
            if reading == Reading::First {
                prop_assert_eq!(Json::Object(document.members).to_text(), as_written(&read));
            }
        }
    }
}
