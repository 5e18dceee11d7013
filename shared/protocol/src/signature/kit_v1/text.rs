//! The text that signs a V1 kit body, written from the body's outline: no copy exists before proof.

use crate::json::scanner::Token;
use crate::json::string::Raw;
use crate::json::{JsonError, Outline, Reading};
use crate::query_string;
use crate::signature::joined::is_name_letter;
use crate::signature::rejection::Rejection;
use crate::signature::signer::Out;
use crate::time::is_time_stamp;

/// How values are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Values {
    /// As they are.
    Received,
    /// URL-decoded: the guide says so; its sample and its examples say otherwise.
    Decoded,
}

/// One reading of a body: its members as texts. Blank ones are not signed and count as absent.
pub struct Texts<'o, 'a> {
    outline: &'o Outline<'a>,
    reading: Reading,
    time_stamp: String,
}

impl<'o, 'a> Texts<'o, 'a> {
    /// Judges the shape of a reading (decision B3), and finds its time stamp.
    pub fn new(outline: &'o Outline<'a>, reading: Reading) -> Result<Self, Rejection> {
        let mut texts = Self { outline, reading, time_stamp: String::new() };
        if texts.tokens().any(|(_, value)| matches!(value, Token::Array | Token::Object)) {
            return Err(Rejection::BodyMalformed);
        }
        if !texts.named().all(|(name, _)| is_name(name)) {
            return Err(Rejection::ParameterMalformed);
        }
        let is_time = |name: Raw<'_>| name.chars().eq("timeStamp".chars());
        let time_stamp = texts.named().find(|(name, _)| is_time(*name));
        // One letter more than the longest time stamp has is enough to see that it is none.
        let time_stamp = time_stamp.map(|(_, value)| value.chars().take(21).collect());
        texts.time_stamp = time_stamp
            .filter(|text: &String| is_time_stamp(text))
            .ok_or(Rejection::TimeStampMalformed)?;
        Ok(texts)
    }

    /// The reading's `timeStamp`.
    pub fn time_stamp(&self) -> &str {
        &self.time_stamp
    }

    /// Writes the names and values, joined.
    pub fn write(&self, values: Values, out: Out<'_>) -> Result<(), JsonError> {
        let mut separator = "";
        self.each(values, |name, value| {
            for piece in [separator, name, "=", value] {
                out(piece.as_bytes());
            }
            separator = "&";
        })
    }

    /// Copies the names and values, once they are proven.
    pub fn copied(&self, values: Values) -> Result<Vec<(String, String)>, JsonError> {
        let mut copied = Vec::with_capacity(self.outline.len());
        self.each(values, |name, value| copied.push((name.to_owned(), value.to_owned())))?;
        Ok(copied)
    }

    /// Shows every name and value in turn, from memory that the longest of them fits.
    fn each(&self, values: Values, mut show: impl FnMut(&str, &str)) -> Result<(), JsonError> {
        let (mut name, mut value) = (String::new(), String::with_capacity(self.outline.longest()));
        for (raw_name, raw_value) in self.named() {
            name.clear();
            raw_name.append_to(&mut name);
            value.clear();
            raw_value.append_to(&mut value);
            if values == Values::Decoded {
                value = query_string::decode_in_place(value).ok_or(JsonError::Malformed)?;
            }
            show(&name, &value);
        }
        Ok(())
    }

    fn named(&self) -> impl Iterator<Item = (Raw<'a>, Raw<'a>)> {
        let texts = self.tokens().filter_map(|(name, value)| Some((name, text(value)?)));
        texts.filter(|(_, text)| !text.chars().all(is_java_white_space))
    }

    fn tokens(&self) -> impl Iterator<Item = (Raw<'a>, Token<'a>)> {
        let members = 0..self.outline.len();
        let members = members.filter_map(|index| self.outline.member(index, self.reading));
        members.map(|(name, value, _)| (name, value))
    }
}

/// A scalar as text: a string as it is, a number as received, a boolean by its word.
const fn text(value: Token<'_>) -> Option<Raw<'_>> {
    match value {
        Token::Text(raw) => Some(raw),
        Token::Number(text) => Some(Raw::new(text)),
        Token::Bool(true) => Some(Raw::new("true")),
        Token::Bool(false) => Some(Raw::new("false")),
        Token::Null | Token::Object | Token::Array | Token::End | Token::Name(_) => None,
    }
}

fn is_name(name: Raw<'_>) -> bool {
    let letter = |letter: char| u8::try_from(letter).is_ok_and(is_name_letter);
    name.chars().all(letter) && (1..=64).contains(&name.chars().take(65).count())
}

/// White space as the sample's `StringUtils.isBlank` sees it: no space that keeps words together,
/// but the separators of files and records.
fn is_java_white_space(letter: char) -> bool {
    let keeps_together = matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}');
    matches!(letter, '\u{1c}'..='\u{1f}') || (letter.is_whitespace() && !keeps_together)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of Java's `Character.isWhitespace`.
    #[test]
    fn blank_is_what_java_calls_so() {
        for letter in [' ', '\t', '\u{b}', '\u{1c}', '\u{1f}', '\u{2003}', '\u{3000}'] {
            assert!(is_java_white_space(letter), "{letter:?}");
        }
        for letter in ['\u{a0}', '\u{2007}', '\u{202f}', '\u{85}', '\u{200b}', 'a'] {
            assert!(!is_java_white_space(letter), "{letter:?}");
        }
    }
}
