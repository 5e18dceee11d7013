//! The SQL statements of a store. Each value is one row.

use std::ops::RangeInclusive;

use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::store::{Entry, Put, Queue, Search, Stored, Value, Version};

/// Reads a value.
///
/// # Errors
/// If SQLite fails.
pub fn get(
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

/// Writes a value over a version, or over absence.
///
/// # Errors
/// If SQLite fails.
pub fn put(
    connection: &Connection,
    key: &str,
    value: &Value,
    over: Option<Version>,
    now: UnixMillis,
) -> Result<Put, rusqlite::Error> {
    if value.expires.is_some() {
        connection.prepare_cached(SWEEP)?.execute(named_params! { ":now": millis(now) })?;
    }
    let statement = if over.is_some() { PUT_OVER } else { PUT_NEW };
    let entry = value.catalogue;
    let written = connection.prepare_cached(statement)?.execute(named_params! {
        ":key": key, ":version": value.version.0, ":value": value.bytes,
        ":queue": value.agenda.map(|(queue, _)| queue.as_str()),
        ":due": value.agenda.map(|(_, at)| millis(at)),
        ":expires": value.expires.map(millis),
        ":list": entry.map(|entry| entry.list.as_str()),
        ":changed": entry.map(|entry| millis(entry.changed)),
        ":order": entry.and_then(|entry| entry.order).map(|order| order.0),
        ":now": millis(now), ":over": over.map(|over| over.0),
    })?;
    if written == 0 {
        return get(connection, key, now).map(Put::Lost);
    }
    if value.expires.is_some_and(|expires| expires <= now) {
        let named = named_params! { ":key": key, ":version": value.version.0 };
        connection.prepare_cached(DELETE)?.execute(named)?;
    }
    Ok(Put::Won)
}

/// Reads an agenda.
///
/// # Errors
/// If SQLite fails.
pub fn agenda(
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
    let entry = |row: &rusqlite::Row<'_>| Ok(Entry { key: row.get(0)?, at: time(row.get(1)?) });
    connection.prepare_cached(AGENDA)?.query_map(named, entry)?.collect()
}

/// Whether the table is empty.
///
/// # Errors
/// If SQLite fails.
pub fn is_empty(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.prepare_cached(IS_EMPTY)?.query_row([], |row| row.get(0))
}

/// Finds a value that begins with a certain byte.
///
/// # Errors
/// If SQLite fails.
pub fn find(connection: &Connection, first: u8) -> Result<Search, rusqlite::Error> {
    let row = |row: &rusqlite::Row<'_>| Ok(Search::Found { key: row.get(0)?, bytes: row.get(1)? });
    let named = named_params! { ":first": [first] };
    let found = connection.prepare_cached(FIND)?.query_row(named, row).optional()?;
    Ok(found.unwrap_or(Search::Nothing))
}

/// A time as an SQLite integer, which is signed. A later time becomes the largest integer.
pub fn millis(at: UnixMillis) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}

/// The time of an SQLite integer.
pub fn time(millis: i64) -> UnixMillis {
    UnixMillis::new(u64::try_from(millis).unwrap_or_default())
}

const GET: &str = "
    SELECT version, value FROM kept WHERE key = :key AND (expires IS NULL OR expires > :now)";
/// A write over absence. An expired row counts as absent.
const PUT_NEW: &str = "
    INSERT INTO kept
        (key, version, value, queue, due, expires, list, changed, order_digest)
    SELECT :key, :version, :value, :queue, :due, :expires, :list, :changed, :order
    WHERE :over IS NULL
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value,
        queue = excluded.queue, due = excluded.due, expires = excluded.expires,
        list = excluded.list, changed = excluded.changed, order_digest = excluded.order_digest
    WHERE kept.expires <= :now";
const PUT_OVER: &str = "
    UPDATE kept SET version = :version, value = :value, queue = :queue, due = :due,
        expires = :expires, list = :list, changed = :changed, order_digest = :order
    WHERE key = :key AND version = :over AND (expires IS NULL OR expires > :now)";
const AGENDA: &str = "
    SELECT key, due FROM kept WHERE queue = :queue AND due BETWEEN :from AND :until
    ORDER BY due, key LIMIT :limit";
const IS_EMPTY: &str = "SELECT NOT EXISTS (SELECT 1 FROM kept)";
/// Searches only the newest rows. There is no index of the bytes, and a start must not read
/// gigabytes.
const FIND: &str = "
    SELECT key, value FROM (SELECT key, value FROM kept ORDER BY rowid DESC LIMIT 10000)
    WHERE substr(value, 1, 1) = :first LIMIT 1";
/// Deletes expired rows. It runs when a value that expires is written.
const SWEEP: &str = "DELETE FROM kept WHERE expires <= :now";
/// Deletes a value that has already expired when it is written.
const DELETE: &str = "DELETE FROM kept WHERE key = :key AND version = :version";
