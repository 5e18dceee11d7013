//! The names of its own crate that a file uses, in its imports and in the paths of its code.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::ModuleFile;
use super::source::{Token, begins, end_of_block, is_word};

/// A path from the root of a crate.
pub type Place = Vec<String>;
/// The names that a module imports, and the path of each.
pub type ImportedNames = BTreeMap<String, Place>;

/// A leaf of an import.
struct Leaf {
    /// The imported name.
    name: String,
    path: Vec<String>,
    line: usize,
}

/// An upper bound for the re-exports of one name.
const LONGEST_CHAIN: usize = 16;

/// The names that a module imports, with their paths.
pub fn imports(module: &ModuleFile, modules: &BTreeSet<&Place>) -> ImportedNames {
    let tokens = module.tokens();
    let is_module = |place: &Place| modules.contains(place);
    let mut names = ImportedNames::new();
    for at in (0..tokens.len()).filter(|at| is_import(&tokens, *at)) {
        for leaf in leaves(&tokens, at + 1, &[]).0 {
            names.extend(place(module, &leaf.path, is_module).map(|place| (leaf.name, place)));
        }
    }
    names
}

/// Every path of its own crate that a module uses, and the line.
pub fn named(module: &ModuleFile, names: &BTreeMap<Place, ImportedNames>) -> Vec<(Place, usize)> {
    let tokens = module.tokens();
    let is_module = |place: &Place| names.contains_key(place);
    let mut named = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_import(&tokens, at) {
            let (leaves, end) = leaves(&tokens, at + 1, &[]);
            let places =
                leaves.iter().map(|leaf| (place(module, &leaf.path, is_module), leaf.line));
            named.extend(places.filter_map(|(place, line)| Some((place?, line))));
            at = end;
            continue;
        }
        let path = path_at(&tokens, at);
        if path.len() > 1 {
            let imported = names.get(&module.path).and_then(|names| names.get(&path[0]));
            let found = match imported {
                Some(imported) => Some([imported.as_slice(), &path[1..]].concat()),
                None => place(module, &path, is_module),
            };
            named.extend(found.map(|place| (place, tokens[at].line)));
        }
        at += (path.len() * 3).saturating_sub(2).max(1);
    }
    named
}

/// The module that a path names, after all re-exports are resolved.
pub fn resolve(place: &[String], names: &BTreeMap<Place, ImportedNames>) -> Place {
    let mut place = place.to_vec();
    for _ in 0..LONGEST_CHAIN {
        let depth = (0..=place.len()).rev().find(|depth| names.contains_key(&place[..*depth]));
        let (module, rest) = place.split_at(depth.unwrap_or(0));
        let target = rest.first().and_then(|name| names.get(module)?.get(name));
        let Some(target) = target.filter(|target| !place.starts_with(target)) else {
            return module.to_vec();
        };
        place = [target.as_slice(), &rest[1..]].concat();
    }
    panic!("{place:?} is re-exported in a circle");
}

/// The absolute path in this crate, or `None` for a path into another crate.
fn place(
    module: &ModuleFile,
    path: &[String],
    is_module: impl Fn(&Place) -> bool,
) -> Option<Place> {
    let mut base = module.path.clone();
    let mut rest = path;
    while let Some(first) = rest.first() {
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => drop(base.pop()),
            child => {
                let is_qualified = rest.len() < path.len();
                let is_child = || is_module(&[base.as_slice(), &[child.to_owned()]].concat());
                return (is_qualified || is_child()).then(|| [base.as_slice(), rest].concat());
            }
        }
        rest = &rest[1..];
    }
    Some(base)
}

/// Whether an import begins here. `use<'a>` in a type is not an import.
fn is_import(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[at].text == "use" && tokens.get(at + 1).is_some_and(|next| next.text != "<")
}

/// The path that begins with a word: `a::b::c`.
fn path_at(tokens: &[Token<'_>], start: usize) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = start;
    while let Some(token) = tokens.get(at).filter(|token| is_word(token.text)) {
        path.push(token.text.to_owned());
        if !begins(&tokens[at + 1..], &[":", ":"]) {
            break;
        }
        at += 3;
    }
    path
}

/// The leaves of an import tree, and the index where the tree ends.
fn leaves(tokens: &[Token<'_>], start: usize, before: &[String]) -> (Vec<Leaf>, usize) {
    let mut path = before.to_vec();
    let mut name = None;
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        match token.text {
            ":" => {}
            "{" => return branches(tokens, at, &path),
            "as" => name = tokens.get(at + 1).map(|token| token.text.to_owned()),
            "*" => name = Some("*".to_owned()),
            "self" if !path.is_empty() => {}
            word if is_word(word) && name.is_none() => path.push(word.to_owned()),
            word if is_word(word) => {}
            _ => break,
        }
        at += 1;
    }
    let line = tokens[start].line;
    let name = name.or_else(|| path.last().cloned());
    (name.map(|name| Leaf { name, path, line }).into_iter().collect(), at)
}

/// The leaves of a tree's branches: `{a, b::c}`.
fn branches(tokens: &[Token<'_>], start: usize, before: &[String]) -> (Vec<Leaf>, usize) {
    let end = end_of_block(tokens, start);
    let mut found = Vec::new();
    let mut at = start + 1;
    while at < end - 1 {
        let (more, next) = leaves(tokens, at, before);
        found.extend(more);
        at = next + usize::from(begins(&tokens[next..], &[","]));
    }
    (found, end)
}
