//! Every dependency has a licence that `deny.toml` allows, is not banned there, and comes from the registry.
//! The lists are only in that file, so `cargo deny` checks the same.
//!
//! No test looks for advisories or for versions that were withdrawn: both need the network.

mod policy;

use std::collections::BTreeSet;
use std::process::Command;

use spdx::{Expression, ParseMode};

use self::policy::{LockFile, Policy};
use crate::structure::root;

#[test]
fn every_licence_is_allowed() {
    let policy = Policy::read();
    let mut used = BTreeSet::new();
    for (name, licence) in licences() {
        let expression = parsed(&licence);
        let allowed = policy.allowed(&name);
        assert!(
            expression.evaluate(|needed| allowed.iter().any(|one| one.satisfies(needed))),
            "{name} has the licence {licence}; deny.toml does not allow it"
        );
        // Without this licence, the crate would not be allowed.
        for licence in &allowed {
            let rest = || allowed.iter().filter(|one| *one != licence);
            if !expression.evaluate(|needed| rest().any(|one| one.satisfies(needed))) {
                used.insert(licence.to_string());
            }
        }
    }
    let listed = policy.licences();
    assert_eq!(listed, used, "deny.toml allows a licence that no crate needs");
}

/// Both licences of an `AND` are needed, and one of an `OR`.
#[test]
fn a_licence_that_is_not_allowed_is_found() {
    let policy = Policy::read();
    let allowed = policy.allowed("made-up");
    let is_allowed = |licence: &str| {
        parsed(licence).evaluate(|needed| allowed.iter().any(|one| one.satisfies(needed)))
    };
    for licence in ["MIT OR GPL-3.0-only", "MIT/Apache-2.0", "(MIT OR AGPL-3.0-only) AND ISC"] {
        assert!(is_allowed(licence), "{licence}");
    }
    for licence in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "CDLA-Permissive-2.0", "LGPL-2.1-only"]
    {
        assert!(!is_allowed(licence), "{licence}");
    }
}

#[test]
fn no_banned_crate_is_a_dependency() {
    let (policy, lock) = (Policy::read(), LockFile::read());
    assert!(policy.bans.deny.len() > 5);
    for ban in &policy.bans.deny {
        let dependents = lock.dependents(&ban.name);
        let allowed: BTreeSet<&str> = ban.wrappers.iter().map(String::as_str).collect();
        assert_eq!(dependents, allowed, "{}: deny.toml lists the crates that may use it", ban.name);
        assert!(!allowed.is_empty() || !lock.has(&ban.name), "{} is in Cargo.lock", ban.name);
    }
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let policy = Policy::read();
    assert_eq!([policy.sources.unknown_registry, policy.sources.unknown_git], ["deny", "deny"]);
    let lock = LockFile::read();
    let mut sources = BTreeSet::new();
    for package in &lock.package {
        let Some(source) = &package.source else { continue };
        assert!(source.starts_with("registry+https://github.com/rust-lang/"), "{}", package.name);
        assert_eq!(package.checksum.as_ref().map(String::len), Some(64), "{}", package.name);
        sources.insert(source);
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
}

/// Only packages of this workspace come from no registry.
#[test]
fn every_other_package_is_a_member_of_the_workspace() {
    let lock = LockFile::read();
    let local = lock.package.iter().filter(|package| package.source.is_none());
    let local: BTreeSet<&str> = local.map(|package| package.name.as_str()).collect();
    let members = crate::structure::packages();
    let members = members.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(local, members);
}

fn parsed(licence: &str) -> Expression {
    Expression::parse_mode(licence, ParseMode::LAX)
        .unwrap_or_else(|fault| panic!("{licence}: {fault}"))
}

/// The licence of every crate that a build or a test of the packages' platform needs.
fn licences() -> BTreeSet<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--workspace", "--all-features", "--edges", "all"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--prefix", "none", "--format", "{p}|{l}|"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let crates = lines.lines().filter_map(|line| {
        let (package, licence) = line.split_once('|')?;
        Some((package.split(' ').next()?.to_owned(), licence.split('|').next()?.to_owned()))
    });
    let crates: BTreeSet<_> = crates.collect();
    assert!(crates.len() > 200, "{}", crates.len());
    crates
}
