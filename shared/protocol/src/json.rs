//! JSON as the marketplace signs it: numbers keep their text, members keep their order, and a
//! repeated name is noticed.
//!
//! Before the signature is verified, an [`Outline`] writes the signed form and builds no tree.
//! After that, a [`Document`] holds the members.

mod ascii;
mod canonical;
mod outline;
pub(crate) mod scanner;
pub(crate) mod string;
mod tree;
pub(crate) mod work;

use thiserror::Error;

pub use ascii::to_ascii;
pub use outline::Outline;
pub use tree::Document;

/// One JSON value. Numbers are the text that arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as received.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: members in the order received, each name once.
    Object(Members),
}

/// The members of an object in the order received.
pub type Members = Vec<(String, Json)>;

/// Why a text is not JSON that we accept.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum JsonError {
    /// The bytes are not UTF-8, break the grammar, or hold a number that no double can hold.
    #[error("json malformed")]
    Malformed,
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`].
    #[error("json nested too deep")]
    TooDeep,
    /// There are more values than [`MAX_NODES`], or more members in one object than
    /// [`MAX_MEMBERS`].
    #[error("json holds too many values")]
    TooManyNodes,
    /// The outermost value is not an object.
    #[error("json is not an object")]
    NotAnObject,
}

/// Which member counts in the signed form, if several have one name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// The first. We execute it if all of them are the same.
    First,
    /// The last, which the marketplace's own parser keeps.
    Last,
}

/// How the canonical form writes top-level numbers and booleans.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scalars {
    /// As strings: the marketplace's sample binds base calls to a map of strings.
    AsText,
    /// As received: the kit keeps types.
    AsReceived,
}

/// How deep arrays and objects may be nested (decision G1).
pub const MAX_DEPTH: usize = 32;

/// How many values one text may hold, the outermost and all within it (decision G6).
pub const MAX_NODES: usize = 400_000;

/// How many members one object may have. The guides' longest object has fewer than 64. Names are
/// sorted before the signature is verified, and a stranger could send a hundred thousand.
pub const MAX_MEMBERS: usize = 1_024;

impl Json {
    /// A scalar as text: a string as it is, a number as received, a boolean by its word.
    /// `null` and nested values have no text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Compact JSON text, escaped as Jackson does.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        write_value(self, &mut out);
        out
    }

    /// The same value in `serde_json`'s tree. A number that tree cannot hold exactly becomes text,
    /// and so does an object with a name that it keeps for itself.
    pub fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(*bool),
            Self::Number(text) => {
                text.parse::<i64>().map_or_else(|_| text.as_str().into(), Value::from)
            }
            Self::Text(text) => text.as_str().into(),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) if members.iter().any(|(name, _)| is_private(name)) => {
                self.to_text().into()
            }
            Self::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), value.to_value())).collect()
            }
        }
    }
}

/// Whether `serde_json` keeps this member's name for itself: a tree with such a member can be
/// written but not read again.
pub fn is_private(name: &str) -> bool {
    name.starts_with("$serde_json::private::")
}

fn write_value(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(text) => out.push_str(text),
        Json::Text(text) => write_text(text, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write_value(value, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    string::write_as_jackson(text, &mut |piece| out.push_str(piece));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> String {
        form_by(body, Reading::First)
    }

    fn form_by(body: &str, reading: Reading) -> String {
        let mut form = String::new();
        let mut outline = Outline::of(body.as_bytes()).unwrap();
        outline.write_canonical(reading, Scalars::AsText, &mut |text| form.push_str(text)).unwrap();
        form
    }

    #[test]
    fn canonical_form_sorts_the_top_level_alone() {
        assert_eq!(form(r#"{ "b" : {"z":1, "a":2}, "a":"x" }"#), r#"{"a":"x","b":{"z":1,"a":2}}"#);
        // U+1F600 is D83D DE00 in UTF-16 and so stands before U+FF01, after it in code points.
        assert_eq!(form(r#"{"！":"","😀":""}"#), r#"{"😀":"","！":""}"#);
    }

    #[test]
    fn canonical_form_drops_nulls_of_the_top_level_alone() {
        assert_eq!(form(r#"{"a":null,"b":{"c":null}}"#), r#"{"b":{"c":null}}"#);
    }

    #[test]
    fn canonical_form_escapes_as_jackson() {
        let body = r#"{"a":"\u001f\u0008\t\n\f\r\"\\\/é\u007f\u2028"}"#;
        assert_eq!(form(body), "{\"a\":\"\\u001F\\b\\t\\n\\f\\r\\\"\\\\/é\u{7f}\u{2028}\"}");
    }

    #[test]
    fn numbers_keep_their_text() {
        let body = r#"{"a":[1.50,1e3,12345678901234567890123],"b":1.0}"#;
        assert_eq!(form(body), r#"{"a":[1.50,1e3,12345678901234567890123],"b":"1.0"}"#);
    }

    #[test]
    fn repeated_members_are_seen_at_any_depth() {
        let read = |body: &str| Document::parse(body.as_bytes()).unwrap();
        assert!(!read(r#"{"a":1,"a":1}"#).conflicting);
        assert!(read(r#"{"a":1,"a":2}"#).conflicting);
        assert!(read(r#"{"a":[{"b":1,"b":"1"}]}"#).conflicting);
        assert_eq!(read(r#"{"a":1,"b":2,"a":1}"#).members.len(), 2);
    }

    /// A name counts once, at its first place; its value is the reading's.
    #[test]
    fn readings_differ_where_a_member_is_named_again() {
        let cases = [
            (r#"{"a":1,"a":2}"#, r#"{"a":"1"}"#, r#"{"a":"2"}"#),
            (r#"{"b":1,"a":3,"\u0062":2,"b":null}"#, r#"{"a":"3","b":"1"}"#, r#"{"a":"3"}"#),
            (
                r#"{"o":{"b":1,"a":0,"b":2,"c":0,"b":3}}"#,
                r#"{"o":{"b":1,"a":0,"c":0}}"#,
                r#"{"o":{"b":3,"a":0,"c":0}}"#,
            ),
            (
                r#"{"o":[{"":{"":1,"":2},"":{"":3,"":4},"x":5}]}"#,
                r#"{"o":[{"":{"":1},"x":5}]}"#,
                r#"{"o":[{"":{"":4},"x":5}]}"#,
            ),
            (
                r#"{"o":{"a":1,"b":1},"o":{"a":2,"b":2}}"#,
                r#"{"o":{"a":1,"b":1}}"#,
                r#"{"o":{"a":2,"b":2}}"#,
            ),
        ];
        for (body, first, last) in cases {
            let body = body.replace("\\\\", "\\");
            assert!(Outline::of(body.as_bytes()).unwrap().names_again(), "{body}");
            assert_eq!(form_by(&body, Reading::First), first, "{body}");
            assert_eq!(form_by(&body, Reading::Last), last, "{body}");
        }
        assert!(
            !Outline::of(br#"{"a":{"b":{},"c":0},"b":[{"a":1},{"a":1}]}"#).unwrap().names_again()
        );
    }

    #[test]
    fn refuses_what_is_no_json() {
        let bodies: [&[u8]; 15] = [
            b"",
            b"{",
            b"{}{}",
            b"{\"a\":1,}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"{\"a\":01}",
            b"{\"a\":1e999}",
            b"{\"a\":\"\\x41\"}",
            b"{\"a\":\"\n\"}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{/**/}",
            b"{\"a\":[\"\\ud800\"]}",
        ];
        for body in bodies {
            let read = Document::parse(body);
            assert_eq!(read, Err(JsonError::Malformed), "{}", String::from_utf8_lossy(body));
            assert_eq!(Outline::of(body).err(), Some(JsonError::Malformed));
        }
        for body in ["null", "[]", "1", "\"\"", "true"] {
            assert_eq!(Document::parse(body.as_bytes()), Err(JsonError::NotAnObject));
        }
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Document::parse(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        for depth in [MAX_DEPTH, 10_000] {
            let read = Document::parse(nested(depth).as_bytes());
            assert_eq!(read, Err(JsonError::TooDeep));
        }
    }

    #[test]
    fn no_name_means_more_than_itself() {
        let text = r#"{"a":[{"$serde_json::private::RawValue":"{}"},{"b":1}]}"#;
        let tree = Json::parse(text).unwrap().to_value();
        let again: serde_json::Value = serde_json::from_str(&tree.to_string()).unwrap();
        assert_eq!(again, tree);
        assert_eq!(tree["a"][0], r#"{"$serde_json::private::RawValue":"{}"}"#);
        assert_eq!(tree["a"][1]["b"], 1);
    }
}
