//! How much is kept of a text.

/// The beginning of a text that we neither key by nor echo: at most [`MAX_KEPT_LETTERS`].
pub fn kept_text(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_KEPT_LETTERS).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default()
}

/// The longest text that is kept of a field we neither key by nor echo (decision G1).
pub const MAX_KEPT_LETTERS: usize = 4_096;
