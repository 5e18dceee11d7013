//! Counts with their words.

use std::io::{self, IsTerminal};

/// A count with its word: `1 notice`, `2 notices`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A count of notices on the standard output. Programs read `1 notices`, so that only a terminal
/// gets the singular.
pub fn counted_notices(count: usize) -> String {
    let one = if io::stdout().is_terminal() { "notice" } else { "notices" };
    counted(count, one, "notices")
}
