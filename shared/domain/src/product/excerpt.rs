//! The beginning of a product's answer, for an operator to read.

use serde_json::{Map, Value};

/// The beginning of an answer, without text that could be a secret or a person's name. For a JSON
/// object, it is the names of the members. For any other text, it is the words that servers use for
/// failures. `None` if there is no such text.
pub fn excerpt(body: &[u8]) -> Option<String> {
    let words = match serde_json::from_slice::<Map<String, Value>>(body) {
        Ok(members) => members.into_iter().map(|(name, _)| name).collect(),
        Err(_) => known_words(&String::from_utf8_lossy(body)),
    };
    let text = words.join(" ");
    let text: String = text.chars().take(MAX_EXCERPT).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// The known words of a text. Any other word could be a password or the name of a buyer.
fn known_words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic()).map(str::to_lowercase);
    let mut found = Vec::new();
    for word in words.filter(|word| SERVERS_WORDS.contains(&word.as_str())) {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

/// The words that servers and gateways use for failures.
const SERVERS_WORDS: [&str; 32] = [
    "access",
    "apache",
    "bad",
    "busy",
    "cloudflare",
    "conflict",
    "connection",
    "denied",
    "error",
    "exceeded",
    "expired",
    "failed",
    "forbidden",
    "found",
    "gateway",
    "internal",
    "invalid",
    "limit",
    "maintenance",
    "method",
    "moved",
    "nginx",
    "not",
    "rate",
    "server",
    "service",
    "signature",
    "timeout",
    "too",
    "unauthorized",
    "unavailable",
    "upstream",
];
/// The longest excerpt, in characters.
const MAX_EXCERPT: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_quotes_no_value() {
        let cases = [
            (r#"{"error":"secret","userName":"u"}"#, Some("error userName")),
            ("<h1>502 Bad Gateway</h1> for alice, Bad", Some("bad gateway")),
            ("hunter2", None),
            ("", None),
        ];
        for (body, expected) in cases {
            assert_eq!(excerpt(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
