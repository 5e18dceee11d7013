//! Opens a backup file to read it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use shell::backup::{BackupFileError, BackupHeader, BackupReader};

use crate::error::CommandError;

/// The reader of a backup file.
pub type BackupFile = BackupReader<BufReader<File>>;

/// Opens a backup file, and reads its header.
///
/// # Errors
/// If it cannot be read, or is not a backup that this koohook can read.
pub fn open(path: &Path) -> Result<(BackupFile, BackupHeader), CommandError> {
    let file = File::open(path).map_err(|fault| named(path, &fault.into()))?;
    BackupReader::open(BufReader::new(file)).map_err(|fault| named(path, &fault))
}

/// The error of a backup file, with its name.
pub fn named(path: &Path, fault: &BackupFileError) -> CommandError {
    format!("{}: {fault}", path.display()).into()
}
