//! Checks that the file of a store is still the one that was opened.
//!
//! SQLite continues to use a file that was deleted or replaced. Its acknowledged writes are then
//! lost when the process ends. So the path is checked after each operation, and before it unless that
//! happened within the last millisecond. A check takes some microseconds. A notification from the
//! system would be too late.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::setting::beside;
use crate::store::sqlite::open_error::SqliteOpenError;

/// Remembers the files of a store, and checks whether they still exist.
#[derive(Debug)]
pub struct FileWatch {
    /// The path in the setting, which may be a link, and then SQLite's files next to the store's
    /// file.
    files: Vec<(PathBuf, Identity)>,
    state: Mutex<WatchState>,
}

/// The identity of a file on this machine: device and inode.
type Identity = (u64, u64);

#[derive(Debug, Default)]
struct WatchState {
    /// A loss that SQLite itself found. It stays until a restart.
    met: Option<FileLoss>,
    /// The length of the file at the last check.
    len: u64,
    loss: Option<FileLoss>,
    /// When the file was last found.
    found: Option<Instant>,
    /// How many operations were rejected since the file was lost.
    refused: u64,
}

/// How a file was lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FileLoss {
    /// The file does not exist, or cannot be accessed.
    Missing,
    /// Another file has its path.
    Replaced,
    /// The file was cut short. Even if it is repaired, SQLite's cached data about it is wrong.
    Truncated,
    /// SQLite cannot read the file.
    Damaged,
    /// Another program dropped or altered the table.
    Altered,
}

/// The file is not the one that was opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LostFileError;

impl FileWatch {
    /// Remembers the files that SQLite has opened.
    ///
    /// # Errors
    /// If one of them cannot be accessed.
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

    /// Checks the files like [`Self::look`], unless they were found within the last millisecond. The
    /// check after the operation does not rely on it.
    ///
    /// # Errors
    /// If a file is lost.
    pub fn look_before(&self) -> Result<(), LostFileError> {
        let found = self.state.lock().unwrap_or_else(PoisonError::into_inner).found;
        if found.is_some_and(|at| at.elapsed() < LATELY) { Ok(()) } else { self.look() }
    }

    /// Checks that the files are still those that were opened. It logs once when a file is lost,
    /// and once when all the opened files are back.
    ///
    /// # Errors
    /// If a file is lost.
    pub fn look(&self) -> Result<(), LostFileError> {
        // Each statement leaves the state consistent: a panic under the lock does no harm.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let loss = self.find(&mut state);
        state.found = if loss.is_none() { Some(Instant::now()) } else { None };
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

    /// Remembers an SQLite error that shows that the file is no longer the store. It is remembered
    /// until a restart, because parts of the file may still seem to work.
    pub fn note(&self, fault: &rusqlite::Error) {
        let met = match SqliteOpenError::of(fault) {
            SqliteOpenError::Damaged | SqliteOpenError::NotADatabase => FileLoss::Damaged,
            SqliteOpenError::Altered => FileLoss::Altered,
            _ => return,
        };
        // If the check of the file itself fails, its reason is more precise.
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
    /// The fault, and what to do.
    const fn what_and_advice(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => (
                "the file, or its -wal or -shm file, was deleted, moved, or cannot be accessed",
                "calls are answered 000005; move the same files back; or stop koohook, delete the \
                 -wal and -shm files, restore a backup, and start koohook again",
            ),
            Self::Replaced => (
                "another file was put in the place of the file, or of its -wal or -shm file",
                "calls are answered 000005; put the original files back, or restart koohook to \
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

/// How long a check counts for the operations that begin after it.
const LATELY: Duration = Duration::from_millis(1);

/// Whether a file that became shorter still has all its pages, as after `VACUUM`. Its header
/// contains the number of pages.
fn is_whole(path: &Path, len: u64) -> bool {
    let mut head = [0; 100];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let (size, pages) = (head.get(16..18), head.get(28..32));
    let size = size.and_then(|it| it.try_into().ok()).map(u16::from_be_bytes);
    let pages = pages.and_then(|it| it.try_into().ok()).map(u32::from_be_bytes);
    let (Ok(()), Some(size), Some(pages)) = (read, size, pages) else { return false };
    // The value 1 means 65,536, which does not fit into two bytes.
    let size = if size == 1 { 65_536 } else { u64::from(size) };
    size.saturating_mul(pages.into()) <= len
}

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

/// On other systems, koohook checks only that the file exists.
#[cfg(not(unix))]
const fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

/// The -wal file must be deleted: SQLite would apply the old log to the restored file.
const RESTORE: &str = "calls are answered 000005; stop koohook, delete the -wal and -shm files, \
     restore a backup, and start koohook again";
