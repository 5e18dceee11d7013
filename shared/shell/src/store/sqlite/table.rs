//! The table of a store.

use rusqlite::Connection;

use crate::store::sqlite::open_error::SqliteOpenError;

/// Whether the table exists. Other tables or columns mean that the file is not this koohook's.
///
/// # Errors
/// If the database belongs to another program or a newer koohook, or cannot be read.
pub fn has_table(connection: &Connection) -> Result<bool, SqliteOpenError> {
    let named = |sql: &str| {
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names.collect::<Result<Vec<_>, rusqlite::Error>>()
    };
    let tables = named("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")?;
    let shape: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if !tables.iter().any(|name| name == "kept") {
        let is_new = tables.is_empty() && shape == 0;
        return if is_new { Ok(false) } else { Err(SqliteOpenError::Foreign) };
    }
    let columns = named("SELECT name FROM pragma_table_info('kept') ORDER BY name")?;
    if columns == COLUMNS && shape == 0 {
        return Ok(true);
    }
    let has_all = COLUMNS.iter().all(|column| columns.iter().any(|found| found == column));
    Err(if has_all { SqliteOpenError::Newer } else { SqliteOpenError::Foreign })
}

/// Creates the table if there is none. Makes every commit survive a crash of the machine.
///
/// # Errors
/// If the file cannot be written, or the disk has no write-ahead log.
pub fn prepare(connection: &Connection) -> Result<(), SqliteOpenError> {
    to_wal(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(TABLE)?;
    Ok(())
}

fn to_wal(connection: &Connection) -> Result<(), SqliteOpenError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" { Ok(()) } else { Err(SqliteOpenError::NoWal) }
}

/// Each value is one row. `WITHOUT ROWID` would copy long values more often. The agenda's index
/// contains only the rows that are on an agenda.
const TABLE: &str = "
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
/// The table's columns, in the order of their names.
const COLUMNS: [&str; 6] = ["due", "expires", "key", "queue", "value", "version"];
