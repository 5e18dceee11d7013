//! JSON strings with escapes. They are compared, written and copied in pieces.

use std::cmp::Ordering;
use std::iter;

use super::work;

/// The text between a string's quotes, as received. The scanner has checked it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    pub const fn new(raw: &'a str) -> Self {
        Self(raw)
    }

    /// The length as received, in bytes. Without escapes the string is never longer.
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// The string's characters without escapes.
    pub fn chars(self) -> impl Iterator<Item = char> {
        chars(self.0)
    }

    /// Appends the string without escapes.
    pub fn append_to(self, text: &mut String) {
        self.each(&mut |plain| text.push_str(plain), |letter, out| {
            out(letter.encode_utf8(&mut [0; 4]));
        });
    }

    /// The string without escapes.
    pub fn to_text(self) -> String {
        let mut text = String::with_capacity(self.len());
        self.append_to(&mut text);
        text
    }

    /// Writes the string in quotes with Jackson's escapes.
    pub fn write_as_jackson(self, out: &mut dyn FnMut(&str)) {
        out("\"");
        self.each(out, |letter, out| write_letter(letter, out));
        out("\"");
    }

    /// Writes the text between escapes unchanged. Passes the character of each escape to `escaped`.
    fn each(self, out: &mut dyn FnMut(&str), escaped: impl Fn(char, &mut dyn FnMut(&str))) {
        let mut rest = self.0;
        while !rest.is_empty() {
            work::done(1);
            let plain = rest.find('\\').unwrap_or(rest.len());
            let (run, escape) = rest.split_at_checked(plain).unwrap_or((rest, ""));
            out(run);
            let Some((letter, len)) = unescape(escape) else { break };
            escaped(letter, out);
            rest = escape.get(len..).unwrap_or_default();
        }
    }
}

/// Compares two strings by UTF-16 code units, as Java sorts names. Each text begins after a
/// string's opening quote. The text after the closing quote is ignored.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let same = |(a, b): &(u8, u8)| a == b && !matches!(a, b'"' | b'\\');
    let same = a.bytes().zip(b.bytes()).take_while(same).count();
    work::done(same);
    let same = a.floor_char_boundary(same);
    let [a, b] = [a, b].map(|text| units(text.get(same..).unwrap_or_default()));
    a.cmp(b)
}

/// The first two UTF-16 code units of a string. They decide the order of most names, so a sort
/// reads few names again.
pub(super) fn first_units(text: &str) -> u32 {
    let mut units = units(text);
    let mut unit = || u32::from(units.next().unwrap_or_default());
    unit() << 16 | unit()
}

fn units(text: &str) -> impl Iterator<Item = u16> {
    chars(text).flat_map(|letter| {
        let mut units = [0; 2];
        let len = letter.encode_utf16(&mut units).len();
        units.into_iter().take(len)
    })
}

fn chars(text: &str) -> impl Iterator<Item = char> {
    let mut rest = text;
    iter::from_fn(move || {
        work::done(1);
        let first = rest.chars().next().filter(|first| *first != '"')?;
        let (letter, len) = if first == '\\' { unescape(rest)? } else { (first, first.len_utf8()) };
        rest = rest.get(len..)?;
        Some(letter)
    })
}

/// Reads the escape at the beginning of a text. Returns its character and its length.
pub(super) fn unescape(text: &str) -> Option<(char, usize)> {
    let letter = match *text.as_bytes().get(1)? {
        letter @ (b'"' | b'\\' | b'/') => char::from(letter),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_units(text),
        _ => return None,
    };
    Some((letter, 2))
}

/// Reads `\uXXXX`, or a surrogate pair of two such escapes. Half of a pair is not a character.
fn unescape_units(text: &str) -> Option<(char, usize)> {
    let first = unit(text)?;
    if let Some(letter) = char::from_u32(first.into()) {
        return Some((letter, UNIT));
    }
    let second = unit(text.get(UNIT..)?)?;
    let letter = char::decode_utf16([first, second]).next()?.ok()?;
    Some((letter, 2 * UNIT))
}

fn unit(text: &str) -> Option<u16> {
    work::done(UNIT);
    let digits = text.get(..UNIT)?.strip_prefix("\\u")?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| hex)
}

/// The length of `\uXXXX`.
const UNIT: usize = 6;

/// Writes a text in quotes with Jackson's escapes: short escapes, or `\u00XX` in upper case. Other
/// characters are unchanged.
pub(super) fn write_as_jackson(text: &str, out: &mut dyn FnMut(&str)) {
    out("\"");
    let mut rest = text;
    while let Some(at) = rest.find(|letter| matches!(letter, '"' | '\\' | ..'\u{20}')) {
        let (run, escaped) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out(run);
        let mut letters = escaped.chars();
        letters.next().into_iter().for_each(|letter| write_letter(letter, out));
        rest = letters.as_str();
    }
    out(rest);
    out("\"");
}

fn write_letter(letter: char, out: &mut dyn FnMut(&str)) {
    match letter {
        '"' => out("\\\""),
        '\\' => out("\\\\"),
        '\u{8}' => out("\\b"),
        '\t' => out("\\t"),
        '\n' => out("\\n"),
        '\u{c}' => out("\\f"),
        '\r' => out("\\r"),
        control @ ..'\u{20}' => {
            out("\\u00");
            let digits = [u32::from(control) >> 4, u32::from(control) & 0xf];
            for digit in digits.into_iter().filter_map(|digit| char::from_digit(digit, 16)) {
                out(digit.to_ascii_uppercase().encode_utf8(&mut [0; 4]));
            }
        }
        plain => out(plain.encode_utf8(&mut [0; 4])),
    }
}
