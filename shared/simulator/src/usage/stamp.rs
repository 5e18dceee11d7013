//! The time format of the open APIs: `yyyyMMdd'T'HHmmss'Z'`, in UTC.

use crate::time;

/// Parses a time. The result is a number of seconds since 1970-01-01T00:00:00Z.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = format!("{date}{clock}");
    let is_stamp = date.len() == 8 && digits.len() == 14;
    if !is_stamp || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u64>().ok();
    let days = days(part(0, 4)?, part(4, 6)?, part(6, 8)?)?;
    let seconds = 86_400 * days + 3_600 * part(8, 10)? + 60 * part(10, 12)? + part(12, 14)?;
    // A date like 30 February, or an hour like 25, is written differently.
    (time::to_the_second(1_000 * seconds) == digits).then_some(seconds)
}

/// The number of days since 1970-01-01. The year begins in March, so that the leap day is its last
/// day.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month_from_march) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let day_of_year = ((153 * month_from_march + 2) / 5 + day).checked_sub(1)?;
    let leap_days = year / 4 + year / 400 - year / 100;
    (365 * year + leap_days + day_of_year).checked_sub(DAYS_FROM_MARCH_OF_YEAR_0_TO_1970)
}

const DAYS_FROM_MARCH_OF_YEAR_0_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::seconds;

    /// The expected numbers come from GNU `date -u -d TIME +%s`.
    #[test]
    fn known_times_are_read_as_gnu_date_reads_them() {
        let known = [
            ("19700101T000000Z", 0),
            ("20000229T000000Z", 951_782_400),
            ("20220809T091000Z", 1_660_036_200),
            ("20240229T235959Z", 1_709_251_199),
            ("20241231T235959Z", 1_735_689_599),
            ("21000301T000000Z", 4_107_542_400),
        ];
        for (text, expected) in known {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        let others = [
            "",
            "20220809091000",
            "20220809T091000",
            "20220809T091000z",
            "20220809t091000Z",
            "2022-08-09T09:10:00Z",
            "20220809T0910000Z",
            "202208090T91000Z",
            "20220230T000000Z",
            "20230229T000000Z",
            "20220809T240000Z",
            "20220809T096000Z",
            "20220009T091000Z",
            "20221309T091000Z",
            "20220800T091000Z",
            "19691231T235959Z",
            "00000101T000000Z",
            "2022080９T09100Z",
        ];
        for text in others {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
