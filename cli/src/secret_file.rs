//! Writes files that contain a secret.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::CommandError;

/// Creates a file that only its owner can read. A file that is only partly written is deleted.
///
/// # Errors
/// If the file exists, or cannot be created.
pub fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(|fault| not_created(path, &fault))?;
    let written = file.write_all(text.as_bytes());
    written.and_then(|()| file.sync_all()).map_err(|fault| {
        // A part of a key is useless.
        let _ = fs::remove_file(path);
        format!("{}: file cannot be written: {fault}", path.display()).into()
    })
}

/// Why a file cannot be created, and what to do.
pub fn not_created(path: &Path, fault: &io::Error) -> CommandError {
    let cause = match fault.kind() {
        ErrorKind::AlreadyExists => return exists(path),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "this user may not write into the folder; change its permissions, or name another folder"
                .to_owned()
        }
        ErrorKind::NotFound => "folder does not exist; create it, or name another folder".to_owned(),
        _ => format!("file cannot be created: {fault}"),
    };
    format!("{}: {cause}", path.display()).into()
}

/// The error of an existing file, which is never overwritten.
pub fn exists(path: &Path) -> CommandError {
    let path = path.display();
    format!("{path} exists already; name another file").into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_reads_a_key_file_and_it_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made-up.pem");
        write(&path, "first").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(write(&path, "second").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    }

    #[test]
    fn the_error_of_a_key_file_that_is_not_created_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("none/key.pem"), "x").unwrap_err();
        assert!(
            error.to_string().ends_with(
                "none/key.pem: folder does not exist; create it, or name another folder"
            )
        );
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
            let error = not_created(Path::new("key.pem"), &kind.into()).to_string();
            assert!(error.starts_with("key.pem: this user may not write into the folder; change"));
        }
    }
}
