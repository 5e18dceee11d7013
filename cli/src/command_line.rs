//! Command lines that are printed for a user to type or to paste.

/// The word that starts this program. Under `cargo run` the path has no `koohook`.
pub fn program() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "koohook" }
}

/// A word for a shell, in single quotes.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
