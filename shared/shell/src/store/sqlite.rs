//! SQLite, embedded: the default on one machine. Several processes can use one file safely.
//!
//! Reads have a separate connection and thread. In SQLite's write-ahead log they do not wait for a
//! writer, of this process or of another. `group` commits writes that wait together in one
//! transaction. `file_watch` ensures that koohook acknowledges no write into a file that was deleted
//! or replaced.

mod catalogue;
mod file;
mod file_watch;
mod group;
mod open_error;
mod rows;
#[cfg(feature = "scan")]
mod scan;
mod table;
mod worker;

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use self::file_watch::FileWatch;
use self::group::BUSY;
use self::table::{FileShape, patiently, prepare, shape};
use self::worker::{SqliteError, Worker};
use super::backend::{Backend, Operation};
use super::setting::beside;
use super::troubles::StoreTroubles;
use super::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, RightError, Search, Stored, Value, Version,
};
#[cfg(feature = "scan")]
use super::{ScanPage, ScanPlace};

pub use self::open_error::SqliteOpenError;

/// A store in one file.
#[derive(Debug)]
pub struct Sqlite {
    /// Dropped first, because the last connection to close must be one that can write.
    reader: Worker,
    /// `None` if the store was opened only to read.
    writer: Option<Worker>,
    /// `None` if the store was opened only to read: then a replaced file does no harm.
    watch: Option<Arc<FileWatch>>,
    /// A file that was opened only to read may be an older koohook's.
    shape: FileShape,
    /// Why the last operation that failed did so, and what to do.
    last_fault: Mutex<Option<String>>,
    troubles: StoreTroubles,
}

impl Sqlite {
    /// Opens a file, or creates it.
    ///
    /// # Errors
    /// If the file cannot be opened or written, or is not a store.
    pub fn open(path: &Path) -> Result<Self, SqliteOpenError> {
        let path = std::path::absolute(path)?;
        file::check(&path)?;
        file::make_private(&path)?;
        let writer = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if writer.is_readonly("main")? {
            return Err(SqliteOpenError::ReadOnly);
        }
        shape(&writer)?;
        patiently(|| prepare(&writer))?;
        let reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        reader.pragma_update(None, "query_only", true)?;
        let shape = shape(&reader)?;
        let watch = Some(Arc::new(FileWatch::new(&path)?));
        let worker = |connection| Worker::start(connection, watch.clone());
        let (reader, writer) = (worker(reader), Some(worker(writer)));
        let (last_fault, troubles) = <_>::default();
        Ok(Self { reader, writer, watch, shape, last_fault, troubles })
    }

    /// Opens a file only to read it. The user need not have write permission.
    ///
    /// # Errors
    /// If the file cannot be opened, or is not a store.
    pub fn open_to_read(path: &Path) -> Result<Self, SqliteOpenError> {
        let path = std::path::absolute(path)?;
        file::check(&path)?;
        if !path.exists() {
            return Err(SqliteOpenError::Empty);
        }
        let (reader, shape) = read(&path)?;
        if shape == FileShape::Missing {
            return Err(SqliteOpenError::Empty);
        }
        let reader = Worker::start(reader, None);
        let (last_fault, troubles) = <_>::default();
        Ok(Self { reader, writer: None, watch: None, shape, last_fault, troubles })
    }

    /// Why the last operation that failed did so, and what to do. `None` if none failed.
    pub fn last_fault(&self) -> Option<String> {
        self.last_fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads in a job.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, SqliteError> {
        self.kept(self.reader.run(work)).await
    }

    /// Does the work of a worker, and keeps the reason if it fails.
    async fn kept<T>(
        &self,
        work: impl Future<Output = Result<T, SqliteError>>,
    ) -> Result<T, SqliteError> {
        let done = self.watched(work).await;
        if let Err(fault) = &done {
            let text = Some(Self::right_error(fault).to_string());
            *self.last_fault.lock().unwrap_or_else(PoisonError::into_inner) = text;
        }
        done
    }

    /// Does the work of a worker. If the file is lost when the work ends, the result is discarded.
    async fn watched<T>(
        &self,
        work: impl Future<Output = Result<T, SqliteError>>,
    ) -> Result<T, SqliteError> {
        let watch = self.watch.as_ref();
        watch.map_or(Ok(()), |watch| watch.look_before()).map_err(|_| SqliteError::Lost)?;
        let done = work.await;
        if let (Err(SqliteError::Sqlite(fault)), Some(watch)) = (&done, &self.watch) {
            watch.note(fault);
        }
        self.check_file()?;
        done
    }

    /// Checks the file. The system answers from its memory, so that no worker is needed.
    fn check_file(&self) -> Result<(), SqliteError> {
        self.watch.as_ref().map_or(Ok(()), |watch| watch.look().map_err(|_| SqliteError::Lost))
    }
}

impl Backend for Sqlite {
    type Error = SqliteError;

