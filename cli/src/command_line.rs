//! Command lines that koohook prints for a user to type or to paste.

/// The word that starts this program. Under `cargo run`, `koohook` is not in the PATH.
pub fn program() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "koohook" }
}

/// Puts a word into single quotes for a shell.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
