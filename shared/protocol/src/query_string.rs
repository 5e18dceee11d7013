//! The raw query string. koohook parses it itself: a second parser could read another text than the
//! one that was signed.

use std::borrow::Cow;

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode,
};

/// The parameters of a raw query in the order received, still encoded. Empty pieces between `&` are
/// skipped. A piece without `=` is a name with an empty value.
pub fn pieces(raw: &str) -> impl Iterator<Item = (&str, &str)> {
    raw.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
}

/// How koohook reads a `+` in an encoded text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Plus {
    /// As a space. Form decoding and the marketplace's own sample do the same.
    Space,
    /// As a `+`, because the sender did not encode it.
    Kept,
}

/// Decodes one name or value. `None` if the bytes are not UTF-8.
pub fn decode(encoded: &str, plus: Plus) -> Option<Cow<'_, str>> {
    if plus == Plus::Space && encoded.contains('+') {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
        Some(Cow::Owned(decoded.into_owned()))
    } else {
        percent_decode_str(encoded).decode_utf8().ok()
    }
}

/// Decodes a text as a form, without new memory. `None` if the bytes are not UTF-8.
pub fn decode_in_place(encoded: String) -> Option<String> {
    let mut bytes = encoded.into_bytes();
    let (mut read, mut written) = (0, 0);
    while let Some(&byte) = bytes.get(read) {
        let escaped = || {
            bytes.get(read + 1..read + 3).and_then(|digits| {
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).ok().map(|()| byte)
            })
        };
        let (decoded, len) = match byte {
            b'+' => (b' ', 1),
            b'%' => escaped().map_or((b'%', 1), |[byte]| (byte, 3)),
            plain => (plain, 1),
        };
        bytes.get_mut(written).into_iter().for_each(|place| *place = decoded);
        read += len;
        written += 1;
    }
    bytes.truncate(written);
    String::from_utf8(bytes).ok()
}

/// Encodes one name, value or part of a path: every character except the unreserved characters of
/// RFC 3986. A space becomes `%20`.
pub fn encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// All values of one parameter, decoded as a form. A value that is not UTF-8 is returned empty.
pub fn values(raw: &str, name: &str) -> Vec<String> {
    pieces(raw)
        .filter(|(encoded, _)| decode(encoded, Plus::Space).as_deref() == Some(name))
        .map(|(_, value)| decode(value, Plus::Space).unwrap_or_default().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_split_into_pieces() {
        let read: Vec<_> = pieces("a=1&&b&c=&d==&;e=f").collect();
        assert_eq!(read, [("a", "1"), ("b", ""), ("c", ""), ("d", "="), (";e", "f")]);
        assert_eq!(pieces("").count(), 0);
    }

    #[test]
    fn a_text_is_decoded_as_a_form() {
        assert_eq!(decode("a+b%20c%2Bd", Plus::Space).as_deref(), Some("a b c+d"));
        assert_eq!(decode("a+b", Plus::Kept).as_deref(), Some("a+b"));
        assert_eq!(decode("%E6%B5%8B", Plus::Space).as_deref(), Some("测"));
        assert_eq!(decode("%FF", Plus::Space), None);
    }

    #[test]
    fn decoding_in_place_gives_the_same_text() {
        let texts =
            ["", "a+b%20c%2Bd", "%E6%B5%8B%e6", "%", "%4", "%4+1", "%%41", "%zz+%+", "é+%C3"];
        for text in texts {
            let expected = decode(text, Plus::Space).map(Cow::into_owned);
            assert_eq!(decode_in_place(text.to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn only_unreserved_characters_are_not_encoded() {
        assert_eq!(encode("aZ0-._~").to_string(), "aZ0-._~");
        assert_eq!(encode(" +/%&=测*").to_string(), "%20%2B%2F%25%26%3D%E6%B5%8B%2A");
    }

    #[test]
    fn all_values_of_a_name_are_found() {
        assert_eq!(values("n=1&%6e=2&N=3", "n"), ["1", "2"]);
    }
}
