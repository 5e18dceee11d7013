//! The generated keys of one database, in two files next to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use functions::application_sync::secret::{PrivateKey, PrivateKeys, Size};
use shell::store::StoreSetting;

use crate::error::CommandError;
use crate::{generated, input, secret_file};

/// The keys of one database.
pub struct DevKeys {
    keys: BTreeMap<String, String>,
    /// `None` if the keys are only for this run.
    files: Option<KeyFiles>,
}

/// The files of the keys.
pub struct KeyFiles {
    /// Lines of names and values.
    pub keys: PathBuf,
    /// The kit's private key.
    pub pem: PathBuf,
}

impl DevKeys {
    /// Reads the keys next to an SQLite file, or generates them. An existing file is never
    /// overwritten.
    ///
    /// # Errors
    /// If a file cannot be read or written, or contains something else.
    pub fn beside(store: Option<&StoreSetting>) -> Result<Self, CommandError> {
        let Some(StoreSetting::Sqlite { path, .. }) = store else {
            return Self::made(None);
        };
        let folder = path.as_path().parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            // Opening the store reports a better error for this.
            return Self::made(None);
        }
        Self::made(Some(KeyFiles {
            keys: path.beside(".keys"),
            pem: path.beside(".application.pem"),
        }))
    }

    fn made(files: Option<KeyFiles>) -> Result<Self, CommandError> {
        let Some(files) = files else {
            let mut keys = make_keys()?;
            keys.insert(PEM.to_owned(), make_pem()?);
            return Ok(Self { keys, files: None });
        };
        let text = read_or_write(&files.keys, || Ok(written(&make_keys()?)))?;
        let mut keys = parsed(&text).ok_or_else(|| broken(&files.keys, "the keys"))?;
        let pem = read_or_write(&files.pem, make_pem)?;
        PrivateKeys::parse(&pem).map_err(|_| broken(&files.pem, "a private key"))?;
        keys.insert(PEM.to_owned(), pem);
        Ok(Self { keys, files: Some(files) })
    }

    /// One key.
    ///
    /// # Errors
    /// If this name has no generated key.
    pub fn get(&self, name: &str) -> Result<String, CommandError> {
        self.keys.get(name).cloned().ok_or_else(|| format!("{name} has no generated key").into())
    }

    /// The files; `None` if the keys are only for this run.
    pub const fn files(&self) -> Option<&KeyFiles> {
        self.files.as_ref()
    }
}

fn make_keys() -> Result<BTreeMap<String, String>, CommandError> {
    let [base, kit, product, _] = NAMES.map(str::to_owned);
    let secret = format!("whsec_{}", generated::seal_key()?);
    let keys = [(base, generated::access_key()), (kit, generated::access_key()), (product, secret)];
    Ok(keys.into())
}

fn make_pem() -> Result<String, CommandError> {
    Ok(PrivateKey::generate(Size::Bits3072)?.to_pem()?)
}

fn written(keys: &BTreeMap<String, String>) -> String {
    keys.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

/// The keys in a text, if the text has all of them.
fn parsed(text: &str) -> Option<BTreeMap<String, String>> {
    let pairs = text.lines().map(|line| line.split_once('='));
    let keys: BTreeMap<String, String> = pairs
        .map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect::<Option<_>>()?;
    let is_whole = NAMES.iter().filter(|name| **name != PEM).all(|name| keys.contains_key(*name));
    is_whole.then_some(keys)
}

fn broken(file: &Path, contents: &str) -> CommandError {
    let file = file.display();
    format!("{file} does not contain {contents} of koohook dev; restore the file, or move it away")
        .into()
}

/// The text of a file. If the file does not exist, it is written first. Another process may write it
/// in the same moment.
fn read_or_write(
    path: &Path,
    make: impl FnOnce() -> Result<String, CommandError>,
) -> Result<String, CommandError> {
    if !path.exists() {
        let text = make()?;
        match secret_file::write(path, &text) {
            Ok(()) => return Ok(text),
            Err(_) if path.exists() => (),
            Err(error) => return Err(error),
        }
    }
    input::read_text(path)
}

/// The settings whose keys are generated. All are generated together, so that the file never changes.
pub const NAMES: [&str; 4] = ["KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY", "KOOHOOK_PRODUCT_SECRET", PEM];
const PEM: &str = "KOOHOOK_RSA_PRIVATE_KEY";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use shell::store::StoreSetting;

    use super::*;

    fn keys_beside(path: &Path) -> Result<DevKeys, CommandError> {
        let path = path.to_str().unwrap();
        DevKeys::beside(Some(&StoreSetting::parse(&format!("sqlite:{path}"))?))
    }

    #[test]
    fn a_restart_uses_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("it is.db");
        let first = keys_beside(&database).unwrap();
        let again = keys_beside(&database).unwrap();
        for name in NAMES {
            assert_eq!(first.get(name).unwrap(), again.get(name).unwrap());
        }
        let files = first.files().unwrap();
        for file in [&files.keys, &files.pem] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_ne!(first.get(NAMES[0]).unwrap(), first.get(NAMES[1]).unwrap());
        assert_eq!(fs::read_to_string(&files.pem).unwrap(), first.get(PEM).unwrap());
    }

    #[test]
    fn a_file_with_other_contents_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("koohook.db");
        let file = folder.path().join("koohook.db.keys");
        for text in ["other notes", "", "KOOHOOK_BASE_KEY=a\n"] {
            fs::write(&file, text).unwrap();
            let error = keys_beside(&database).err().unwrap().to_string();
            assert!(error.starts_with(file.to_str().unwrap()), "{error}");
            assert!(error.ends_with("the keys of koohook dev; restore the file, or move it away"));
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        fs::remove_file(&file).unwrap();
        let file = folder.path().join("koohook.db.application.pem");
        fs::write(&file, "x").unwrap();
        let error = keys_beside(&database).err().unwrap().to_string();
        assert!(error.starts_with(file.to_str().unwrap()), "{error}");
        assert!(error.ends_with("a private key of koohook dev; restore the file, or move it away"));
    }

    #[test]
    fn a_memory_store_has_no_key_files() {
        let made = |store: &StoreSetting| DevKeys::beside(Some(store)).unwrap();
        let memory = made(&StoreSetting::Memory);
        assert!(memory.files().is_none());
        assert_ne!(
            memory.get(NAMES[0]).unwrap(),
            made(&StoreSetting::Memory).get(NAMES[0]).unwrap()
        );
    }
}
