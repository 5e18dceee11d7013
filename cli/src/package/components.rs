//! What is in the programs of one build: the crates that cargo links, and what they depend on.
//!
//! `cargo tree` selects the crates, because it knows the features of one build. `cargo metadata` unifies the
//! features of the whole workspace, so it only says where a crate is. Build scripts and procedural macros run
//! on the machine that builds; they are not in a program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::licence_files;
use crate::error::CommandError;

/// A crate, or a library that a crate contains.
pub struct Component {
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub licence: String,
    pub origin: Origin,
    /// The files with the texts of its licences.
    pub texts: Vec<PathBuf>,
    /// The places of what it needs, in the list of all components.
    pub needs: BTreeSet<usize>,
}

/// Where a component comes from.
pub enum Origin {
    /// This workspace.
    Koohook,
    /// The registry of crates: the SHA-256 of the crate, from `Cargo.lock`.
    Registry(Option<String>),
    /// Source in another language, or Rust's own library: its name in CPE, a dictionary of products.
    Native(&'static str),
}

/// The components of one build. The first one is the package of its programs.
pub struct Components(pub Vec<Component>);

impl Components {
    /// Asks cargo which crates are linked. The crates that it knows can be more.
    ///
    /// # Errors
    /// If cargo fails.
    pub fn read(
        root: &Path,
        build: &[String],
        triple: &str,
    ) -> Result<(Self, Crates), CommandError> {
        // Without all features, cargo does not name the crates of the feature vercel.
        let asked = ["metadata", "--format-version=1", "--all-features", "--filter-platform"];
        let metadata = cargo(root, &[&asked, &[triple][..]].concat())?;
        let metadata: Metadata =
            serde_json::from_str(&metadata).map_err(|_| failed("metadata", UNKNOWN_FORM))?;
        let lock = crate::input::read_text(&root.join("Cargo.lock"))?;
        let crates = Crates { packages: metadata.packages, sums: checksums(&lock) };
        let edges = ["tree", "--edges=normal,no-proc-macro", "--prefix=depth", "--format= {p}"];
        let selection = selection(build);
        let tree = cargo(root, &[&edges, &["--target", triple][..], &selection].concat())?;
        let components = parse(&tree, &crates).ok_or_else(|| failed("tree", UNKNOWN_FORM))?;
        Ok((Self(components), crates))
    }
}

/// What cargo and `Cargo.lock` say of crates.
pub struct Crates {
    packages: Vec<Package>,
    sums: BTreeMap<(String, String), String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A crate in `cargo metadata`.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
}

impl Package {
    /// The folder of the crate.
    pub fn folder(&self) -> Option<PathBuf> {
        self.manifest_path.parent().map(Path::to_owned)
    }
}

impl Crates {
    /// The crate with this name, and with this version if one is named.
    pub fn find(&self, name: &str, version: Option<&str>) -> Option<&Package> {
        let is_it = |one: &&Package| one.name == name && version.is_none_or(|is| is == one.version);
        self.packages.iter().find(is_it)
    }

    /// The component that a crate is.
    pub fn component(&self, package: &Package) -> Component {
        let key = (package.name.clone(), package.version.clone());
        let origin = match package.source {
            None => Origin::Koohook,
            Some(_) => Origin::Registry(self.sums.get(&key).cloned()),
        };
        // Older crates separate licences by a slash, which means OR.
        let licence = package.license.as_deref().unwrap_or("NOASSERTION").replace('/', " OR ");
        let licence = licence.split_whitespace().collect::<Vec<_>>().join(" ");
        let texts =
            package.folder().map(|folder| licence_files::files_in(&folder)).unwrap_or_default();
        let (name, version) = key;
        Component { name, version, licence, origin, texts, needs: BTreeSet::new() }
    }
}

/// The arguments of a build that select features, without its programs and its profile.
fn selection(build: &[String]) -> Vec<&str> {
    let mut selected = Vec::new();
    let mut arguments = build.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        if argument == "--bin" {
            arguments.next();
        } else if !argument.starts_with("--bin=") {
            selected.push(argument);
        }
    }
    selected
}

/// Parses lines like `2 hex v0.4.3`: the depth, and a crate. A crate's own lines follow its first line only.
fn parse(tree: &str, crates: &Crates) -> Option<Vec<Component>> {
    let mut components: Vec<Component> = Vec::new();
    let mut places = BTreeMap::new();
    let mut path: Vec<usize> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let depth: usize = words.next()?.parse().ok()?;
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        let package = crates.find(name, Some(version))?;
        let place = *places.entry((name, version)).or_insert_with(|| {
            components.push(crates.component(package));
            components.len().saturating_sub(1)
        });
        path.truncate(depth);
        if let Some(parent) = path.last().and_then(|parent| components.get_mut(*parent)) {
            parent.needs.insert(place);
        }
        path.push(place);
    }
    Some(components)
}

/// The SHA-256 of each crate in a lock file.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |package: &str, key: &str| {
        let mut lines = package.lines().filter_map(|line| line.strip_prefix(key));
        lines.find_map(|rest| rest.strip_prefix(" = \"")?.strip_suffix('"').map(str::to_owned))
    };
    let packages = lock.split("[[package]]\n").skip(1);
    let sums = packages.filter_map(|package| {
        let key = (value(package, "name")?, value(package, "version")?);
        Some((key, value(package, "checksum")?))
    });
    sums.collect()
}

/// What a command of cargo prints.
fn cargo(root: &Path, arguments: &[&str]) -> Result<String, CommandError> {
    let mut command = Command::new("cargo");
    let done = command.current_dir(root).args(arguments).arg("--locked").output();
    let done = done.map_err(|fault| format!("cargo cannot be started ({fault})"))?;
    if done.status.success() {
        return Ok(String::from_utf8(done.stdout)?);
    }
    Err(failed(arguments.first().copied().unwrap_or_default(), &done.stderr))
}

/// The error for a command of cargo, with what cargo says.
pub fn failed(command: &str, errors: &[u8]) -> CommandError {
    let errors = String::from_utf8_lossy(errors);
    format!("cargo {command} failed; mend what cargo says:\n{}", errors.trim_end()).into()
}

/// What koohook says in place of cargo.
const UNKNOWN_FORM: &[u8] =
    b"this cargo prints another form; install the Rust that Cargo.toml names, or a newer one";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_of_a_build_do_not_select_features() {
        let build = ["-p", "koohook", "--bin", "koohook", "--bin=receive", "--features=a"];
        let build = build.map(str::to_owned);
        assert_eq!(selection(&build), ["-p", "koohook", "--features=a"]);
    }

    #[test]
    fn a_lock_file_has_checksums() {
        let lock = "version = 4\n\n[[package]]\nname = \"hex\"\nversion = \"0.4.3\"\n\
                    checksum = \"7f24\"\ndependencies = [\n \"a\",\n]\n\n\
                    [[package]]\nname = \"domain\"\nversion = \"0.1.0\"\n";
        let key = ("hex".to_owned(), "0.4.3".to_owned());
        assert_eq!(checksums(lock), BTreeMap::from([(key, "7f24".to_owned())]));
    }
}
