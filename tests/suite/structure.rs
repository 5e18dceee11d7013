//! Rules for the layout of the code. [`maps`] name every module. [`links`] in pages resolve.
//! [`packages`] and [`arrows`] allow imports in one direction only. [`platforms`] check each
//! platform's features. [`names`] are unique. [`sizes`] limit files and functions.

mod arrows;
mod imports;
mod links;
mod maps;
mod modules;
mod names;
mod packages;
mod platforms;
mod sizes;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub use self::modules::packages;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// The names of the binaries: one for each function.
fn functions() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("functions/src/bin")).unwrap().map(Result::unwrap);
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.map(|name| name.strip_suffix(".rs").unwrap().to_owned()).collect()
}

/// Every source file that is not a test: its path, and its text.
pub fn shipped_files() -> Vec<(String, String)> {
    let shipped = modules::files().into_iter().filter(|file| !file.is_test);
    shipped.map(|file| (file.file, file.source)).collect()
}
