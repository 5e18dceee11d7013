//! Reads a server's answers. An answer with another shape than expected is an error.

use std::time::Duration;

use protocol::time::UnixMillis;
use redis::{RedisError, Value as Answer};

use super::connection;
use crate::store::{Entry, Put, Stored, Version};

/// Reads a value's version, bytes and expiry from the last answer of a read.
///
/// # Errors
/// If the answer has another shape than expected.
pub fn read_get(answers: Vec<Answer>, now: UnixMillis) -> Result<Option<Stored>, RedisError> {
    let fields = <[Answer; 3]>::try_from(last(answers)?).map_err(|_| connection::unreadable())?;
    let [version, bytes, expires] = fields;
    if version == Answer::Nil {
        return Ok(None);
    }
    let expires = connection::text(expires)?;
    let exists = expires.is_empty() || now < UnixMillis::new(number(&expires)?);
    let stored = || Ok(Stored { version: read_version(version)?, bytes: read_bytes(bytes)? });
    exists.then(stored).transpose()
}

/// Reads the answer of the write script.
///
/// # Errors
/// If the answer has another shape than expected.
pub fn read_put(answers: Vec<Answer>) -> Result<Put, RedisError> {
    let mut answer = last(answers)?.into_iter();
    match (answer.next(), answer.next(), answer.next()) {
        (Some(Answer::Int(1)), None, None) => Ok(Put::Won),
        (Some(Answer::Int(0)), None, None) => Ok(Put::Lost(None)),
        (Some(Answer::Int(0)), Some(version), Some(bytes)) => {
            let stored = Stored { version: read_version(version)?, bytes: read_bytes(bytes)? };
            Ok(Put::Lost(Some(stored)))
        }
        _ => Err(connection::unreadable()),
    }
}

/// Reads the entries of an agenda: keys, each with its time.
///
/// # Errors
/// If the answer has another shape than expected.
pub fn read_entries(answers: Vec<Answer>) -> Result<Vec<Entry>, RedisError> {
    let mut lines = last(answers)?.into_iter().map(connection::text);
    let mut entries = Vec::new();
    while let (Some(key), Some(at)) = (lines.next(), lines.next()) {
        entries.push(Entry { key: key?, at: UnixMillis::new(number(&at?)?) });
    }
    Ok(entries)
}

/// Reads the answer to `TIME`: the time since the epoch.
///
/// # Errors
/// If the answer has another shape than expected.
pub fn read_time(answers: Vec<Answer>) -> Result<Duration, RedisError> {
    let parts = <[Answer; 2]>::try_from(last(answers)?).map_err(|_| connection::unreadable())?;
    let [seconds, micros] = parts.map(|part| connection::text(part).and_then(|text| number(&text)));
    Ok(Duration::from_secs(seconds?).saturating_add(Duration::from_micros(micros?)))
}

fn last(mut answers: Vec<Answer>) -> Result<Vec<Answer>, RedisError> {
    match answers.pop() {
        Some(Answer::Array(parts)) => Ok(parts),
        _ => Err(connection::unreadable()),
    }
}

/// Reads bytes.
///
/// # Errors
/// If the answer has another shape than expected.
pub fn read_bytes(value: Answer) -> Result<Vec<u8>, RedisError> {
    match value {
        Answer::BulkString(bytes) => Ok(bytes),
        _ => Err(connection::unreadable()),
    }
}

/// Reads a version.
///
/// # Errors
/// If the answer has another shape than expected.
pub fn read_version(value: Answer) -> Result<Version, RedisError> {
    read_bytes(value)?.try_into().map(Version).map_err(|_| connection::unreadable())
}

/// Reads a number.
///
/// # Errors
/// If the text is not a number.
pub fn number(text: &str) -> Result<u64, RedisError> {
    text.parse().map_err(|_| connection::unreadable())
}
