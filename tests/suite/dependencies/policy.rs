//! `deny.toml` and `Cargo.lock`, as far as the tests read them.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use spdx::Licensee;

use crate::structure::root;

/// `deny.toml`.
#[derive(Deserialize)]
pub struct Policy {
    licenses: Licences,
    pub bans: Bans,
    pub sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

/// What is allowed for one crate only.
#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
pub struct Bans {
    pub deny: Vec<Ban>,
}

/// A crate that may not be used, but by its wrappers.
#[derive(Deserialize)]
pub struct Ban {
    #[serde(rename = "crate")]
    pub name: String,
    #[serde(default)]
    pub wrappers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sources {
    pub unknown_registry: String,
    pub unknown_git: String,
}

impl Policy {
    pub fn read() -> Self {
        read("deny.toml")
    }

    /// The licences that are allowed for a crate.
    pub fn allowed(&self, name: &str) -> Vec<Licensee> {
        let own = self.licenses.exceptions.iter().filter(|exception| exception.name == name);
        let own = own.flat_map(|exception| &exception.allow);
        let all = self.licenses.allow.iter().chain(own);
        all.map(|licence| Licensee::parse(licence).unwrap()).collect()
    }

    /// Every licence that the file names.
    pub fn licences(&self) -> BTreeSet<String> {
        let exceptions = self.licenses.exceptions.iter().flat_map(|exception| &exception.allow);
        self.licenses.allow.iter().chain(exceptions).cloned().collect()
    }
}

/// `Cargo.lock`: the crates of all platforms and features.
#[derive(Deserialize)]
pub struct LockFile {
    pub package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
pub struct LockedPackage {
    pub name: String,
    pub source: Option<String>,
    pub checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl LockFile {
    pub fn read() -> Self {
        read("Cargo.lock")
    }

    pub fn has(&self, name: &str) -> bool {
        self.package.iter().any(|package| package.name == name)
    }

    /// The crates that depend on a crate themselves.
    pub fn dependents(&self, name: &str) -> BTreeSet<&str> {
        // A version follows the name if the file has two.
        let names_it = |one: &String| one.split(' ').next() == Some(name);
        let dependents = self.package.iter().filter(|one| one.dependencies.iter().any(names_it));
        dependents.map(|package| package.name.as_str()).collect()
    }
}

fn read<T: DeserializeOwned>(path: &str) -> T {
    let text = fs::read_to_string(root().join(path)).unwrap();
    toml::from_str(&text).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}
