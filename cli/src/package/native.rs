//! The libraries in a program that are not crates: OpenSSL and SQLite in C, and Rust's standard library.
//!
//! A crate names the C library that it links. So a new one cannot be missing here: a test compares.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use super::components::{Component, Crates, Origin, Package};
use super::licence_files;
use crate::error::CommandError;

/// A library whose source is in a crate.
struct Library {
    /// The crate that calls it.
    caller: &'static str,
    /// The crate that has its source.
    source: &'static str,
    name: &'static str,
    licence: &'static str,
    cpe: &'static str,
    /// Its folder in the crate.
    folder: &'static str,
    version: fn(&Package) -> Option<String>,
}

const LIBRARIES: [Library; 2] = [
    Library {
        caller: "openssl-sys",
        source: "openssl-src",
        name: "openssl",
        licence: "Apache-2.0",
        cpe: "openssl:openssl",
        folder: "openssl",
        version: openssl_version,
    },
    Library {
        caller: "libsqlite3-sys",
        source: "libsqlite3-sys",
        name: "sqlite",
        licence: "blessing",
        cpe: "sqlite:sqlite",
        folder: "sqlite3",
        version: sqlite_version,
    },
];

/// Adds the libraries that the crates contain, and Rust's standard library.
///
/// # Errors
/// If a library's version cannot be read.
pub fn add(components: &mut Vec<Component>, crates: &Crates) -> Result<(), CommandError> {
    for library in &LIBRARIES {
        let Some(caller) = components.iter().position(|one| one.name == library.caller) else {
            continue;
        };
        let source = crates.find(library.source, None).ok_or_else(|| unknown(library.name))?;
        let mut place = caller;
        if library.source != library.caller {
            place = append(components, caller, crates.component(source));
        }
        let version = (library.version)(source).ok_or_else(|| unknown(library.name))?;
        let folder = source.folder().unwrap_or_default().join(library.folder);
        let texts = licence_files::files_in(&folder);
        let component = native(library.name, version, library.licence, library.cpe);
        append(components, place, Component { texts, ..component });
    }
    append(components, 0, standard_library()?);
    Ok(())
}

fn append(components: &mut Vec<Component>, parent: usize, component: Component) -> usize {
    let place = components.len();
    components.push(component);
    if let Some(parent) = components.get_mut(parent) {
        parent.needs.insert(place);
    }
    place
}

fn native(name: &str, version: String, licence: &str, cpe: &'static str) -> Component {
    let (name, licence, origin) = (name.to_owned(), licence.to_owned(), Origin::Native(cpe));
    Component { name, version, licence, origin, texts: Vec::new(), needs: BTreeSet::new() }
}

/// The crate's version ends with OpenSSL's, behind a plus.
fn openssl_version(source: &Package) -> Option<String> {
    source.version.split_once('+').map(|(_, version)| version.to_owned())
}

fn sqlite_version(source: &Package) -> Option<String> {
    let header = std::fs::read_to_string(source.folder()?.join("sqlite3/sqlite3.h")).ok()?;
    let mut lines = header.lines();
    let version = lines.find_map(|line| line.strip_prefix("#define SQLITE_VERSION "))?;
    Some(version.trim().trim_matches('"').to_owned())
}

/// Rust's standard library, with the licence texts of the compiler's folder.
fn standard_library() -> Result<Component, CommandError> {
    let version = rustc(&["--version"]).ok_or_else(|| unknown("Rust"))?;
    let version = version.split(' ').nth(1).unwrap_or_default().to_owned();
    let sysroot = rustc(&["--print", "sysroot"]).unwrap_or_default();
    let folder = PathBuf::from(sysroot.trim()).join("share/doc/rust/licenses");
    let texts = ["Apache-2.0.txt", "MIT.txt"].map(|name| folder.join(name));
    let texts = texts.into_iter().filter(|path| path.is_file()).collect();
    let component = native("rust-std", version, "MIT OR Apache-2.0", "rust-lang:rust");
    Ok(Component { texts, ..component })
}

fn rustc(arguments: &[&str]) -> Option<String> {
    let done = Command::new("rustc").args(arguments).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
}

fn unknown(name: &str) -> CommandError {
    format!("the version of {name} in the programs is not known; check that cargo build works here")
        .into()
}
