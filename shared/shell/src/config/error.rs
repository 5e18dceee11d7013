//! All settings that cannot be used, so that an operator can correct them together.

use std::error::Error;
use std::fmt;

use domain::settings::SettingError;

/// Why koohook cannot start: every setting that cannot be used. A setting that can only be checked
/// with another one is checked if the other one is valid.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ConfigError(Vec<SettingError>);

impl ConfigError {
    /// Returns the value; on an error stores the error and returns `None`.
    pub(super) fn keep<T>(&mut self, read: Result<T, SettingError>) -> Option<T> {
        read.map_err(|error| self.0.push(error)).ok()
    }

    /// Returns `whole` if there is no error.
    pub(super) fn finish<T>(self, whole: Option<T>) -> Result<T, Self> {
        whole.filter(|_| self.0.is_empty()).ok_or(self)
    }

    /// The errors.
    pub fn iter(&self) -> impl Iterator<Item = &SettingError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigError {
    /// One line for each error.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl Error for ConfigError {}
