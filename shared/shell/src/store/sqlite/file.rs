//! The file of a store before it is opened: whether a path can lead to one, and its permissions.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use crate::store::sqlite::open_error::SqliteOpenError;

/// Looks whether a path can lead to a store's file.
///
/// # Errors
/// As [`SqliteOpenError`] says; the file may be missing.
pub fn check(path: &Path) -> Result<(), SqliteOpenError> {
    if is_too_long(path) {
        return Err(SqliteOpenError::BadPath);
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(SqliteOpenError::Folder),
        Ok(found) if !found.is_file() => Err(SqliteOpenError::NotAFile),
        Ok(_) => Ok(()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            if folder.is_dir() { Ok(()) } else { Err(SqliteOpenError::NoFolder) }
        }
        Err(fault) => match SqliteOpenError::from(fault) {
            SqliteOpenError::Disk => Err(SqliteOpenError::BadPath),
            known => Err(known),
        },
    }
}

/// Whether the path, or the file's name, is too long once SQLite puts `-journal` behind it.
fn is_too_long(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().len();
    let [name, path] = [name, path.as_os_str().len()].map(|len| len.saturating_add(8));
    name > MAX_NAME || path > MAX_PATH
}

/// Makes the file its owner's alone, before anything is in it; what SQLite puts beside it takes
/// after it. A file that exists stays as it is.
///
/// # Errors
/// If it cannot be made.
pub fn make_private(path: &Path) -> Result<(), SqliteOpenError> {
    if path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Not `create_new`: the path may be a link to a file that is to be made.
    options.write(true).create(true).truncate(false).open(path)?;
    Ok(())
}

/// Whether this user may write a file that exists. Nothing is written.
pub fn may_write(path: &Path) -> bool {
    OpenOptions::new().write(true).open(path).is_ok()
}

/// What file systems allow.
const MAX_NAME: usize = 255;
/// What SQLite allows.
const MAX_PATH: usize = 512;
