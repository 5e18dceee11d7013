//! Options that several commands share.

use clap::{Args, ValueEnum};
use shell::config;
use simulator::time::TimestampUnit;

use crate::error::CommandError;

/// An access guide of the marketplace.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum AccessGuide {
    /// Access guide 1.0 (GET).
    V1,
    /// Access guide 2.0 (POST).
    V2,
}

/// The unit of V2's timestamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum TimestampUnitOption {
    /// 13 digits.
    Milliseconds,
    /// 10 digits.
    Seconds,
}

/// The keys and the timestamp's unit that sign a call.
#[derive(Args)]
pub struct SigningArguments {
    /// The access key of the base interfaces.
    #[arg(long, env = BASE_KEY, hide_env_values = true)]
    key: Option<String>,
    /// The access key of the kit.
    #[arg(long, env = KIT_KEY, hide_env_values = true)]
    kit_key: Option<String>,
    /// The unit of V2's timestamp. The international guide says seconds [default: milliseconds].
    #[arg(long, value_name = "UNIT", env = TIMESTAMP_UNIT, hide_env_values = true, display_order = LAST)]
    timestamp_unit: Option<TimestampUnitOption>,
}

impl From<TimestampUnitOption> for TimestampUnit {
    fn from(unit: TimestampUnitOption) -> Self {
        match unit {
            TimestampUnitOption::Milliseconds => Self::Milliseconds,
            TimestampUnitOption::Seconds => Self::Seconds,
        }
    }
}

impl SigningArguments {
    /// The access key of the base interfaces.
    ///
    /// # Errors
    /// If it is missing, or its file cannot be read.
    pub fn key(&self) -> Result<String, CommandError> {
        let key = given_or_in_file(self.key.as_deref(), BASE_KEY)?;
        key.ok_or_else(|| missing(BASE_KEY, "--key"))
    }

    /// The access key of the kit.
    ///
    /// # Errors
    /// If it is missing, or its file cannot be read.
    pub fn kit_key(&self) -> Result<String, CommandError> {
        self.kit_key_if_any()?.ok_or_else(|| missing(KIT_KEY, "--kit-key"))
    }

    /// The access key of the kit, if there is one.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn kit_key_if_any(&self) -> Result<Option<String>, CommandError> {
        given_or_in_file(self.kit_key.as_deref(), KIT_KEY)
    }

    /// The unit of V2's timestamp.
    ///
    /// # Errors
    /// If its file cannot be read, or contains something else.
    pub fn timestamp_unit(&self) -> Result<TimestampUnit, CommandError> {
        if let Some(unit) = self.timestamp_unit {
            return Ok(unit.into());
        }
        let Some(text) = given_or_in_file(None, TIMESTAMP_UNIT)? else {
            return Ok(TimestampUnit::Milliseconds);
        };
        let unit = TimestampUnitOption::from_str(&text, false);
        Ok(unit.map_err(|_| unknown_in_file(TIMESTAMP_UNIT, "milliseconds or seconds"))?.into())
    }
}

/// The error of a setting whose file has an unknown word.
pub fn unknown_in_file(variable: &str, known: &str) -> CommandError {
    format!("{variable}_FILE names a file with an unknown value; write {known} into it").into()
}

fn missing(variable: &str, option: &str) -> CommandError {
    format!("access key is missing; set {variable} or {variable}_FILE, or give {option}").into()
}

/// Returns a setting from the option or its variable, or from the file that `NAME_FILE` names.
///
/// # Errors
/// If the file cannot be read.
pub fn given_or_in_file(
    given: Option<&str>,
    variable: &'static str,
) -> Result<Option<String>, CommandError> {
    if let Some(key) = given.filter(|key| !key.is_empty()) {
        return Ok(Some(key.to_owned()));
    }
    // An empty variable is a variable that is not set: a shell may export it.
    if std::env::var_os(format!("{variable}_FILE")).is_some_and(|path| path.is_empty()) {
        return Ok(None);
    }
    Ok(config::variable_in_file(variable)?.filter(|key| !key.is_empty()))
}

/// The place of an option in the help: after all options that have no place.
pub const LAST: usize = 100;

const BASE_KEY: &str = "KOOHOOK_BASE_KEY";
const KIT_KEY: &str = "KOOHOOK_KIT_KEY";
const TIMESTAMP_UNIT: &str = "KOOHOOK_TIMESTAMP_UNIT";
