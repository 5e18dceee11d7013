//! JSON as the marketplace signs it: numbers keep their text, members keep their order, and a
//! repeated name is seen rather than swallowed.
//!
//! `serde_json` reads the grammar; what stands here is the part of the contract that its own
//! tree cannot hold.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

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
pub enum Fault {
    /// The bytes are no UTF-8, or not by the grammar, or hold a number beyond all numbers.
    #[error("json malformed")]
    Malformed,
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`].
    #[error("json nested too deep")]
    TooDeep,
    /// The outermost value is no object.
    #[error("json is no object")]
    NotAnObject,
}

/// Which of several members of one name counts while a tree is built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Winner {
    /// The first: what we execute, once it is known that all are the same.
    First,
    /// The last: what the marketplace's own parser would keep.
    Last,
}

/// A document that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// The members of the outermost object.
    pub members: Members,
    /// Whether some object, at any depth, names one member twice with different values.
    pub conflicting: bool,
}

/// How deep arrays and objects may be nested (decision G1).
pub const MAX_DEPTH: usize = 32;

impl Document {
    /// Reads a document whose outermost value is an object.
    ///
    /// # Errors
    /// As [`Fault`] says.
    pub fn parse(body: &[u8], winner: Winner) -> Result<Self, Fault> {
        let text = str::from_utf8(body).map_err(|_| Fault::Malformed)?;
        let mut reading = Reading { winner, conflicting: false };
        match reading.parse(text)? {
            Json::Object(members) => Ok(Self { members, conflicting: reading.conflicting }),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => {
                Err(Fault::NotAnObject)
            }
        }
    }
}

impl Json {
    /// Reads any one value; same-named members count once, the first stays.
    ///
    /// # Errors
    /// As [`Fault`] says, `NotAnObject` excepted.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        Reading { winner: Winner::First, conflicting: false }.parse(text)
    }

    /// A scalar as text: a string as it is, a number as received, a boolean by its word.
    /// `null` and what is nested have none.
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

/// Whether `serde_json` reads something else into an object that has a member of this name: a
/// tree with one can be written and not be read again.
pub fn is_private(name: &str) -> bool {
    name.starts_with("$serde_json::private::")
}

/// How the canonical form writes top-level numbers and booleans.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scalars {
    /// As strings: the marketplace's sample binds base calls to a map of strings.
    AsText,
    /// As received: the kit keeps types.
    AsReceived,
}

/// Writes the form the marketplace signs: top-level members sorted by UTF-16 code units and
/// without nulls, compact, nested order kept (the V2.0 guide's page on signatures, and the
/// sample project's `TreeMap` and `ObjectMapper`).
pub fn canonical(members: &Members, scalars: Scalars) -> String {
    let mut sorted: Vec<_> = members.iter().filter(|(_, value)| *value != Json::Null).collect();
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    let mut out = String::from("{");
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(name, &mut out);
        out.push(':');
        match (scalars, value) {
            (Scalars::AsText, Json::Number(text)) => write_text(text, &mut out),
            (Scalars::AsText, Json::Bool(bool)) => {
                write_text(if *bool { "true" } else { "false" }, &mut out)
            }
            _ => write_value(value, &mut out),
        }
    }
    out.push('}');
    out
}

/// Serializes to compact JSON in ASCII alone: every other character is `\uXXXX`, as the guide
/// asks of Chinese text in `memo` (decision B9).
///
/// # Errors
/// Where a map's key is no text.
pub fn to_ascii<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(128);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Ascii))?;
    Ok(out)
}

struct Ascii;

impl serde_json::ser::Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> std::io::Result<()>
    where
        W: ?Sized + std::io::Write,
    {
        for chunk in fragment.split_inclusive(|letter: char| !letter.is_ascii()) {
            let plain = chunk.trim_end_matches(|letter: char| !letter.is_ascii());
            writer.write_all(plain.as_bytes())?;
            for unit in
                chunk.chars().filter(|letter| !letter.is_ascii()).collect::<String>().encode_utf16()
            {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

/// A pass over one text.
struct Reading {
    winner: Winner,
    conflicting: bool,
}

impl Reading {
    fn parse(&mut self, text: &str) -> Result<Json, Fault> {
        let raw = serde_json::from_str(text).map_err(|_| Fault::Malformed)?;
        self.value(raw, 0)
    }

    fn value(&mut self, raw: &RawValue, depth: usize) -> Result<Json, Fault> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{') => self.object(text, deeper(depth)?).map(Json::Object),
            Some(b'[') => self.array(text, deeper(depth)?).map(Json::Array),
            Some(b'"') => serde_json::from_str(text).map(Json::Text).map_err(|_| Fault::Malformed),
            Some(b't') => Ok(Json::Bool(true)),
            Some(b'f') => Ok(Json::Bool(false)),
            Some(b'n') => Ok(Json::Null),
            _ => number(text),
        }
    }

    fn array(&mut self, text: &str, depth: usize) -> Result<Vec<Json>, Fault> {
        let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Fault::Malformed)?;
        items.into_iter().map(|item| self.value(item, depth)).collect()
    }

    fn object(&mut self, text: &str, depth: usize) -> Result<Members, Fault> {
        let RawMembers(received) = serde_json::from_str(text).map_err(|_| Fault::Malformed)?;
        let mut places = BTreeMap::new();
        let mut members: Members = Vec::with_capacity(received.len());
        for (name, raw) in received {
            let value = self.value(raw, depth)?;
            let place = *places.entry(name.clone()).or_insert(members.len());
            match members.get_mut(place) {
                None => members.push((name, value)),
                Some((_, standing)) if *standing == value => (),
                Some((_, standing)) => {
                    self.conflicting = true;
                    if self.winner == Winner::Last {
                        *standing = value;
                    }
                }
            }
        }
        Ok(members)
    }
}

fn deeper(depth: usize) -> Result<usize, Fault> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Fault::TooDeep) }
}

fn number(text: &str) -> Result<Json, Fault> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Json::Number(text.to_owned())),
        _ => Err(Fault::Malformed),
    }
}

/// The members of one object with their values unread.
struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = RawMembers<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
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

/// Jackson's default escapes: five short ones, `\u00XX` in upper case, all else plain.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            plain => out.push(plain),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> String {
        let document = Document::parse(body.as_bytes(), Winner::First).unwrap();
        canonical(&document.members, Scalars::AsText)
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
        let read = |body: &str| Document::parse(body.as_bytes(), Winner::First).unwrap();
        assert!(!read(r#"{"a":1,"a":1}"#).conflicting);
        assert!(read(r#"{"a":1,"a":2}"#).conflicting);
        assert!(read(r#"{"a":[{"b":1,"b":"1"}]}"#).conflicting);
        assert_eq!(read(r#"{"a":1,"b":2,"a":1}"#).members.len(), 2);
        let last = Document::parse(br#"{"a":1,"a":2}"#, Winner::Last).unwrap();
        assert_eq!(last.members, [("a".to_owned(), Json::Number("2".to_owned()))]);
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
            let read = Document::parse(body, Winner::First);
            assert_eq!(read, Err(Fault::Malformed), "{}", String::from_utf8_lossy(body));
        }
        for body in ["null", "[]", "1", "\"\"", "true"] {
            assert_eq!(Document::parse(body.as_bytes(), Winner::First), Err(Fault::NotAnObject));
        }
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Document::parse(nested(MAX_DEPTH - 1).as_bytes(), Winner::First).is_ok());
        for depth in [MAX_DEPTH, 10_000] {
            let read = Document::parse(nested(depth).as_bytes(), Winner::First);
            assert_eq!(read, Err(Fault::TooDeep));
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

    #[test]
    fn answers_are_ascii() {
        let written = to_ascii(&"a\u{7f}é用户😀\"\n").unwrap();
        let expected = "\"a\u{7f}\\u00e9\\u7528\\u6237\\ud83d\\ude00\\\"\\n\"";
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