    async fn try_get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, SqliteError> {
        let key = key.to_owned();
        self.read(move |connection| rows::get(connection, &key, now)).await
    }

    async fn try_put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, SqliteError> {
        let put = async {
            let writer = self.writer.as_ref().ok_or(SqliteError::ReadOnly)?;
            writer.put(key, value, over, now).await
        };
        self.kept(put).await
    }

    async fn try_agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, SqliteError> {
        let agenda = move |connection: &_| rows::agenda(connection, queue, &span, limit);
        self.read(agenda).await
    }

    async fn try_catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, SqliteError> {
        if self.shape == FileShape::Older {
            return Ok(Vec::new());
        }
        let after = after.cloned();
        let page = move |connection: &_| catalogue::page(connection, list, after.as_ref(), limit);
        self.read(page).await
    }

    #[cfg(feature = "scan")]
    async fn try_scan(
        &self,
        after: Option<&ScanPlace>,
        limit: usize,
    ) -> Result<ScanPage, SqliteError> {
        let (shape, after) = (self.shape, after.cloned());
        let page = move |connection: &_| scan::page(connection, shape, after.as_ref(), limit);
        self.read(page).await
    }

    async fn try_is_empty(&self) -> Result<Option<bool>, SqliteError> {
        self.read(rows::is_empty).await.map(Some)
    }

    async fn try_find(&self, first: u8) -> Result<Search, SqliteError> {
        self.read(move |connection| rows::find(connection, first)).await
    }

    fn troubles(&self) -> Option<&StoreTroubles> {
        Some(&self.troubles)
    }

    fn fault(error: &SqliteError) -> Option<String> {
        (!matches!(error, SqliteError::Lost)).then(|| error.to_string())
    }

    fn log(error: &SqliteError, _: Operation, repeated: Option<u64>) {
        let advice = Self::right_error(error).to_string();
        tracing::error!(fault = %error, advice, repeated, "sqlite failed");
    }

    fn log_end(count: u64) {
        tracing::info!(count, "sqlite works again");
    }

    fn right_error(error: &SqliteError) -> RightError {
        worker::right_error(error)
    }
}

/// Checks that a path can be a store's file. The file may be missing.
///
/// # Errors
/// See [`SqliteOpenError`].
pub fn check(path: &Path) -> Result<(), SqliteOpenError> {
    file::check(&std::path::absolute(path)?)
}

/// Connects to an existing file. The path must be absolute: this build of SQLite would treat a name
/// like `file:a?mode=memory` as a URI, whatever the flags are.
fn connect(path: &Path, access: OpenFlags) -> Result<Connection, SqliteOpenError> {
    set_up(Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX))
}

/// Connects to a file only to read it. Even then SQLite creates files next to it. Some users may
/// not create them, or their files would block the owner's process. If no process has the store
/// open, such a user reads it as a file that does not change.
fn read(path: &Path) -> Result<(Connection, FileShape), SqliteOpenError> {
    let is_idle = !beside(path, "-wal").exists();
    if is_idle && !file::may_write(path) {
        return read_unchanging(path);
    }
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match shape(&reader) {
        Err(SqliteOpenError::NoSidecar | SqliteOpenError::ReadOnly) if is_idle => {
            read_unchanging(path)
        }
        found => Ok((reader, found?)),
    }
}

fn read_unchanging(path: &Path) -> Result<(Connection, FileShape), SqliteOpenError> {
    let reader = connect_unchanging(path)?;
    let found = shape(&reader)?;
    Ok((reader, found))
}

/// Connects to a file that does not change while it is open.
fn connect_unchanging(path: &Path) -> Result<Connection, SqliteOpenError> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(byte);
    let letter = |byte: &u8| {
        if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
    };
    let name: String = path.as_os_str().as_encoded_bytes().iter().map(letter).collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    set_up(Connection::open_with_flags(format!("file:{name}?immutable=1"), flags))
}

/// Configures an opened connection. The file exists, so if it cannot be opened, the user lacks a
/// permission.
fn set_up(opened: Result<Connection, rusqlite::Error>) -> Result<Connection, SqliteOpenError> {
    let connection = opened.map_err(|fault| match fault.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => SqliteOpenError::Denied,
        _ => fault.into(),
    })?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(8);
    Ok(connection)
}
