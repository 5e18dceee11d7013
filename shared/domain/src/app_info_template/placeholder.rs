//! The placeholders of a template.

/// Replaces the placeholders in one pass, so that a value that looks like a placeholder is not
/// replaced again.
pub(super) fn replace(text: &str, values: [&str; 2]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'next: while let Some(letter) = rest.chars().next() {
        for (placeholder, value) in PLACEHOLDERS.into_iter().zip(values) {
            if let Some(after) = rest.strip_prefix(placeholder) {
                out.push_str(value);
                rest = after;
                continue 'next;
            }
        }
        out.push(letter);
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    out
}

/// The placeholders. The IDs of the instance replace them.
pub(super) const PLACEHOLDERS: [&str; 2] = ["{instanceId}", "{orderId}"];
