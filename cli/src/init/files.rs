//! Writes the files of an installation, all of them or none.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::error::CommandError;
use crate::secret_file;

/// What a platform needs.
pub struct NewFiles {
    /// The files' names in the folder, and their texts.
    pub files: Vec<(String, String)>,
    /// What the operator must still set.
    pub missing: Vec<String>,
    /// The next three commands.
    pub next: [String; 3],
}

/// Writes files that only the owner can read.
///
/// # Errors
/// If one exists already, or cannot be written. Then none is left.
pub fn write(folder: &Path, files: &[(String, String)]) -> Result<(), CommandError> {
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).exists()) {
        return Err(format!("{} exists already; {EXISTS}", folder.join(name).display()).into());
    }
    let paths = || files.iter().map(|(name, text)| (folder.join(name), text));
    for (path, text) in paths() {
        let made = path.parent().map_or(Ok(()), make_folder);
        if let Err(error) = made.and_then(|()| secret_file::write(&path, text)) {
            // Only files of this run: none of them existed before.
            paths().for_each(|(path, _)| drop(fs::remove_file(path)));
            return Err(error);
        }
    }
    Ok(())
}

/// Makes a folder that only the owner can open, unless it exists.
fn make_folder(folder: &Path) -> Result<(), CommandError> {
    let made = fs::DirBuilder::new().mode(0o700).recursive(true).create(folder);
    match made {
        Err(fault) if fault.kind() != ErrorKind::AlreadyExists => {
            let advice = "run the command as a user who may, or name another --folder";
            Err(format!("{}: folder cannot be made ({fault}); {advice}", folder.display()).into())
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

const EXISTS: &str =
    "edit the files that are there; a new seal key could not read the values of a store";
