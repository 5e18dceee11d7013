//! Finds keys that can be guessed, whatever their length: a repeated pattern, a sequence, few different
//! characters, or typed text instead of random bytes.

/// Why a text can be guessed; `None` if no reason was found.
pub fn weakness_of_text(text: &str) -> Option<String> {
    weakness(text.as_bytes(), "characters")
}

/// Why bytes that should be random can be guessed; `None` if no reason was found.
pub fn weakness_of_bytes(bytes: &[u8]) -> Option<String> {
    let is_typed = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let typed = || is_typed.then(|| "its bytes are typed text, not random".to_owned());
    weakness(bytes, "bytes").or_else(typed)
}

fn weakness(bytes: &[u8], what: &str) -> Option<String> {
    let mut different = bytes.to_vec();
    different.sort_unstable();
    different.dedup();
    if let Some(period) = period(bytes) {
        Some(format!("the same {period} {what} repeat"))
    } else if longest_sequence(bytes) >= MAX_SEQUENCE {
        Some(format!("it has a sequence of {} {what}", longest_sequence(bytes)))
    } else if different.len() < LEAST_DIFFERENT {
        Some(format!("it has only {} different {what}", different.len()))
    } else {
        None
    }
}

/// The shortest pattern that fills a text at least twice.
fn period(bytes: &[u8]) -> Option<usize> {
    let repeats = |length: usize| {
        bytes.iter().zip(bytes.iter().skip(length)).all(|(one, other)| one == other)
    };
    (1..=bytes.len() / 2).find(|length| repeats(*length))
}

/// The length of the longest part like `aaaa`, `1234` or `dcba`.
fn longest_sequence(bytes: &[u8]) -> usize {
    let (mut longest, mut length, mut last) = (1, 1, None);
    for (one, next) in bytes.iter().zip(bytes.iter().skip(1)) {
        let step = i16::from(*next) - i16::from(*one);
        length = if step.abs() > 1 {
            1
        } else if last == Some(step) {
            length + 1
        } else {
            2
        };
        last = Some(step);
        longest = longest.max(length);
    }
    longest
}

/// The shortest sequence that makes a key weak. Random digits have one in every 10 million keys.
const MAX_SEQUENCE: usize = 8;
/// The fewest different characters. 16 random digits have fewer in 1 of 200 keys, 16 random hexadecimal
/// digits in 1 of 100,000.
const LEAST_DIFFERENT: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_sequences_and_few_characters_are_weak() {
        for (text, expected) in [
            ("abcabcabcabcabcabc", "the same 3 characters repeat"),
            ("k0oh0ok-k0oh0ok-", "the same 8 characters repeat"),
            ("11111111-2222-3333-4444-555555555555", "it has a sequence of 12 characters"),
            ("x7-abcdefgh-q2-0z", "it has a sequence of 8 characters"),
            ("x7-87654321-q2-0z", "it has a sequence of 8 characters"),
            ("abacbabcacbbacabcb", "it has only 3 different characters"),
        ] {
            assert_eq!(weakness_of_text(text).as_deref(), Some(expected), "{text}");
        }
    }

    /// Keys that Python's `secrets` and `uuid` made.
    #[test]
    fn random_keys_are_not_weak() {
        for text in [
            "0c9f8e52-6a1b-4f8e-9d57-3b2a6c417e90",
            "e7d3b1906fa2c845",
            "9402751836607194",
            "Zk3vQ9tYx1mWb7Lc",
        ] {
            assert_eq!(weakness_of_text(text), None, "{text}");
        }
    }

    #[test]
    fn typed_bytes_are_weak() {
        let typed = b"koohook's seal key of Nov. 2026!";
        assert_eq!(
            weakness_of_bytes(typed).as_deref(),
            Some("its bytes are typed text, not random")
        );
        let random = b"\x8f\x02\xd9\x7a\x31\xee\x10\x5c\xb4\x68\x93\x0f\xc7\x2d\xa1\x56";
        assert_eq!(weakness_of_bytes(random), None);
        assert_eq!(weakness_of_bytes(&[7; 32]).as_deref(), Some("the same 1 bytes repeat"));
    }
}
