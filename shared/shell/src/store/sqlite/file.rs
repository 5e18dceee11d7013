//! The file of a store before it is opened: checks its path, and sets its permissions.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use crate::store::sqlite::open_error::SqliteOpenError;

/// Checks that a path can be a store's file. The file may be missing.
///
/// # Errors
/// See [`SqliteOpenError`].
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

/// Whether the path or the file's name is too long after SQLite appends `-journal`.
fn is_too_long(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().len();
    let [name, path] = [name, path.as_os_str().len()].map(|len| len.saturating_add(8));
    name > MAX_NAME || path > MAX_PATH
}

/// Creates the file with permissions only for its owner, before it has content. SQLite's other
/// files get the same permissions. An existing file does not change.
///
/// # Errors
/// If the file cannot be created.
pub fn make_private(path: &Path) -> Result<(), SqliteOpenError> {
    if path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Not `create_new`: the path may be a link to a file that does not exist yet.
    options.write(true).create(true).truncate(false).open(path)?;
    Ok(())
}

/// Whether this user may write an existing file. It writes nothing.
pub fn may_write(path: &Path) -> bool {
    OpenOptions::new().write(true).open(path).is_ok()
}

/// The maximum length of a file name in common file systems.
const MAX_NAME: usize = 255;
/// The maximum length of a path in SQLite.
const MAX_PATH: usize = 512;
