//! JSON as the marketplace signs it. Numbers keep their text, members keep their order, and a
//! repeated name is detected.
//!
//! Before the signature is verified, an [`Outline`] writes the signed form without building a tree.
//! Afterwards, a [`Document`] contains the members.

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

/// One JSON value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number: the text as received.
    Number(String),
    /// A string without escapes.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: its members in the order received, each name once.
    Object(Members),
}

/// The members of an object in the order received.
pub type Members = Vec<(String, Json)>;

/// Why koohook does not accept a text as JSON.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum JsonError {
    /// The bytes are not UTF-8, break the grammar, or contain a number outside the range of a
    /// double.
    #[error("json malformed")]
    Malformed,
    /// Arrays and objects are nested more than [`MAX_DEPTH`] levels deep.
    #[error("json nested too deeply")]
    TooDeep,
    /// The text has more than [`MAX_NODES`] values, or one object has more than [`MAX_MEMBERS`]
    /// members.
    #[error("json contains too many values")]
    TooManyNodes,
    /// The outermost value is not an object.
    #[error("json is not an object")]
    NotAnObject,
}

/// Which member the signed form contains, if several members have the same name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// The first member. koohook executes it if all values are equal.
    First,
    /// The last member. The marketplace's own parser keeps it.
    Last,
}

/// How the canonical form writes top-level numbers and booleans.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scalars {
    /// As strings: the marketplace's sample reads base calls into a map of strings.
    AsText,
    /// As received: the sample keeps the types of kit calls.
    AsReceived,
}

/// How many levels deep arrays and objects may be nested (decision G1).
pub const MAX_DEPTH: usize = 32;

/// How many values one text may contain, including the outermost value (decision G6).
pub const MAX_NODES: usize = 400_000;

/// How many members one object may have. The longest object of the guides has fewer than 64.
/// koohook sorts the names before it verifies the signature. So an unverified caller must not be
/// able to send a hundred thousand names.
pub const MAX_MEMBERS: usize = 1_024;

impl Json {
    /// The text of a scalar: a string unchanged, a number as received, a boolean as `true` or
    /// `false`. `None` for `null`, arrays and objects.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Writes compact JSON with Jackson's escapes.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        write_value(self, &mut out);
        out
    }

    /// Converts the value to `serde_json`'s tree. A number that is not an `i64` becomes a string.
    /// So does an object with a member name that `serde_json` reserves.
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

/// Whether `serde_json` reserves this member name. A tree with such a member can be written but not
/// read back.
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
    fn the_canonical_form_sorts_only_the_top_level() {
        assert_eq!(form(r#"{ "b" : {"z":1, "a":2}, "a":"x" }"#), r#"{"a":"x","b":{"z":1,"a":2}}"#);
        // In UTF-16 U+1F600 is D83D DE00, so it is before U+FF01. By code points it is after
        // U+FF01.
        assert_eq!(form(r#"{"！":"","😀":""}"#), r#"{"😀":"","！":""}"#);
    }

    #[test]
    fn the_canonical_form_drops_only_top_level_nulls() {
        assert_eq!(form(r#"{"a":null,"b":{"c":null}}"#), r#"{"b":{"c":null}}"#);
    }

    #[test]
    fn the_canonical_form_escapes_as_jackson_does() {
        let body = r#"{"a":"\u001f\u0008\t\n\f\r\"\\\/é\u007f\u2028"}"#;
        assert_eq!(form(body), "{\"a\":\"\\u001F\\b\\t\\n\\f\\r\\\"\\\\/é\u{7f}\u{2028}\"}");
    }

    #[test]
    fn a_number_keeps_its_text() {
        let body = r#"{"a":[1.50,1e3,12345678901234567890123],"b":1.0}"#;
        assert_eq!(form(body), r#"{"a":[1.50,1e3,12345678901234567890123],"b":"1.0"}"#);
    }

    #[test]
    fn a_repeated_member_is_detected_at_any_depth() {
        let read = |body: &str| Document::parse(body.as_bytes()).unwrap();
        assert!(!read(r#"{"a":1,"a":1}"#).conflicting);
        assert!(read(r#"{"a":1,"a":2}"#).conflicting);
        assert!(read(r#"{"a":[{"b":1,"b":"1"}]}"#).conflicting);
        assert_eq!(read(r#"{"a":1,"b":2,"a":1}"#).members.len(), 2);
    }

    /// Each name is written once, at its first place. The reading decides which value is written.
    #[test]
    fn the_reading_decides_the_value_of_a_repeated_member() {
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
    fn invalid_json_is_rejected() {
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
    fn json_nested_too_deeply_is_rejected() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Document::parse(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        for depth in [MAX_DEPTH, 10_000] {
            let read = Document::parse(nested(depth).as_bytes());
            assert_eq!(read, Err(JsonError::TooDeep));
        }
    }

    #[test]
    fn a_reserved_name_is_written_as_text() {
        let text = r#"{"a":[{"$serde_json::private::RawValue":"{}"},{"b":1}]}"#;
        let tree = Json::parse(text).unwrap().to_value();
        let again: serde_json::Value = serde_json::from_str(&tree.to_string()).unwrap();
        assert_eq!(again, tree);
        assert_eq!(tree["a"][0], r#"{"$serde_json::private::RawValue":"{}"}"#);
        assert_eq!(tree["a"][1]["b"], 1);
    }
}
