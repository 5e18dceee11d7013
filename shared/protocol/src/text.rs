//! Typical mistakes in a text that a person wrote: invisible characters, quotes around the text,
//! and a misspelled name.

/// The first character that is invisible, or that changes how other characters look. Copying from a
/// web page, a chat or an editor leaves such characters in a text. The ASCII space is visible.
pub fn unseen(text: &str) -> Option<char> {
    text.chars().find(|letter| is_unseen(*letter))
}

/// Whether a text begins or ends with a quote, as in a settings file.
pub fn is_quoted(text: &str) -> bool {
    text.starts_with(QUOTES) || text.ends_with(QUOTES)
}

/// The known name that is most similar to a text. The text may differ in case, in punctuation, and
/// in one or two letters.
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = letters(text);
    // Every start of a function compares each variable of its platform with each setting. Most differ
    // so much in length that they cannot be similar.
    let fits = |name: &&str| count_letters(name).abs_diff(letters.len()) <= MAX_SLIPS;
    let far = |name: &str| strsim::osa_distance(&letters, &self::letters(name));
    let near = known.into_iter().filter(fits).map(|name| (far(name), name));
    let near = near.min_by_key(|(distance, _)| *distance)?;
    (near.0 <= MAX_SLIPS && near.0.saturating_mul(3) <= letters.len()).then_some(near.1)
}

/// How many letters may differ from the known name.
const MAX_SLIPS: usize = 2;

const QUOTES: [char; 11] = ['"', '\'', '`', '“', '”', '‘', '’', '「', '」', '«', '»'];

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The length of [`letters`].
fn count_letters(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_alphanumeric).count()
}

/// Control characters, spaces of other widths, characters without width, direction marks, selectors
/// and tags (Unicode: `Cc`, `Cf`, `Zl`, `Zp`, `Zs`, and the letters that fonts show as empty).
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{a0}'
                | '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{1680}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{2000}'..='\u{200f}'
                | '\u{2028}'..='\u{202f}'
                | '\u{205f}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3000}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffc}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invisible_character_is_found_at_any_place() {
        for letter in [
            '\u{feff}',
            '\u{200b}',
            '\u{200d}',
            '\u{2060}',
            '\u{a0}',
            '\u{ad}',
            '\u{202e}',
            '\u{2066}',
            '\u{3000}',
            '\r',
            '\n',
            '\t',
            '\0',
            '\u{7f}',
            '\u{85}',
            '\u{e0041}',
        ] {
            for text in [format!("{letter}ab"), format!("a{letter}b"), format!("ab{letter}")] {
                assert_eq!(unseen(&text), Some(letter), "{text:?}");
            }
        }
        for text in ["a b", "键-Ωé", "😀", "~!@#$%^&*()_+{}[]|\\:;<>,.?/"] {
            assert_eq!(unseen(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_quote_at_either_end_is_found() {
        for text in ["\"a\"", "'a'", "“a”", "‘a’", "`a`", "\"a", "a\"", "「a」"] {
            assert!(is_quoted(text), "{text}");
        }
        assert!(!is_quoted("a\"b'c"));
    }

    #[test]
    fn a_misspelled_name_is_recognized_and_another_word_is_not() {
        let known = ["instanceId", "orderId"];
        for text in ["instanceID", "instance_id", " instanceId ", "instnaceId", "InstanceIds"] {
            assert_eq!(nearest(text, known), Some("instanceId"), "{text}");
        }
        assert_eq!(nearest("order-id", known), Some("orderId"));
        for text in ["", "order", "id", "tenantId", "canary"] {
            assert_eq!(nearest(text, known), None, "{text}");
        }
    }
}
