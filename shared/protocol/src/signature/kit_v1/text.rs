//! The text that a V1 kit signature covers. It is written from the body's outline, so no copy
//! exists before the signature is verified.

use crate::json::scanner::Token;
use crate::json::string::Raw;
use crate::json::{JsonError, Outline, Reading};
use crate::query_string;
use crate::signature::joined::is_name_letter;
use crate::signature::rejection::Rejection;
use crate::signature::signer::Out;
use crate::time::is_time_stamp;

/// Whether values are URL-decoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Values {
    /// As received.
    Received,
    /// URL-decoded. The guide's text requires it, but its sample and examples do not do it.
    Decoded,
}

/// One reading of a body: its members as texts. Blank members are not signed and count as absent.
pub struct Texts<'o, 'a> {
    outline: &'o Outline<'a>,
    reading: Reading,
    time_stamp: String,
}

impl<'o, 'a> Texts<'o, 'a> {
    /// Checks the shape of a reading (decision B3) and finds its time stamp.
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
        // A time stamp has at most 20 characters. A longer text fails the check with 21.
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

    /// Writes the names and values as `name=value`, joined with `&`.
    pub fn write(&self, values: Values, out: Out<'_>) -> Result<(), JsonError> {
        let mut separator = "";
        self.each(values, |name, value| {
            for piece in [separator, name, "=", value] {
                out(piece.as_bytes());
            }
            separator = "&";
        })
    }

    /// Copies the names and values after the signature is verified.
    pub fn copied(&self, values: Values) -> Result<Vec<(String, String)>, JsonError> {
        let mut copied = Vec::with_capacity(self.outline.len());
        self.each(values, |name, value| copied.push((name.to_owned(), value.to_owned())))?;
        Ok(copied)
    }

    /// Passes every name and value to `show`. The memory for values is allocated once.
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

/// The text of a scalar: a string unchanged, a number as received, a boolean as `true` or `false`.
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

/// Whether a character is white space for the sample's `StringUtils.isBlank`. Non-breaking spaces
/// are not white space. The separators U+001C to U+001F are white space.
fn is_java_white_space(letter: char) -> bool {
    let is_non_breaking = matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}');
    matches!(letter, '\u{1c}'..='\u{1f}') || (letter.is_whitespace() && !is_non_breaking)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results of Java's `Character.isWhitespace`.
    #[test]
    fn white_space_is_the_same_as_in_java() {
        for letter in [' ', '\t', '\u{b}', '\u{1c}', '\u{1f}', '\u{2003}', '\u{3000}'] {
            assert!(is_java_white_space(letter), "{letter:?}");
        }
        for letter in ['\u{a0}', '\u{2007}', '\u{202f}', '\u{85}', '\u{200b}', 'a'] {
            assert!(!is_java_white_space(letter), "{letter:?}");
        }
    }
}
