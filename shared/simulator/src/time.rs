//! The time formats of the guides: only digits. They are in UTC, except in the bodies of the kit.
//!
//! A time is a number of milliseconds since 1970-01-01T00:00:00Z. The calendar is the proleptic
//! Gregorian one, without leap seconds. Years after 9999 do not fit the guides' forms.

/// The unit of V2's `timestamp`. The guide for mainland China requires milliseconds; the
/// international guide requires seconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TimestampUnit {
    /// 13 digits, as in the examples of both guides.
    #[default]
    Milliseconds,
    /// 10 digits.
    Seconds,
}

impl TimestampUnit {
    /// Writes a time as V2's `timestamp` and `x-timestamp`.
    #[must_use]
    pub fn text(self, millis: u64) -> String {
        match self {
            Self::Milliseconds => millis.to_string(),
            Self::Seconds => (millis / MILLIS_PER_SECOND).to_string(),
        }
    }
}

/// Writes `yyyyMMddHHmmssSSS`, 17 digits: the format of V1's `timeStamp`.
#[must_use]
pub fn to_the_millisecond(millis: u64) -> String {
    format!("{}{:03}", to_the_second(millis), millis % MILLIS_PER_SECOND)
}

/// Writes `yyyyMMddHHmmssSSS` in UTC+8, 17 digits: the format of the kit's `timeStamp` and
/// `currentSyncTime`.
#[must_use]
pub fn in_china(millis: u64) -> String {
    to_the_millisecond(millis + CHINA_AHEAD_MILLIS)
}

/// Writes `yyyyMMddHHmmss`, 14 digits: the format of `expireTime`. Milliseconds are cut off.
#[must_use]
pub fn to_the_second(millis: u64) -> String {
    let seconds = millis / MILLIS_PER_SECOND;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let (year, month, day) = civil(seconds / SECONDS_PER_DAY);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// Turns a number of days since 1970-01-01 into year, month and day.
///
/// The year begins in March, so that the leap day is its last day. The calendar repeats every 400
/// years (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_FROM_MARCH_OF_YEAR_0_TO_1970;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era + year_of_era / 100 - year_of_era / 4 - 365 * year_of_era;
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// China has the same offset all year.
const CHINA_AHEAD_MILLIS: u64 = 8 * 3_600_000;
const MILLIS_PER_SECOND: u64 = 1_000;
const SECONDS_PER_DAY: u64 = 86_400;
const DAYS_PER_ERA: u64 = 146_097;
const DAYS_FROM_MARCH_OF_YEAR_0_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::{TimestampUnit, civil, in_china, to_the_millisecond, to_the_second};

    /// The expected texts come from GNU `date -u -d @SECONDS +%Y%m%d%H%M%S`.
    #[test]
    fn known_times_are_written_as_gnu_date_writes_them() {
        let known = [
            (0, "19700101000000"),
            (68_169_600, "19720229000000"),
            (951_782_399, "20000228235959"),
            (951_782_400, "20000229000000"),
            (951_868_800, "20000301000000"),
            (1_595_835_431, "20200727073711"),
            (1_680_508_066, "20230403074746"),
            (1_709_251_199, "20240229235959"),
            (1_735_689_599, "20241231235959"),
            (4_107_542_399, "21000228235959"),
            (4_107_542_400, "21000301000000"),
            (13_574_563_200, "24000229000000"),
            (253_402_300_799, "99991231235959"),
        ];
        for (seconds, expected) in known {
            assert_eq!(to_the_second(seconds * 1_000), expected);
        }
    }

    #[test]
    fn a_timestamp_is_written_in_its_unit() {
        assert_eq!(TimestampUnit::default().text(1_680_508_066_618), "1680508066618");
        assert_eq!(TimestampUnit::Seconds.text(1_680_508_066_618), "1680508066");
    }

    #[test]
    fn milliseconds_are_written_with_three_digits() {
        assert_eq!(to_the_millisecond(1_595_835_431_903), "20200727073711903");
        assert_eq!(to_the_millisecond(1_595_835_431_007), "20200727073711007");
        assert_eq!(to_the_second(1_595_835_431_999), "20200727073711");
    }

    #[test]
    fn china_time_is_eight_hours_ahead() {
        assert_eq!(in_china(1_595_835_431_903), "20200727153711903");
        assert_eq!(in_china(1_735_689_599_999), "20250101075959999");
    }

    /// Counts the days from 1970 to 2499 with the simple leap-year rule and compares each day.
    #[test]
    fn each_day_from_1970_to_2499_has_the_right_date() {
        let mut days = 0;
        for year in 1970..2500 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for day in 1..=length {
                    assert_eq!(civil(days), (year, month, day));
                    days += 1;
                }
            }
        }
    }
}
