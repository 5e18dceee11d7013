//! Reads the files that a user names.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::CommandError;

/// Reads a file's bytes.
///
/// # Errors
/// If the file cannot be read. The text states what is wrong, then what to do.
pub fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    fs::read(path).map_err(|fault| format!("{}: {}", path.display(), cause(&fault)).into())
}

/// Reads a file of UTF-8 text, without a byte-order mark.
///
/// # Errors
/// As [`read`], and if the bytes are not UTF-8.
pub fn read_text(path: &Path) -> Result<String, CommandError> {
    let text = String::from_utf8(read(path)?).map_err(|fault| {
        let before = fault.as_bytes().iter().take(fault.utf8_error().valid_up_to());
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        format!("{}: line {line} is not UTF-8; save the file as UTF-8", path.display())
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn cause(fault: &io::Error) -> String {
    match fault.kind() {
        ErrorKind::NotFound => "file does not exist; check the name and the folder".to_owned(),
        ErrorKind::PermissionDenied => {
            "this user may not read the file; change its permissions, or run as its owner"
                .to_owned()
        }
        ErrorKind::IsADirectory => "path is a folder; name a file in it".to_owned(),
        _ => format!("file cannot be read: {fault}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_an_unreadable_file_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| read_text(path).unwrap_err().to_string();
        assert!(error(folder.path()).ends_with("path is a folder; name a file in it"));
        let path = folder.path().join("keys.pem");
        assert!(error(&path).contains("file does not exist"));
        fs::write(&path, b"one\ntw\xff\n").unwrap();
        assert!(error(&path).ends_with("line 2 is not UTF-8; save the file as UTF-8"));
        let denied = cause(&ErrorKind::PermissionDenied.into());
        assert!(denied.starts_with("this user may not read the file"), "{denied}");
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.pem");
        fs::write(&path, "\u{feff}one\n").unwrap();
        assert_eq!(read_text(&path).unwrap(), "one\n");
    }
}
