//! The version is in one place: `[workspace.package]` in `Cargo.toml`. Pages name it in commands that a reader
//! types, together with the next version. This test compares them, and can write them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::structure::{packages, root};

/// What stands before a version of koohook.
const MARKS: [&str; 4] = ["koohook-", "/before-", "NEWER = \"", "git tag -s v"];
/// The folders with pages and scripts that name it.
const FOLDERS: [&str; 5] =
    ["docs", "docs/deploy", "tests", "tests/machine_parts", "deploy/machine"];

#[test]
fn every_package_has_the_version_of_the_workspace() {
    for package in packages() {
        assert_eq!(package["version"], VERSION, "{}", package["name"]);
        let manifest = fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(manifest.contains("\nversion.workspace = true\n"), "{}", package["name"]);
        assert!(manifest.contains("\npublish.workspace = true\n"), "{}", package["name"]);
    }
}

#[test]
fn pages_and_scripts_name_this_version_and_the_next_one() {
    let next = next();
    let files: Vec<_> =
        files().into_iter().filter(|(_, text)| !versions(text).is_empty()).collect();
    let named: BTreeSet<&str> = files.iter().flat_map(|(_, text)| versions(text)).collect();
    assert!(files.len() >= 7 && named.len() == 2, "{named:?}");
    if std::env::var_os("UPDATE_VERSION").is_some() {
        let mut named: Vec<_> = named.into_iter().collect();
        named.sort_by_key(|version| numbers(version));
        for (path, text) in &files {
            fs::write(path, renamed(&renamed(text, named[1], &next), named[0], VERSION)).unwrap();
        }
        return;
    }
    assert_eq!(named, BTreeSet::from([VERSION, &next]), "{UPDATE}");
}

#[test]
fn the_changelog_begins_with_this_version() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let headings: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings[0], "Unreleased");
    assert_eq!(headings[1].split(' ').next(), Some(VERSION), "CHANGELOG.md has no section for it");
}

#[test]
fn versions_are_found_and_renamed() {
    let text = "koohook-0.1.0-x86_64-linux koohook-VERSION /before-0.2.0-$(date) 0.1.0 koohook-1.2";
    assert_eq!(versions(text), ["0.1.0", "0.2.0"]);
    let renamed = renamed(text, "0.1.0", "0.2.0");
    assert!(renamed.starts_with("koohook-0.2.0-x86") && renamed.contains(" 0.1.0 "), "{renamed}");
}

/// The version whose update the pages show.
fn next() -> String {
    let [major, minor, _] = numbers(VERSION);
    format!("{major}.{}.0", minor + 1)
}

fn numbers(version: &str) -> [u32; 3] {
    let numbers: Vec<_> = version.split('.').map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// The files of the folders and of the root, with their texts.
fn files() -> Vec<(PathBuf, String)> {
    let folders = FOLDERS.map(|folder| root().join(folder)).into_iter().chain([root()]);
    let entries = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    paths.filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?))).collect()
}

/// Every version that follows a mark.
fn versions(text: &str) -> Vec<&str> {
    let after = |mark| text.split(mark).skip(1);
    let follows = MARKS.iter().flat_map(after).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        rest.split_at(end.unwrap_or(rest.len())).0
    });
    let is_version = |text: &&str| text.split('.').filter(|number| !number.is_empty()).count() == 3;
    follows.filter(is_version).collect()
}

fn renamed(text: &str, from: &str, to: &str) -> String {
    MARKS.iter().fold(text.to_owned(), |text, mark| {
        text.replace(&format!("{mark}{from}"), &format!("{mark}{to}"))
    })
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const UPDATE: &str = "if the version in Cargo.toml is right, write the pages again:\n  \
    UPDATE_VERSION=1 cargo test --locked --workspace --test suite -- versions::\n";
