//! A setting with a key: where its text comes from, who may read its file, and how old that is.

use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use domain::settings::SettingError;
use shell::config::{variable, variable_in_file};

use super::equal::KeyMaterial;
use super::kind::KeyKind;

/// A setting with a key or a secret.
pub struct SecretSetting {
    /// Its name.
    pub name: &'static str,
    /// What it contains.
    pub kind: KeyKind,
    /// Its text; `None` if it is not set.
    pub text: Result<Option<String>, SettingError>,
    /// The file that has the text, if it is in a file.
    file: Option<Metadata>,
}

impl SecretSetting {
    /// Reads a setting from the environment.
    pub fn read(name: &'static str, kind: KeyKind) -> Self {
        if let Some(text) = variable(name) {
            return Self { name, kind, text: Ok(Some(text)), file: None };
        }
        let path = std::env::var_os(format!("{name}_FILE"));
        let file = path.and_then(|path| fs::metadata(path).ok());
        Self { name, kind, text: variable_in_file(name), file }
    }

    /// The single keys, for a comparison with the keys of other settings.
    pub fn materials(&self) -> Vec<KeyMaterial> {
        let Ok(Some(text)) = &self.text else { return Vec::new() };
        self.kind.items(text).iter().map(|key| KeyMaterial::new(self.name, key)).collect()
    }

    /// How old the key is.
    pub fn age_text(&self, now: SystemTime) -> String {
        match self.age(now) {
            Some(age) => format!("{} days old", age.as_secs() / DAY),
            None => "age unknown: not in a file".to_owned(),
        }
    }

    fn age(&self, now: SystemTime) -> Option<Duration> {
        let modified = self.file.as_ref()?.modified().ok()?;
        Some(now.duration_since(modified).unwrap_or_default())
    }

    /// What is wrong with the file of a key that itself is right.
    pub fn file_advice(&self, now: SystemTime) -> Vec<String> {
        let mode = self.file.as_ref().map_or(0, |file| file.permissions().mode());
        let is_public = mode & (OTHERS_READ | OTHERS_WRITE | GROUP_WRITES) != 0;
        let open = is_public.then(|| {
            format!("is in a file that other users may read or write (mode {:o}); run chmod o-rwx,g-w on it", mode & 0o777)
        });
        let days = self.age(now).map(|age| age.as_secs() / DAY).filter(|days| *days > MAX_DAYS);
        let old = days.map(|days| {
            format!("is {days} days old, by the time of its file; change it as docs/keys.md says")
        });
        open.into_iter().chain(old).collect()
    }
}

/// The seconds of a day.
const DAY: u64 = 86_400;
/// The greatest age of a key.
const MAX_DAYS: u64 = 365;
/// The bits of a file's mode.
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
