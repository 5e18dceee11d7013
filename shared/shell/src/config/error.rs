//! All settings that cannot be used, so that an operator mends them in one go.

use std::error::Error;
use std::fmt;

use domain::settings::SettingError;

/// Why a start is refused: every setting that cannot be used, as far as one can be judged without
/// another.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ConfigError(Vec<SettingError>);

impl ConfigError {
    /// What was read, or nothing, and the reason is kept.
    pub(super) fn keep<T>(&mut self, read: Result<T, SettingError>) -> Option<T> {
        read.map_err(|error| self.0.push(error)).ok()
    }

    /// The whole, if nothing is wrong with any part.
    pub(super) fn finish<T>(self, whole: Option<T>) -> Result<T, Self> {
        whole.filter(|_| self.0.is_empty()).ok_or(self)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &SettingError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigError {
    /// A line each.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl Error for ConfigError {}
