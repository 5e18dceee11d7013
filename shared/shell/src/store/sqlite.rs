//! SQLite, embedded: the default on one machine. Safe for several processes on one file.

use std::fs::OpenOptions;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;
use marketplace::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Entry, Put, Queue, Store, Stored, Unavailable, Value, Version};

/// A store in one file, worked on by one thread: SQLite blocks, and a callback must not.
#[derive(Debug)]
pub struct Sqlite {
    jobs: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// How long a process waits for another one's write; well inside a callback's time.
const BUSY: Duration = Duration::from_secs(2);

/// One row a value. `WITHOUT ROWID` would copy long values about; the agenda's index holds only
/// the rows that are on one.
const TABLE: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS kept (
        key TEXT PRIMARY KEY NOT NULL,
        version BLOB NOT NULL,
        value BLOB NOT NULL,
        queue TEXT,
        due INTEGER,
        expires INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS agenda ON kept (queue, due, key) WHERE queue IS NOT NULL;
    CREATE INDEX IF NOT EXISTS expiry ON kept (expires) WHERE expires IS NOT NULL;
";

const GET: &str = "
    SELECT version, value FROM kept WHERE key = :key AND (expires IS NULL OR expires > :now)";

/// Over absence: what expired is absent.
const PUT_NEW: &str = "
    INSERT INTO kept (key, version, value, queue, due, expires)
    VALUES (:key, :version, :value, :queue, :due, :expires)
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value,
        queue = excluded.queue, due = excluded.due, expires = excluded.expires
    WHERE kept.expires <= :now";

const PUT_OVER: &str = "
    UPDATE kept SET version = :version, value = :value, queue = :queue, due = :due,
        expires = :expires
    WHERE key = :key AND version = :over AND (expires IS NULL OR expires > :now)";

const AGENDA: &str = "
    SELECT key, due FROM kept WHERE queue = :queue AND due BETWEEN :from AND :until
    ORDER BY due, key LIMIT :limit";

/// What expired is as good as gone; it goes while something else that expires is written.
const SWEEP: &str = "DELETE FROM kept WHERE expires <= :now";

impl Sqlite {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// Where the file cannot be opened or written, or is no database.
    pub fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        keep_private(path);
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(8);
        connection.execute_batch(TABLE)?;
        let (jobs, queue) = mpsc::channel::<Job>();
        // The thread ends when the store is dropped, after the jobs that were handed in.
        thread::spawn(move || queue.iter().for_each(|job| job(&connection)));
        Ok(Self { jobs })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = work(connection);
            if let Err(fault) = &done {
                tracing::error!(fault = %fault, "sqlite failed");
            }
            // Nobody may be waiting any more; the work is done all the same.
            let _ = answer.send(done);
        });
        self.jobs.send(job).map_err(|_| Unavailable)?;
        answered.await.map_err(|_| Unavailable)?.map_err(|_| Unavailable)
    }
}

impl Store for Sqlite {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let key = key.to_owned();
        self.run(move |connection| get(connection, &key, now)).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        let (key, value) = (key.to_owned(), value.clone());
        self.run(move |connection| put(connection, &key, &value, over, now)).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.run(move |connection| agenda(connection, queue, &span, limit)).await
    }
}

/// Makes the file its owner's alone, before anything is in it; what SQLite puts beside it takes
/// after it. Where that fails, opening it says why.
fn keep_private(path: &Path) {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.write(true).create_new(true).open(path);
}

fn get(
    connection: &Connection,
    key: &str,
    now: UnixMillis,
) -> Result<Option<Stored>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(GET)?;
    let named = named_params! { ":key": key, ":now": millis(now) };
    let row =
        |row: &rusqlite::Row<'_>| Ok(Stored { version: Version(row.get(0)?), bytes: row.get(1)? });
    statement.query_row(named, row).optional()
}

fn put(
    connection: &Connection,
    key: &str,
    value: &Value,
    over: Option<Version>,
    now: UnixMillis,
) -> Result<Put, rusqlite::Error> {
    if value.expires.is_some() {
        connection.prepare_cached(SWEEP)?.execute(named_params! { ":now": millis(now) })?;
    }
    let queue = value.agenda.map(|(queue, _)| queue.as_str());
    let due = value.agenda.map(|(_, at)| millis(at));
    let expires = value.expires.map(millis);
    let written = match over {
        None => connection.prepare_cached(PUT_NEW)?.execute(named_params! {
            ":key": key, ":version": value.version.0, ":value": value.bytes,
            ":queue": queue, ":due": due, ":expires": expires, ":now": millis(now),
        })?,
        Some(over) => connection.prepare_cached(PUT_OVER)?.execute(named_params! {
            ":key": key, ":version": value.version.0, ":value": value.bytes,
            ":queue": queue, ":due": due, ":expires": expires, ":now": millis(now),
            ":over": over.0,
        })?,
    };
    if written == 1 { Ok(Put::Won) } else { get(connection, key, now).map(Put::Lost) }
}

fn agenda(
    connection: &Connection,
    queue: Queue,
    span: &RangeInclusive<UnixMillis>,
    limit: usize,
) -> Result<Vec<Entry>, rusqlite::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (from, until) = (millis(*span.start()), millis(*span.end()));
    let named = named_params! {
        ":queue": queue.as_str(), ":from": from, ":until": until, ":limit": limit,
    };
    let entry = |row: &rusqlite::Row<'_>| {
        let at: i64 = row.get(1)?;
        Ok(Entry { key: row.get(0)?, at: UnixMillis::new(u64::try_from(at).unwrap_or_default()) })
    };
    connection.prepare_cached(AGENDA)?.query_map(named, entry)?.collect()
}

/// SQLite's integers are signed; the end of time is theirs.
fn millis(at: UnixMillis) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}
