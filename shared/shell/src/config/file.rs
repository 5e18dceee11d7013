//! A setting that is the text of a file: `NAME_FILE` names the file.

use std::fs;
use std::io::{self, ErrorKind};

use domain::settings::SettingError;

use super::text::judge;

/// Reads the file. Drops what editors add: a byte-order mark before the text and line ends behind it.
///
/// # Errors
/// If the file cannot be read, or is not UTF-8.
pub(super) fn read(name: &'static str, path: &str) -> Result<String, SettingError> {
    let judged = judge(&format!("{name}_FILE"), path);
    judged.map_err(|fault| SettingError::new(name, format!("has a …_FILE that {fault}")))?;
    let bytes = fs::read(path).map_err(|fault| SettingError::new(name, unread(&fault, path)))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let place = shown(path);
        SettingError::new(name, format!("names a file that is not UTF-8{place}; save it so"))
    })?;
    Ok(text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']).to_owned())
}

/// Why a file was not read, and what to do.
fn unread(fault: &io::Error, path: &str) -> String {
    let place = shown(path);
    match fault.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            format!("names a file that does not exist{place}")
        }
        ErrorKind::IsADirectory => format!("names a folder{place}; name a file in it"),
        ErrorKind::PermissionDenied => {
            format!("names a file that koohook may not read{place}; let its user read it")
        }
        kind => format!("names a file that cannot be read{place}: {kind}"),
    }
}

/// A path as a message shows it. A text that does not look like a path is not shown: it may be the
/// secret itself, set under the wrong name.
fn shown(path: &str) -> String {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-');
    let is_path = path.chars().all(fits) && (path.starts_with('/') || path.contains('.'));
    if is_path { format!(": {path}") } else { String::new() }
}
