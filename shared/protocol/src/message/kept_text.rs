//! The limit for texts that are not identifiers.

/// The beginning of a text that is not an identifier: at most [`MAX_KEPT_LETTERS`] characters.
pub fn kept_text(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_KEPT_LETTERS).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default()
}

/// How many characters koohook keeps of a text that is not an identifier (decision G1).
pub const MAX_KEPT_LETTERS: usize = 4_096;
