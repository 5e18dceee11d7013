//! A setting whose text is in a file: `NAME_FILE` names the file.

use std::fs;
use std::io::{self, ErrorKind};

use domain::settings::SettingError;

use super::text::judge;

/// Reads the file. Removes what editors add: a byte-order mark at the beginning and line ends at
/// the end.
///
/// # Errors
/// If the file cannot be read, or is not UTF-8.
pub(super) fn read(name: &'static str, path: &str) -> Result<String, SettingError> {
    let judged = judge(&format!("{name}_FILE"), path);
    judged.map_err(|fault| SettingError::new(name, format!("has a …_FILE that {fault}")))?;
    let bytes = fs::read(path).map_err(|fault| SettingError::new(name, unread(&fault, path)))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let place = shown(path);
        SettingError::new(name, format!("names a file that is not UTF-8{place}; save it as UTF-8"))
    })?;
    Ok(text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']).to_owned())
}

/// Why a file cannot be read, and what to do.
fn unread(fault: &io::Error, path: &str) -> String {
    let place = shown(path);
    match fault.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            format!("names a file that does not exist{place}; correct the path")
        }
        ErrorKind::IsADirectory => format!("names a folder{place}; name a file in it"),
        ErrorKind::PermissionDenied => {
            format!("names a file that koohook may not read{place}; allow its user to read it")
        }
        kind => format!("names a file that cannot be read{place}: {kind}"),
    }
}

/// A path for an error text. A text that does not look like a path is left out: it may be the
/// secret itself, set under the wrong name.
fn shown(path: &str) -> String {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-');
    let is_path = path.chars().all(fits) && (path.starts_with('/') || path.contains('.'));
    if is_path { format!(": {path}") } else { String::new() }
}
