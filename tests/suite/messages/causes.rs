//! `causes.txt` names a test for each WARN and ERROR. The test causes the message in the real code,
//! and compares the message in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, ItemFn, Lit};

use super::literals::{Levels, alarms};
use crate::structure::root;

const LIST: &str = "tests/suite/messages/causes.txt";
const FORM: &str = "a row is: LEVEL | message up to the semicolon | file of the test | its name";

/// A test that causes a message.
struct Cause {
    level: String,
    message: String,
    file: String,
    test: String,
}

fn causes() -> Vec<Cause> {
    let text = fs::read_to_string(root().join(LIST)).unwrap();
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(cause).collect()
}

fn cause(row: &str) -> Cause {
    let cells: Vec<_> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
    let [level, message, file, test] = cells.try_into().unwrap_or_else(|_| panic!("{row}: {FORM}"));
    Cause { level, message, file, test }
}

#[test]
fn each_warning_and_error_is_caused_by_a_test() {
    let mut caused: BTreeMap<String, Levels> = BTreeMap::new();
    for cause in causes() {
        let is_new = caused.entry(cause.message.clone()).or_default().insert(cause.level);
        assert!(is_new, "{LIST} has two rows for {}", cause.message);
    }
    let logged = alarms();
    for (message, levels) in &logged {
        let found = caused.get(message);
        assert_eq!(found, Some(levels), "add a test that causes it to {LIST}: {message}");
    }
    for message in caused.keys() {
        assert!(
            logged.contains_key(message),
            "{LIST} has a message that is never logged: {message}"
        );
    }
}

#[test]
fn each_named_test_exists_and_compares_the_message() {
    let levels: BTreeMap<_, _> = alarms();
    for Cause { level, message, file, test } in causes() {
        let source = fs::read_to_string(root().join(&file));
        let source = source.unwrap_or_else(|fault| panic!("{LIST}: {file}: {fault}"));
        assert!(has_test(&source, &test), "{file} has no test {test}");
        let texts = texts_of(&file, &source);
        assert!(texts.iter().any(|it| it.contains(&message)), "{file} does not compare: {message}");
        let is_ambiguous = levels.get(&message).is_some_and(|it| it.len() > 1);
        let has_level = texts.iter().any(|it| it.contains(&level));
        assert!(!is_ambiguous || has_level, "{file} does not compare the level: {message}");
    }
}

/// Whether a file has a test with this name.
fn has_test(source: &str, name: &str) -> bool {
    let items = syn::parse_file(source).unwrap().items;
    let is_test = |item: &ItemFn| {
        let names = item.attrs.iter().filter_map(|it| it.path().segments.last());
        names.into_iter().any(|it| it.ident == "test")
    };
    items
        .iter()
        .any(|item| matches!(item, Item::Fn(item) if item.sig.ident == name && is_test(item)))
}

/// The texts of a file, and of the file of its parent module, which has what its children share.
fn texts_of(file: &str, source: &str) -> BTreeSet<String> {
    let parent = file.rsplit_once('/').map(|(folder, _)| root().join(format!("{folder}.rs")));
    let parent = parent.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let mut texts = literals(source.parse().unwrap());
    texts.extend(literals(parent.parse().unwrap()));
    texts
}

/// Every text in a source file. Doc comments are left out.
fn literals(tokens: TokenStream) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let mut is_attribute = false;
    for token in tokens {
        let was_attribute = std::mem::take(&mut is_attribute);
        match token {
            TokenTree::Group(_) if was_attribute => (),
            TokenTree::Group(group) => texts.extend(literals(group.stream())),
            TokenTree::Punct(mark) => is_attribute = mark.as_char() == '#',
            TokenTree::Literal(literal) => {
                if let Lit::Str(text) = Lit::new(literal) {
                    texts.insert(text.value());
                }
            }
            TokenTree::Ident(_) => (),
        }
    }
    texts
}

#[test]
fn tests_and_texts_are_found() {
    let source = "/// doc\n#[tokio::test(start_paused = true)]\nasync fn a() { b!(\"x\", c(\"y\")) }\n\
                  fn d() {}";
    assert!(has_test(source, "a") && !has_test(source, "d") && !has_test(source, "e"));
    assert_eq!(literals(source.parse().unwrap()), ["x", "y"].map(str::to_owned).into());
}
