//! Options that several commands share.

use clap::{Args, ValueEnum};
use shell::config;
use simulator::time::TimestampUnit;

use crate::error::CommandError;

/// An access guide of the marketplace.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum AccessGuide {
    /// Access guide 1.0.
    V1,
    /// Access guide 2.0.
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

/// Keys and the timestamp's unit: what a call is signed with.
#[derive(Args)]
pub struct SigningArguments {
    /// The access key of the base interfaces.
    #[arg(long, env = BASE_KEY, hide_env_values = true)]
    key: Option<String>,
    /// The access key of the kit.
    #[arg(long, env = KIT_KEY, hide_env_values = true)]
    kit_key: Option<String>,
    /// The unit of V2's timestamp: the international guide says seconds.
    #[arg(
        long,
        value_name = "UNIT",
        env = "KOOHOOK_TIMESTAMP_UNIT",
        default_value = "milliseconds",
        display_order = LAST
    )]
    pub timestamp_unit: TimestampUnitOption,
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
}

fn missing(variable: &str, option: &str) -> CommandError {
    format!("access key is missing: set {variable} or {variable}_FILE, or give {option}").into()
}

/// A key from its option or its variable, or from the file that another variable names.
fn given_or_in_file(
    given: Option<&str>,
    variable: &'static str,
) -> Result<Option<String>, CommandError> {
    if let Some(key) = given.filter(|key| !key.is_empty()) {
        return Ok(Some(key.to_owned()));
    }
    // A variable that a shell exports empty names no file.
    if std::env::var_os(format!("{variable}_FILE")).is_some_and(|path| path.is_empty()) {
        return Ok(None);
    }
    Ok(config::variable_in_file(variable)?.filter(|key| !key.is_empty()))
}

/// The place of an option in the help, behind those that have no place of their own.
pub const LAST: usize = 100;

const BASE_KEY: &str = "KOOHOOK_BASE_KEY";
const KIT_KEY: &str = "KOOHOOK_KIT_KEY";
