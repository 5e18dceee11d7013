//! Options that several commands share.

use std::fs;

use clap::ValueEnum;
use simulator::time::TimestampUnit;

use crate::error::CommandError;

/// The unit of V2's timestamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Unit {
    /// 13 digits.
    Milliseconds,
    /// 10 digits.
    Seconds,
}

impl From<Unit> for TimestampUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Milliseconds => Self::Milliseconds,
            Unit::Seconds => Self::Seconds,
        }
    }
}

/// An access key from its option, its variable, or the file that its variable names.
///
/// # Errors
/// What is missing, and where to give it.
pub fn key(given: Option<&str>, variable: &str, option: &str) -> Result<String, CommandError> {
    key_if_any(given, variable)?.ok_or_else(|| {
        format!("access key is missing: set {variable} or {variable}_FILE, or give {option}").into()
    })
}

/// As [`key`], if there is one.
///
/// # Errors
/// If its file cannot be read.
pub fn key_if_any(given: Option<&str>, variable: &str) -> Result<Option<String>, CommandError> {
    if let Some(key) = given.filter(|key| !key.is_empty()) {
        return Ok(Some(key.to_owned()));
    }
    let Some(path) = std::env::var_os(format!("{variable}_FILE")).filter(|path| !path.is_empty())
    else {
        return Ok(None);
    };
    let text = fs::read_to_string(&path).map_err(|fault| {
        format!("{variable}_FILE names a file that cannot be read ({fault}): correct its path")
    })?;
    let key = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    Ok(Some(key.to_owned()).filter(|key| !key.is_empty()))
}
