//! One word has one meaning: no two public types share a name, and no name is an empty word such as
//! `manager`.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{files, targets};
use super::source::{Token, is_word};

/// Words that do not describe a thing.
const EMPTY_WORDS: [&str; 8] =
    ["manager", "service", "processor", "handler", "helper", "util", "execute", "perform"];

/// The simulator repeats the guides' words on purpose.
const REPEATS_WORDS: &str = "simulator";

#[test]
fn every_public_type_has_a_unique_name() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for target in targets().iter().filter(|target| target.package != REPEATS_WORDS) {
        for module in &target.modules {
            for (name, line) in public_types(&module.tokens()) {
                places.entry(name).or_default().insert(format!("{}:{line}", module.file));
            }
        }
    }
    places.retain(|_, places| places.len() > 1);
    let shown: Vec<String> =
        places.iter().map(|(name, places)| format!("{name}: {places:?}")).collect();
    assert!(shown.is_empty(), "{} names are used twice:\n{}", shown.len(), shown.join("\n"));
}

#[test]
fn no_name_contains_manager_helper_or_a_similar_word() {
    let mut empty = Vec::new();
    for module in files() {
        let types = public_types(&module.tokens()).into_iter().map(|(name, _)| name);
        let stem = module.file.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
        for name in types.chain([stem]) {
            if words(&name).iter().any(|word| is_empty(word)) {
                empty.push(format!("{}: {name}", module.file));
            }
        }
    }
    assert!(empty.is_empty(), "names with empty words:\n{}", empty.join("\n"));
}

/// Whether a word, or the singular of a plural, is an empty word.
fn is_empty(word: &str) -> bool {
    EMPTY_WORDS.contains(&word.strip_suffix('s').unwrap_or(word))
}

/// The words of a name in camel, snake or kebab case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    for character in name.chars() {
        if character.is_uppercase() || matches!(character, '_' | '-') {
            words.push(String::new());
        }
        let word = words.last_mut().unwrap();
        word.extend(character.to_lowercase().filter(|character| character.is_alphanumeric()));
    }
    words
}

/// The types and traits that a file declares as public, and their lines.
fn public_types(tokens: &[Token<'_>]) -> Vec<(String, usize)> {
    let declares = |window: &&[Token<'_>]| {
        window[0].text == "pub"
            && matches!(window[1].text, "struct" | "enum" | "trait" | "type" | "union")
            && is_word(window[2].text)
    };
    let found = tokens.windows(3).filter(declares);
    found.map(|window| (window[2].text.to_owned(), window[2].line)).collect()
}
