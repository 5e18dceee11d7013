//! The licences of what is in a program: a list of all components, and the text of each licence file once.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::components::{Component, Components, Origin};
use super::read;
use crate::error::CommandError;

/// Writes the list and the texts.
///
/// # Errors
/// If a licence file cannot be read.
pub fn document(own: &Path, components: &Components) -> Result<Vec<u8>, CommandError> {
    let mut lines: Vec<_> = components.0.iter().map(line).collect();
    lines.sort();
    let mut document = format!("{ABOUT}\n{}", lines.concat());
    for (text, names) in by_text(own, components)? {
        let names = names.join("\n");
        write!(document, "\n{RULE}\n{names}\n{RULE}\n\n{text}\n")?;
    }
    Ok(document.into_bytes())
}

fn line(component: &Component) -> String {
    let Component { name, version, licence, .. } = component;
    let has_text = !component.texts.is_empty() || matches!(component.origin, Origin::Koohook);
    let note = if has_text { "" } else { " (has no licence file)" };
    format!("{name} {version}: {licence}{note}\n")
}

/// Each text with the files that have it, in the order of the first file. Koohook's own is the first text.
fn by_text(
    own: &Path,
    components: &Components,
) -> Result<Vec<(String, Vec<String>)>, CommandError> {
    let mut files = BTreeMap::new();
    for component in &components.0 {
        for path in &component.texts {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            files.insert(format!("{} {}: {file}", component.name, component.version), text(path)?);
        }
    }
    let own = ("koohook: LICENSE".to_owned(), text(own)?);
    let mut places = BTreeMap::new();
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    for (name, text) in std::iter::once(own).chain(files) {
        let place = *places.entry(text.clone()).or_insert(texts.len());
        match texts.get_mut(place) {
            Some((_, names)) => names.push(name),
            None => texts.push((text, vec![name])),
        }
    }
    Ok(texts)
}

/// A file's text. Two texts that differ only in the ends of their lines are one.
fn text(path: &Path) -> Result<String, CommandError> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_matches('\n').to_owned())
}

const RULE: &str =
    "--------------------------------------------------------------------------------";
const ABOUT: &str = "\
This file lists what the program in this package consists of, and under which licences (as SPDX
expressions). The texts of the licence files follow. One text may belong to several components.
The crates of Rust's standard library are listed in the compiler's file COPYRIGHT-library.html.
";
