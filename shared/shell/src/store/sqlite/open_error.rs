//! Why koohook does not accept an SQLite file as a store.

use std::io;

use rusqlite::{ErrorCode, ffi};
use thiserror::Error;

/// Why koohook does not accept a file as a store. No text contains a path.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SqliteOpenError {
    /// The folder is missing.
    #[error("the folder of the file does not exist; create it, or correct the path")]
    NoFolder,
    /// The path is a folder.
    #[error("the path is a folder; add the name of a file in it")]
    Folder,
    /// The path is a device, a socket or a pipe.
    #[error("the path is not a regular file; correct it")]
    NotAFile,
    /// The system or SQLite cannot use the path.
    #[error(
        "the path cannot be used: a name is too long, links form a circle, or the disk \
         fails; correct the path"
    )]
    BadPath,
    /// The file is missing or contains no store.
    #[error("the file contains no store yet; the first koohook that serves creates it")]
    Empty,
    /// The user has no permission for the file or its folder.
    #[error(
        "this user may not open or create the file; allow it to read and write the file and its \
         folder"
    )]
    Denied,
    /// The file can only be read.
    #[error(
        "the file can be read but not written; allow this user to write the file and its folder, or \
         mount the disk writable"
    )]
    ReadOnly,
    /// SQLite cannot create the files that it needs next to the store's file.
    #[error(
        "SQLite cannot create its -wal and -shm files next to the file; allow this user to write the \
         folder and these files"
    )]
    NoSidecar,
    /// The disk does not support shared memory, like some network disks.
    #[error("the disk does not support SQLite's write-ahead log; put the file on a local disk")]
    NoWal,
    /// The file is not a database.
    #[error("the file is not an SQLite database; correct the path, or restore the file")]
    NotADatabase,
    /// The database is damaged.
    #[error("the database is damaged; delete its -wal and -shm files and restore a backup")]
    Damaged,
    /// koohook did not create this database.
    #[error("the database belongs to another program; name another file")]
    Foreign,
    /// Another program has dropped or altered the table.
    #[error("another program dropped or altered the table of the store; restore a backup")]
    Altered,
    /// A newer koohook changed the tables.
    #[error("a newer koohook changed the tables of this store; run that version")]
    Newer,
    /// The disk is full.
    #[error("the disk is full; free some space")]
    Full,
    /// Another process has locked the database.
    #[error("another process keeps the database locked; end its transaction, then try again")]
    Locked,
    /// The disk fails.
    #[error(
        "the disk is full, or fails to read or write; free some space, or check the disk and its \
         mount"
    )]
    Disk,
    /// Any other error of SQLite.
    #[error("SQLite does not open the file ({0:?}); check the file and its folder")]
    Other(Option<ErrorCode>),
}

impl From<rusqlite::Error> for SqliteOpenError {
    fn from(fault: rusqlite::Error) -> Self {
        Self::of(&fault)
    }
}

impl SqliteOpenError {
    /// The meaning of an SQLite error.
    pub fn of(fault: &rusqlite::Error) -> Self {
        if is_altered(fault) {
            return Self::Altered;
        }
        match fault.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged,
            Some(ErrorCode::PermissionDenied) => Self::Denied,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::CannotOpen) => Self::NoSidecar,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::SystemIoFailure) => Self::Disk,
            other => Self::Other(other),
        }
    }
}

impl From<io::Error> for SqliteOpenError {
    fn from(fault: io::Error) -> Self {
        match fault.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoFolder,
            io::ErrorKind::IsADirectory => Self::Folder,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Disk,
        }
    }
}

/// Whether SQLite rejects a statement. koohook's statements fitted the table at the start, so it
/// must have been altered.
fn is_altered(fault: &rusqlite::Error) -> bool {
    match fault {
        rusqlite::Error::SqlInputError { .. } => true,
        rusqlite::Error::SqliteFailure(error, _) => error.extended_code == ffi::SQLITE_ERROR,
        _ => false,
    }
}
