//! What a file names of its own crate: in its imports, and in the paths of its code.

use std::collections::{BTreeMap, BTreeSet};

use super::rooms::Room;
use super::source::{Token, begins, end_of_block, is_word};

/// A path from the root of a crate.
pub type Place = Vec<String>;
/// The names that a room's imports bring in, and what each stands for.
pub type ImportedNames = BTreeMap<String, Place>;

/// A leaf of an import.
struct Leaf {
    /// The name it brings in.
    name: String,
    path: Vec<String>,
    line: usize,
}

/// More re-exports than one name passes.
const LONGEST_CHAIN: usize = 16;

/// What the names stand for that a room's imports bring in.
pub fn imports(room: &Room, rooms: &BTreeSet<&Place>) -> ImportedNames {
    let tokens = room.tokens();
    let is_room = |place: &Place| rooms.contains(place);
    let mut names = ImportedNames::new();
    for at in (0..tokens.len()).filter(|at| is_import(&tokens, *at)) {
        for leaf in leaves(&tokens, at + 1, &[]).0 {
            names.extend(place(room, &leaf.path, is_room).map(|place| (leaf.name, place)));
        }
    }
    names
}

/// Every place of its own crate that a room names, and the line.
pub fn named(room: &Room, names: &BTreeMap<Place, ImportedNames>) -> Vec<(Place, usize)> {
    let tokens = room.tokens();
    let is_room = |place: &Place| names.contains_key(place);
    let mut named = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_import(&tokens, at) {
            let (leaves, end) = leaves(&tokens, at + 1, &[]);
            let places = leaves.iter().map(|leaf| (place(room, &leaf.path, is_room), leaf.line));
            named.extend(places.filter_map(|(place, line)| Some((place?, line))));
            at = end;
            continue;
        }
        let path = path_at(&tokens, at);
        if path.len() > 1 {
            let brought = names.get(&room.path).and_then(|names| names.get(&path[0]));
            let found = match brought {
                Some(brought) => Some([brought.as_slice(), &path[1..]].concat()),
                None => place(room, &path, is_room),
            };
            named.extend(found.map(|place| (place, tokens[at].line)));
        }
        at += (path.len() * 3).saturating_sub(2).max(1);
    }
    named
}

/// The room that a path leads to, through every import on its way.
pub fn resolve(place: &[String], names: &BTreeMap<Place, ImportedNames>) -> Place {
    let mut place = place.to_vec();
    for _ in 0..LONGEST_CHAIN {
        let depth = (0..=place.len()).rev().find(|depth| names.contains_key(&place[..*depth]));
        let (room, rest) = place.split_at(depth.unwrap_or(0));
        let stands_for = rest.first().and_then(|name| names.get(room)?.get(name));
        let Some(stands_for) = stands_for.filter(|stands_for| !place.starts_with(stands_for))
        else {
            return room.to_vec();
        };
        place = [stands_for.as_slice(), &rest[1..]].concat();
    }
    panic!("{place:?} is re-exported in a circle");
}

/// A path as a place of this crate; nothing if it leads to another crate.
fn place(room: &Room, path: &[String], is_room: impl Fn(&Place) -> bool) -> Option<Place> {
    let mut base = room.path.clone();
    let mut rest = path;
    while let Some(first) = rest.first() {
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => drop(base.pop()),
            child => {
                let is_qualified = rest.len() < path.len();
                let is_child = || is_room(&[base.as_slice(), &[child.to_owned()]].concat());
                return (is_qualified || is_child()).then(|| [base.as_slice(), rest].concat());
            }
        }
        rest = &rest[1..];
    }
    Some(base)
}

/// Whether an import begins here; `use<'a>` in a type is none.
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

/// The leaves of a tree of imports, and where the tree ends.
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
