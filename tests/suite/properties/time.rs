//! The parser of times agrees with a slow calendar.

use proptest::prelude::*;
use protocol::time::UnixMillis;

use super::cases;

/// The days from 1970 to a date, counted by years and months.
fn days_before(year: u64, month: usize, day: u64) -> Option<u64> {
    let leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let lengths =
        |year| [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let past_years: u64 = (1970..year).map(|year| lengths(year).iter().sum::<u64>()).sum();
    let past_months: u64 = lengths(year).iter().take(month.checked_sub(1)?).sum();
    let length = *lengths(year).get(month - 1)?;
    (1..=length).contains(&day).then(|| past_years + past_months + day - 1)
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn time_digits_are_parsed_by_the_calendar(
        year in 1970_u64..10_000,
        month in 0_usize..14,
        day in 0_u64..33,
        (hour, minute, second) in (0_u64..26, 0_u64..62, 0_u64..62),
        milli in proptest::option::of(0_u64..1_000),
    ) {
        let clock = (hour < 24 && minute < 60 && second < 60)
            .then_some(hour * 3_600 + minute * 60 + second);
        let expected = days_before(year, month, day)
            .zip(clock)
            .map(|(days, seconds)| (days * 86_400 + seconds) * 1_000 + milli.unwrap_or(0));
        let digits = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}");
        let digits = digits + &milli.map(|milli| format!("{milli:03}")).unwrap_or_default();
        prop_assert_eq!(UnixMillis::from_utc_digits(&digits).map(UnixMillis::millis), expected);
    }

    #[test]
    fn the_simulators_time_digits_are_parsed_to_the_same_time(millis in 0_u64..253_402_300_800_000) {
        let read = |digits: String| UnixMillis::from_utc_digits(&digits).map(UnixMillis::millis);
        prop_assert_eq!(read(simulator::time::to_the_millisecond(millis)), Some(millis));
        prop_assert_eq!(read(simulator::time::to_the_second(millis)), Some(millis / 1_000 * 1_000));
    }
}
