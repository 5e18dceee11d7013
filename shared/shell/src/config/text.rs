//! Checks that apply to the text of every setting: invisible characters, quotes, an empty text, and
//! the name of a file instead of its content (decision I6).

use std::path::Path;

use protocol::text::{is_quoted, unseen};

/// Whether a text is a whole `NAME=value` line, as env files have them.
fn is_assignment(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix("export ").unwrap_or(text);
    text.starts_with("KOOHOOK_") && text.contains('=')
}

/// Whether a text that should be a key looks like the path of a file. The file need not exist.
/// Base64 contains `/`, too, but not the other characters of file names.
fn is_path(text: &str) -> bool {
    let relative = ["./", "../", "~/"].into_iter().any(|start| text.starts_with(start));
    relative || (text.starts_with('/') && text.contains(['.', '-', '_']))
}

/// Checks the text of a setting.
///
/// # Errors
/// What is wrong with the text, and what to do.
pub(super) fn judge(name: &str, text: &str) -> Result<(), String> {
    let is_lines = MULTI_LINE_SETTINGS.contains(&name);
    let letters = if is_lines { text.replace(['\n', '\r', '\t'], "") } else { text.to_owned() };
    let hidden = unseen(&letters).filter(|_| name != PROSE_SETTING);
    if text.trim().is_empty() {
        Err("is empty; give it a value, or unset it".to_owned())
    } else if is_assignment(text) {
        Err("is a whole line of an env file; keep only the text after the =".to_owned())
    } else if is_secret_name(text) {
        Err("is the name of a secret in AWS, not its text; write aws-secret:ARN into the variable itself"
            .to_owned())
    } else if KEY_SETTINGS.contains(&name) && is_path(text) {
        Err(format!("is the path of a file; set {name}_FILE to it instead"))
    } else if text.contains(char::REPLACEMENT_CHARACTER) {
        Err("is not UTF-8; set it again".to_owned())
    } else if !is_lines && text.trim() != text {
        Err("begins or ends with a blank or a line end; remove it".to_owned())
    } else if let Some(letter) = hidden {
        Err(format!(
            "has the invisible character U+{:04X}; type the value again",
            u32::from(letter)
        ))
    } else if is_quoted(text.trim()) {
        Err("is in quotes; remove them".to_owned())
    } else {
        Ok(())
    }
}

/// Whether a text names a secret of AWS. If koohook used the name as the key, everyone who knows the name
/// could sign: it stands in policies, templates and logs.
fn is_secret_name(text: &str) -> bool {
    let begins = |prefix: &str| {
        let start = text.trim().get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    ["arn:", "aws-secret:", "{{resolve:"].into_iter().any(begins)
}

/// Whether a text names an existing file instead of being its content. A path could be accepted as
/// a key, and then no signature would verify.
pub(super) fn is_file(name: &str, text: &str) -> bool {
    !PATH_SETTINGS.contains(&name) && text.contains(['/', '.']) && Path::new(text).is_file()
}

/// Reads a number that has only digits: no sign, unit or exponent.
pub(super) fn digits(text: &str) -> Option<u64> {
    let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| are_digits)
}

/// Settings that may have several lines. Every other setting is one line without blanks around it.
const MULTI_LINE_SETTINGS: [&str; 5] = [
    "KOOHOOK_APP_INFO",
    "KOOHOOK_PRODUCT_CA",
    "KOOHOOK_PRODUCT_SECRET",
    "KOOHOOK_RSA_PRIVATE_KEY",
    "KOOHOOK_SEAL_KEY_PREVIOUS",
];
/// Settings whose value is a path, or begins like one.
const PATH_SETTINGS: [&str; 2] = ["KOOHOOK_BASE_PATH", "KOOHOOK_STORE"];
/// Buyers read the texts in this setting. Some languages need invisible characters between letters
/// and words.
const PROSE_SETTING: &str = "KOOHOOK_APP_INFO";
/// Settings whose texts are keys, made by the marketplace or by `koohook keys`.
const KEY_SETTINGS: [&str; 5] = [
    "KOOHOOK_BASE_KEY",
    "KOOHOOK_BASE_KEY_PREVIOUS",
    "KOOHOOK_KIT_KEY",
    "KOOHOOK_KIT_KEY_PREVIOUS",
    "KOOHOOK_RELAY_SECRET",
];
