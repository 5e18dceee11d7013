//! Settings in the process's environment.

use domain::settings::SettingError;

use super::aws_secret;
use super::file;

/// Reads a variable of the process's environment. If its value names a secret of AWS that was read at
/// the start, the result is the text of the secret. If its value is not Unicode, the result contains a
/// replacement character, which no setting may have.
pub fn variable(name: &str) -> Option<String> {
    let text = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(aws_secret::text_of(&text).unwrap_or(text))
}

/// Whether a setting is set, directly or as a file.
pub fn is_set(name: &str) -> bool {
    variable(name).is_some() || variable(&of_file(name)).is_some()
}

/// The text of the file that `NAME_FILE` names, if it is set.
///
/// # Errors
/// If the file cannot be read, or is not UTF-8.
pub fn variable_in_file(name: &'static str) -> Result<Option<String>, SettingError> {
    variable(&of_file(name)).map(|path| file::read(name, &path)).transpose()
}

fn of_file(name: &str) -> String {
    format!("{name}_FILE")
}
