//! Whether the file of a store is still the one that was opened.
//!
//! SQLite goes on with a file that was deleted or replaced: what it acknowledges then is gone with
//! the process. So the path is looked at before and after each operation. That costs some
//! microseconds, and no notification of the system's would be in time.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::store::setting::beside;
use crate::store::sqlite::open_error::SqliteOpenError;

/// Knows the files of a store, and whether they are still there.
#[derive(Debug)]
pub struct FileWatch {
    /// The path as the setting has it, which may lead through links, and then what SQLite keeps
    /// beside the file.
    files: Vec<(PathBuf, Identity)>,
    state: Mutex<WatchState>,
}

/// What tells one file from another on this machine.
type Identity = (u64, u64);

#[derive(Debug, Default)]
struct WatchState {
    /// What SQLite met in the file. It holds until a restart.
    met: Option<FileLoss>,
    /// How long the file was when it was looked at last.
    len: u64,
    loss: Option<FileLoss>,
    /// How many operations were refused since the file was lost.
    refused: u64,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FileLoss {
    /// Nothing is there, or it cannot be seen.
    Missing,
    /// Another file is there.
    Replaced,
    /// It lost its end. Whatever is done about it, SQLite's own memory of it is wrong.
    Truncated,
    /// SQLite cannot read it.
    Damaged,
    /// Another program dropped or altered the table.
    Altered,
}

/// A file is not the one that was opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LostFileError;

impl FileWatch {
    /// Remembers a store's files, which SQLite has opened.
    ///
    /// # Errors
    /// If one of them cannot be seen.
    pub fn new(path: &Path) -> Result<Self, SqliteOpenError> {
        let target = fs::canonicalize(path)?;
        let paths = [path.to_owned(), beside(&target, "-wal"), beside(&target, "-shm")];
        let files = paths.into_iter().map(|path| {
            let identity = identity(&fs::metadata(&path)?);
            Ok((path, identity))
        });
        let files = files.collect::<Result<_, io::Error>>()?;
        let state = WatchState { len: fs::metadata(path)?.len(), ..WatchState::default() };
        Ok(Self { files, state: Mutex::new(state) })
    }

    /// Whether the files are still those that were opened. The log says once that they are not,
    /// and once that they are again.
    ///
    /// # Errors
    /// If they are not.
    pub fn look(&self) -> Result<(), LostFileError> {
        // Numbers are whole after every statement.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let loss = self.find(&mut state);
        match (state.loss, loss) {
            (None, None) => return Ok(()),
            (None, Some(loss)) => {
                let (what, advice) = loss.what_and_advice();
                tracing::error!(fault = what, advice, "sqlite file lost");
            }
            (Some(_), None) => {
                let refused = state.refused;
                tracing::warn!(refused, "sqlite file is back");
            }
            (Some(_), Some(_)) => {}
        }
        state.loss = loss;
        state.refused = if loss.is_some() { state.refused.saturating_add(1) } else { 0 };
        if loss.is_some() { Err(LostFileError) } else { Ok(()) }
    }

    /// Remembers an error that SQLite met if it says that the file is not the store any more, until
    /// a restart: part of the file may still seem to work.
    pub fn note(&self, fault: &rusqlite::Error) {
        let met = match SqliteOpenError::of(fault) {
            SqliteOpenError::Damaged | SqliteOpenError::NotADatabase => FileLoss::Damaged,
            SqliteOpenError::Altered => FileLoss::Altered,
            _ => return,
        };
        // What the file itself shows says more.
        if self.look().is_ok() {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).met = Some(met);
        }
    }

    fn find(&self, state: &mut WatchState) -> Option<FileLoss> {
        if state.met.is_some() {
            return state.met;
        }
        let mut found = self.files.iter().map(|(path, known)| (fs::metadata(path), path, known));
        let (file, path, known) = found.next()?;
        let Ok(file) = file else { return Some(FileLoss::Missing) };
        if identity(&file) != *known {
            return Some(FileLoss::Replaced);
        }
        let was = std::mem::replace(&mut state.len, file.len());
        if file.len() < was && !is_whole(path, file.len()) {
            state.met = Some(FileLoss::Truncated);
            return state.met;
        }
        found.find_map(|(file, _, known)| match file {
            Ok(file) if identity(&file) == *known => None,
            Ok(_) => Some(FileLoss::Replaced),
            Err(_) => Some(FileLoss::Missing),
        })
    }
}

impl FileLoss {
    /// What happened, and what to do.
    const fn what_and_advice(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => (
                "the file, or its -wal or -shm file, was deleted, moved, or cannot be seen",
                "calls are answered 000005; move the same files back; or stop koohook, delete the \
                 -wal and -shm files, restore a backup, and start koohook again",
            ),
            Self::Replaced => (
                "another file was put in the place of the file, or of its -wal or -shm file",
                "calls are answered 000005; put the first files back, or start koohook again to \
                 work with the new ones",
            ),
            Self::Truncated => ("the file was cut short", RESTORE),
            Self::Damaged => (
                "SQLite finds the file damaged; it may have been overwritten while koohook ran",
                RESTORE,
            ),
            Self::Altered => ("another program dropped or altered the table of the store", RESTORE),
        }
    }
}

/// Whether a file that became shorter still has all of its pages, as after `VACUUM`: its head says
/// how many there are.
fn is_whole(path: &Path, len: u64) -> bool {
    let mut head = [0; 100];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let (size, pages) = (head.get(16..18), head.get(28..32));
    let size = size.and_then(|it| it.try_into().ok()).map(u16::from_be_bytes);
    let pages = pages.and_then(|it| it.try_into().ok()).map(u32::from_be_bytes);
    let (Ok(()), Some(size), Some(pages)) = (read, size, pages) else { return false };
    // A size of 1 is 65,536, which no two bytes hold.
    let size = if size == 1 { 65_536 } else { u64::from(size) };
    size.saturating_mul(pages.into()) <= len
}

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

/// Whether the file is there is all that is known.
#[cfg(not(unix))]
const fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

/// An old log would be written over a restored file.
const RESTORE: &str = "calls are answered 000005; stop koohook, delete the -wal and -shm files, \
     restore a backup, and start koohook again";
