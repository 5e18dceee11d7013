//! Reads `expireTime`: the marketplace's digits, or a time with its offset.

use protocol::time::UnixMillis;

use super::cell::is_scientific;
use crate::time_text;

/// Reads 14 or 17 digits in UTC, or RFC 3339.
///
/// # Errors
/// What is wrong with the text, then what to write.
pub fn parse(text: &str) -> Result<UnixMillis, String> {
    let found = UnixMillis::from_utc_digits(text).or_else(|| time_text::parse(text));
    found.ok_or_else(|| format!("expireTime {}; {ADVICE}", fault(text)))
}

fn fault(text: &str) -> &'static str {
    let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.len() {
        14 | 17 if are_digits => "is not a point in time",
        8 if are_digits => "is a day without a time of day",
        10 | 13 if are_digits => "is a number of seconds or milliseconds since 1970",
        _ if is_scientific(text) => "was shortened by a spreadsheet (format the column as text)",
        _ if is_decimal => "is the number that a spreadsheet stores for a date",
        _ if text.contains(['-', '/', '年']) => {
            "is a date without an offset from UTC, or in an unknown form"
        }
        _ => "is not a point in time",
    }
}

/// The advice for the error text: which forms to write.
const ADVICE: &str = "write 14 digits in UTC like 20280101000000, or a time like \
                      2028-01-01T08:00:00+08:00";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_utc_or_with_an_offset_is_read() {
        let read = |text| parse(text).map(UnixMillis::to_rfc3339);
        for text in [
            "20280101000000",
            "20280101000000000",
            "2028-01-01T00:00:00Z",
            "2028-01-01T08:00:00+08:00",
        ] {
            assert_eq!(read(text).as_deref(), Ok("2028-01-01T00:00:00.000Z"), "{text}");
        }
    }

    #[test]
    fn the_error_names_the_form_of_a_wrong_time() {
        let faults = [
            ("2028/1/1 0:00", "is a date without an offset"),
            ("2028-01-01", "is a date without an offset"),
            ("2028-01-01T00:00:00", "is a date without an offset"),
            ("2028年1月1日", "is a date without an offset"),
            ("46753", "a spreadsheet stores for a date"),
            ("46753.5", "a spreadsheet stores for a date"),
            ("2.0280101E+13", "shortened by a spreadsheet"),
            ("1830297600000", "since 1970"),
            ("1830297600", "since 1970"),
            ("20280101", "a day without a time of day"),
            ("20281301000000", "is not a point in time"),
            ("soon", "is not a point in time"),
        ];
        for (text, expected) in faults {
            let fault = parse(text).unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
            assert!(fault.contains("20280101000000"), "{text}: {fault}");
        }
    }
}
