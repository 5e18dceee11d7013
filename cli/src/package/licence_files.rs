//! Finds the files with the texts of licences.

use std::fs;
use std::path::{Path, PathBuf};

/// The licence files in a folder, and in its folder of licences.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = paths.filter(|path| is_licence(path)).flat_map(with_files).collect();
    files.sort();
    files
}

fn with_files(path: PathBuf) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(&path) else { return vec![path] };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.is_file()).collect()
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
    let is_code = [".RS", ".TOML", ".JSON", ".HTML"].iter().any(|ending| name.ends_with(ending));
    !is_code && NAMES.iter().any(|start| name.starts_with(start))
}

/// How the names of licence files begin.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
