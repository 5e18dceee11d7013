//! Where settings come from, and what may be wrong with any of them: unseen characters, quotes,
//! emptiness, and files that cannot be read (decision I6).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use domain::settings::SettingError;
use protocol::key::{AccessKey, Keyring};
use protocol::text::{is_quoted, unseen};

use super::{Unfits, wants};

/// Where settings come from.
pub(super) struct Source<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

/// Settings of more than one line; every other is one line without blanks around it.
const OF_LINES: [&str; 5] = [
    "KOOHOOK_APP_INFO",
    "KOOHOOK_PRODUCT_CA",
    "KOOHOOK_PRODUCT_SECRET",
    "KOOHOOK_RSA_PRIVATE_KEY",
    "KOOHOOK_SEAL_KEY_PREVIOUS",
];
/// Settings that are paths, or begin like one.
const OF_PATHS: [&str; 2] = ["KOOHOOK_BASE_PATH", "KOOHOOK_STORE"];
/// People read its texts: in them unseen characters join letters and words.
const OF_PROSE: &str = "KOOHOOK_APP_INFO";

impl Source<'_> {
    /// A setting, or the file that it is in. One that is empty is a mistake, not an absence: it
    /// would close a route, or leave out a seal, unseen.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, SettingError> {
        let text = match ((self.0)(name), (self.0)(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => {
                return Err(wants(name, "is set twice, by itself and by a file; unset one"));
            }
            (None, None) => return Ok(None),
            (Some(text), None) if is_file(name, &text) => {
                return Err(wants(name, &format!("names a file; set {name}_FILE to it instead")));
            }
            (Some(text), None) => text,
            (None, Some(path)) => read_file(name, &path)?,
        };
        judge(name, &text).map_err(|fault| wants(name, &fault))?;
        Ok(Some(text))
    }

    pub(super) fn parsed<T, E: ToString>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, SettingError> {
        let text = self.text(name)?;
        text.map(|text| parse(&text).map_err(|fault| wants(name, &fault.to_string()))).transpose()
    }

    /// One of two words, the first if it is not set.
    pub(super) fn word<T: Copy>(
        &self,
        name: &'static str,
        words: [(&str, T); 2],
    ) -> Result<T, SettingError> {
        let [(first, default), (second, _)] = words;
        let parsed = self.parsed(name, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| format!("wants `{first}` or `{second}`"))
        });
        Ok(parsed?.unwrap_or(default))
    }

    pub(super) fn keyring(
        &self,
        [current, previous]: [&'static str; 2],
        unfits: &mut Unfits,
    ) -> Option<Option<Keyring>> {
        let current_key = unfits.keep(self.parsed(current, AccessKey::parse));
        let previous_key = unfits.keep(self.parsed(previous, AccessKey::parse));
        match (current_key?, previous_key?) {
            (Some(current), previous) => Some(Some(Keyring { current, previous })),
            (None, Some(_)) => unfits.keep(Err(wants(previous, "is set without a current key"))),
            (None, None) => Some(None),
        }
    }
}

/// The process's environment. A value that is not Unicode keeps a mark that no setting may have.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|text| text.to_string_lossy().into_owned())
}

/// Settings whose texts only the marketplace or `koohook keys` makes.
const OF_KEYS: [&str; 5] = [
    "KOOHOOK_BASE_KEY",
    "KOOHOOK_BASE_KEY_PREVIOUS",
    "KOOHOOK_KIT_KEY",
    "KOOHOOK_KIT_KEY_PREVIOUS",
    "KOOHOOK_RELAY_SECRET",
];

/// Whether a text names a file that exists, where it should be what such a file holds: a key of a
/// path's letters would be taken, and verify nothing.
fn is_file(name: &str, text: &str) -> bool {
    !OF_PATHS.contains(&name) && text.contains(['/', '.']) && Path::new(text).is_file()
}

/// Whether a text is a setting's name and value, as env files have them.
fn is_assignment(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix("export ").unwrap_or(text);
    text.starts_with("KOOHOOK_") && text.contains('=')
}

/// Whether a key is rather the path of a file, which need not exist. Base64 has `/`, too, but not
/// the letters that names of files have beside it.
fn is_path(text: &str) -> bool {
    let relative = ["./", "../", "~/"].into_iter().any(|start| text.starts_with(start));
    relative || (text.starts_with('/') && text.contains(['.', '-', '_']))
}

/// What is wrong with a text, whatever it is for.
fn judge(name: &str, text: &str) -> Result<(), String> {
    let is_lines = OF_LINES.contains(&name);
    let letters = if is_lines { text.replace(['\n', '\r', '\t'], "") } else { text.to_owned() };
    let hidden = unseen(&letters).filter(|_| name != OF_PROSE);
    if text.trim().is_empty() {
        Err("is empty; give it a value, or unset it".to_owned())
    } else if is_assignment(text) {
        Err("holds a whole line of an env file; keep only the text after its =".to_owned())
    } else if OF_KEYS.contains(&name) && is_path(text) {
        Err(format!("is the path of a file; set {name}_FILE to it instead"))
    } else if text.contains(char::REPLACEMENT_CHARACTER) {
        Err("is not UTF-8; set it anew".to_owned())
    } else if !is_lines && text.trim() != text {
        Err("begins or ends with a blank or a line end; remove it".to_owned())
    } else if let Some(letter) = hidden {
        Err(format!("has the unseen character U+{:04X}; type it anew", u32::from(letter)))
    } else if is_quoted(text.trim()) {
        Err("is in quotes; remove them".to_owned())
    } else {
        Ok(())
    }
}

/// The text of a file, without the byte-order mark that editors write before it and the line ends
/// that they write behind it.
fn read_file(name: &'static str, path: &str) -> Result<String, SettingError> {
    let judged = judge(&format!("{name}_FILE"), path);
    judged.map_err(|fault| wants(name, &format!("has a …_FILE that {fault}")))?;
    let bytes = fs::read(path).map_err(|fault| wants(name, &unread(&fault, path)))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let place = shown(path);
        wants(name, &format!("names a file that is not UTF-8{place}; save it so"))
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

/// A path as a message shows it; nothing of a text that may be the secret itself, set under the
/// wrong name.
fn shown(path: &str) -> String {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-');
    let is_path = path.chars().all(fits) && (path.starts_with('/') || path.contains('.'));
    if is_path { format!(": {path}") } else { String::new() }
}
