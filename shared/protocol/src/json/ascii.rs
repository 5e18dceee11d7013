//! Writes JSON in ASCII only, for koohook's answers.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes compact JSON in ASCII only. Every other character is written as `\uXXXX`. The guide
/// requires this for Chinese text in `memo` (decision B9).
///
/// # Errors
/// If a key of a map is not text.
pub fn to_ascii<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(128);
    value.serialize(&mut Serializer::with_formatter(&mut out, Ascii))?;
    Ok(out)
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_outside_ascii_are_escaped() {
        let written = to_ascii(&"a\u{7f}é用户😀\"\n").unwrap();
        let expected = "\"a\u{7f}\\u00e9\\u7528\\u6237\\ud83d\\ude00\\\"\\n\"";
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
