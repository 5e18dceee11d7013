//! The checksums of the packages in a folder, as `sha256sum --check` reads them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sha2::{Digest, Sha256};

use super::target::PackageTarget;
use super::{read, unwritable};
use crate::error::CommandError;

/// Removes the checksums of an earlier run. While they are missing, the packages are not complete.
///
/// # Errors
/// If the file cannot be removed.
pub fn remove(out: &Path) -> Result<(), CommandError> {
    let path = out.join(NAME);
    match fs::remove_file(&path) {
        Err(fault) if fault.kind() != ErrorKind::NotFound => Err(unwritable(&path, &fault)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes the checksums of all packages in a folder, and returns the file.
///
/// # Errors
/// If a file cannot be read or written.
pub fn write(out: &Path) -> Result<PathBuf, CommandError> {
    let mut lines = Vec::new();
    for folder in PackageTarget::value_variants().iter().map(|target| out.join(target.folder())) {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.map_err(|fault| unwritable(&folder, &fault))?.path();
            let name = path.strip_prefix(out).unwrap_or(&path).display().to_string();
            if name.ends_with(".zip") || name.ends_with(".tar.gz") {
                let sum = hex::encode(Sha256::digest(read(&path)?));
                lines.push((name.clone(), format!("{sum}  {name}\n")));
            }
        }
    }
    lines.sort();
    let path = out.join(NAME);
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    fs::write(&path, text).map_err(|fault| unwritable(&path, &fault))?;
    Ok(path)
}

const NAME: &str = "SHA256SUMS";
