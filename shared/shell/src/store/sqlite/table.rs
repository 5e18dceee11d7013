//! The table of a store.

use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::sqlite::group::BUSY;
use crate::store::sqlite::open_error::SqliteOpenError;

/// The shape of the table of a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileShape {
    /// There is no table yet.
    Missing,
    /// An older koohook made the table: it has no columns for the catalogue.
    Older,
    /// The table has all columns.
    Current,
}

/// The shape of the table. Other tables or columns mean that the file is not this koohook's.
///
/// # Errors
/// If the database belongs to another program or a newer koohook, or cannot be read.
pub fn shape(connection: &Connection) -> Result<FileShape, SqliteOpenError> {
    let named = |sql: &str| {
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names.collect::<Result<Vec<_>, rusqlite::Error>>()
    };
    let tables = named("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")?;
    let number: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if !tables.iter().any(|name| name == "kept") {
        let is_new = tables.is_empty() && number == 0;
        return if is_new { Ok(FileShape::Missing) } else { Err(SqliteOpenError::Foreign) };
    }
    let columns = named("SELECT name FROM pragma_table_info('kept') ORDER BY name")?;
    match columns {
        columns if columns == COLUMNS && number == 0 => Ok(FileShape::Current),
        columns if columns == OLDER_COLUMNS && number == 0 => Ok(FileShape::Older),
        columns => {
            let has = |column: &&str| columns.iter().any(|found| found == column);
            let has_all = OLDER_COLUMNS.iter().all(has);
            Err(if has_all { SqliteOpenError::Newer } else { SqliteOpenError::Foreign })
        }
    }
}

/// Creates the table if there is none, and adds what the table of an older koohook lacks. Makes
/// every commit survive a crash of the machine.
///
/// # Errors
/// If the file cannot be written, or the disk has no write-ahead log.
pub fn prepare(connection: &Connection) -> Result<(), SqliteOpenError> {
    to_wal(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if shape(connection)? == FileShape::Current {
        return Ok(());
    }
    // One transaction: an interrupted process leaves the old table. A process that is faster has
    // changed the table before this one gets the lock.
    let all = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    match shape(&all)? {
        FileShape::Missing => all.execute_batch(TABLE)?,
        FileShape::Older => all.execute_batch(NEW_COLUMNS)?,
        FileShape::Current => return Ok(()),
    }
    all.execute_batch(INDEXES)?;
    Ok(all.commit()?)
}

/// Tries until another process releases its lock. SQLite itself does not always wait.
///
/// # Errors
/// The step's last error.
pub fn patiently(step: impl Fn() -> Result<(), SqliteOpenError>) -> Result<(), SqliteOpenError> {
    let begun = Instant::now();
    loop {
        match step() {
            Err(SqliteOpenError::Locked) if begun.elapsed() < BUSY => thread::sleep(REST),
            done => return done,
        }
    }
}

fn to_wal(connection: &Connection) -> Result<(), SqliteOpenError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" { Ok(()) } else { Err(SqliteOpenError::NoWal) }
}

/// The pause before a start tries again.
const REST: Duration = Duration::from_millis(10);
/// Each value is one row. `WITHOUT ROWID` would copy long values more often.
pub const TABLE: &str = "
    CREATE TABLE kept (
        key TEXT PRIMARY KEY NOT NULL,
        version BLOB NOT NULL,
        value BLOB NOT NULL,
        queue TEXT,
        due INTEGER,
        expires INTEGER,
        list TEXT,
        changed INTEGER,
        order_digest BLOB
    ) STRICT;
";
/// The columns that an older table lacks.
const NEW_COLUMNS: &str = "
    ALTER TABLE kept ADD COLUMN list TEXT;
    ALTER TABLE kept ADD COLUMN changed INTEGER;
    ALTER TABLE kept ADD COLUMN order_digest BLOB;
";
/// The indexes of the agendas and of the catalogue contain only the rows with an entry. The index
/// of the catalogue contains whole entries, so that a page reads no values.
pub const INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS agenda ON kept (queue, due, key) WHERE queue IS NOT NULL;
    CREATE INDEX IF NOT EXISTS expiry ON kept (expires) WHERE expires IS NOT NULL;
    CREATE INDEX IF NOT EXISTS catalogue ON kept (list, changed, key, order_digest)
        WHERE list IS NOT NULL;
";
/// The table's columns, in the order of their names.
const COLUMNS: [&str; 9] =
    ["changed", "due", "expires", "key", "list", "order_digest", "queue", "value", "version"];
/// The columns of an older table.
const OLDER_COLUMNS: [&str; 6] = ["due", "expires", "key", "queue", "value", "version"];
