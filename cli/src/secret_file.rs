//! Files that hold a secret.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::CommandError;

/// Makes a file that only its owner can read. If it cannot be written whole, it is deleted.
///
/// # Errors
/// If the file exists, or cannot be made.
pub fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(|fault| not_made(path, &fault))?;
    let written = file.write_all(text.as_bytes());
    written.and_then(|()| file.sync_all()).map_err(|fault| {
        // Half a key is of no use.
        let _ = fs::remove_file(path);
        format!("{}: {fault}", path.display()).into()
    })
}

fn not_made(path: &Path, fault: &io::Error) -> CommandError {
    let cause = match fault.kind() {
        ErrorKind::AlreadyExists => return exists(path),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "this user may not write into the folder: change its permissions, or take another"
                .to_owned()
        }
        ErrorKind::NotFound => "no such folder: make it, or take another".to_owned(),
        _ => format!("cannot be made: {fault}"),
    };
    format!("{}: {cause}", path.display()).into()
}

/// The error of a file that exists: it is never overwritten.
pub fn exists(path: &Path) -> CommandError {
    let path = path.display();
    format!("{path} exists and is left as it is; name another file").into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_is_its_owners_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made-up.pem");
        write(&path, "first").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(write(&path, "second").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    }

    #[test]
    fn a_key_file_that_is_not_made_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("none/key.pem"), "x").unwrap_err();
        assert!(
            error.to_string().ends_with("none/key.pem: no such folder: make it, or take another")
        );
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
            let error = not_made(Path::new("key.pem"), &kind.into()).to_string();
            assert!(error.starts_with("key.pem: this user may not write into the folder: change"));
        }
    }
}
