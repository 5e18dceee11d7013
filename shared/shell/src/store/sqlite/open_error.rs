//! Why an SQLite file is not accepted as a store.

use std::io;

use rusqlite::{ErrorCode, ffi};
use thiserror::Error;

/// Why a file is not accepted as a store. Names no path.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SqliteOpenError {
    /// The folder is missing.
    #[error("the folder of the file does not exist; create it, or correct the path")]
    NoFolder,
    /// The path leads to a folder.
    #[error("the path is a folder; add the name of a file in it")]
    Folder,
    /// The path leads to a device, a socket or a pipe.
    #[error("the path leads to something that is not a file; correct it")]
    NotAFile,
    /// The system or SQLite does not follow the path.
    #[error(
        "the path cannot be followed: a name is too long, links lead in a circle, or the disk \
         fails; correct the path"
    )]
    BadPath,
    /// Nothing was ever kept there.
    #[error("the file holds no store yet; the first koohook that serves makes it")]
    Empty,
    /// The user lacks the right to the file or to its folder.
    #[error(
        "this user may not open or create the file; let the user read and write the file and its \
         folder"
    )]
    Denied,
    /// The file can be read alone.
    #[error(
        "the file can be read but not written; let this user write the file and its folder, or \
         mount the disk writable"
    )]
    ReadOnly,
    /// SQLite cannot make the files that it needs beside the store's.
    #[error(
        "SQLite cannot create its -wal and -shm files beside the file; let this user write the \
         folder and these files"
    )]
    NoSidecar,
    /// The disk has no way to share memory, as some network disks.
    #[error("the disk does not support SQLite's write-ahead log; put the file on a local disk")]
    NoWal,
    /// It is something else.
    #[error("the file is not an SQLite database; correct the path, or restore the file")]
    NotADatabase,
    /// It is damaged.
    #[error("the database is damaged; delete its -wal and -shm files and restore a backup")]
    Damaged,
    /// It is a database that koohook did not make.
    #[error("the database is another program's; name another file")]
    Foreign,
    /// The table is not there any more, or not as it was.
    #[error("another program dropped or altered the table of the store; restore a backup")]
    Altered,
    /// A newer koohook changed its tables.
    #[error("a newer koohook changed the tables of this store; run that version")]
    Newer,
    /// There is no room.
    #[error("the disk is full; free some space")]
    Full,
    /// Another process holds the lock.
    #[error("another process keeps the database locked; end its transaction, then start again")]
    Locked,
    /// The disk fails.
    #[error(
        "the disk is full, or fails to read or write; free some space, or check the disk and its \
         mount"
    )]
    Disk,
    /// Whatever else SQLite says.
    #[error("SQLite does not open the file ({0:?}); check the file and its folder")]
    Other(Option<ErrorCode>),
}

impl From<rusqlite::Error> for SqliteOpenError {
    fn from(fault: rusqlite::Error) -> Self {
        Self::of(&fault)
    }
}

impl SqliteOpenError {
    /// What an error of SQLite's means.
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

/// Whether SQLite rejects a statement: ours fit the table that was found at the start.
fn is_altered(fault: &rusqlite::Error) -> bool {
    match fault {
        rusqlite::Error::SqlInputError { .. } => true,
        rusqlite::Error::SqliteFailure(error, _) => error.extended_code == ffi::SQLITE_ERROR,
        _ => false,
    }
}
