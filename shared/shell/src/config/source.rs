//! Reads settings, which are set directly or as a file.

use domain::settings::SettingError;
use protocol::access_key::{AccessKey, Keyring};

use super::aws_secret;
use super::error::ConfigError;
use super::file;
use super::text::{is_file, judge};

/// Looks up variables by name.
pub(super) struct Source<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

impl Source<'_> {
    /// The text of a setting, or of its file. An empty text is an error. If koohook treated it as
    /// absent, a route or the seal would be off without any message.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, SettingError> {
        let text = match ((self.0)(name), (self.0)(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => {
                return Err(SettingError::new(
                    name,
                    "is set twice, directly and as a file; unset one of them",
                ));
            }
            (None, None) => return Ok(None),
            (Some(text), None) if is_file(name, &text) => {
                return Err(SettingError::new(
                    name,
                    format!("is the path of a file; set {name}_FILE to it instead"),
                ));
            }
            (Some(text), None) if aws_secret::is_named(&text) => {
                return Err(SettingError::new(name, aws_secret::why_unread(&text)));
            }
            (Some(text), None) => text,
            (None, Some(path)) => file::read(name, &path)?,
        };
        judge(name, &text).map_err(|fault| SettingError::new(name, fault))?;
        Ok(Some(text))
    }

    pub(super) fn parsed<T, E: ToString>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, SettingError> {
        let text = self.text(name)?;
        text.map(|text| parse(&text).map_err(|fault| SettingError::new(name, fault.to_string())))
            .transpose()
    }

    /// One of some words, the first if it is not set.
    pub(super) fn word<T: Copy, const N: usize>(
        &self,
        name: &'static str,
        words: [(&str, T); N],
    ) -> Result<T, SettingError> {
        let parsed = self.parsed(name, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| format!("must be {}", either(&words)))
        });
        let default = words.first().map(|(_, value)| *value);
        parsed?.or(default).ok_or_else(|| SettingError::new(name, "has no possible word"))
    }

    pub(super) fn keyring(
        &self,
        [current, previous]: [&'static str; 2],
        errors: &mut ConfigError,
    ) -> Option<Option<Keyring>> {
        let current_key = errors.keep(self.parsed(current, AccessKey::parse));
        let previous_key = errors.keep(self.parsed(previous, AccessKey::parse));
        match (current_key?, previous_key?) {
            (Some(current), previous) => Some(Some(Keyring { current, previous })),
            (None, Some(_)) => errors.keep(Err(SettingError::new(
                previous,
                format!("is set without {current}; set both, or unset it"),
            ))),
            (None, None) => Some(None),
        }
    }
}

/// The words as a sentence lists them.
fn either<T>(words: &[(&str, T)]) -> String {
    let quoted: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}
