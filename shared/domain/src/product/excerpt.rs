//! How an answer of the product begins, for an operator to read.

use serde_json::{Map, Value};

/// How an answer begins, without anything that could be a secret or a name: of a JSON object the
/// names of its members, of any other text the words that servers use for failures.
pub fn excerpt(body: &[u8]) -> Option<String> {
    let words = match serde_json::from_slice::<Map<String, Value>>(body) {
        Ok(members) => members.into_iter().map(|(name, _)| name).collect(),
        Err(_) => known_words(&String::from_utf8_lossy(body)),
    };
    let text = words.join(" ");
    let text: String = text.chars().take(MAX_EXCERPT).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// Any other word might be a password, or a buyer that the answer quotes.
fn known_words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic()).map(str::to_lowercase);
    let mut said = Vec::new();
    for word in words.filter(|word| SERVERS_WORDS.contains(&word.as_str())) {
        if !said.contains(&word) {
            said.push(word);
        }
    }
    said
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
/// How much is kept of how an answer began, in characters.
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
        for (body, said) in cases {
            assert_eq!(excerpt(body.as_bytes()).as_deref(), said, "{body}");
        }
    }
}
