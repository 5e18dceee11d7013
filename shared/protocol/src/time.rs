//! Points in time, and the marketplace's time formats.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

/// A point in time: milliseconds since 1970-01-01T00:00:00 UTC.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// The earliest point in time.
    pub const EPOCH: Self = Self(0);
    /// The latest point in time.
    pub const MAX: Self = Self(u64::MAX);

    /// The point in time at this number of milliseconds after the epoch.
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// The point in time `span` later. It stops at [`Self::MAX`] instead of overflowing.
    pub fn after(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// The time from `earlier` to `self`. It is zero if `self` is not later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Reads `yyyyMMddHHmmss` or `yyyyMMddHHmmssSSS` in UTC: the marketplace's `expireTime`. `None`
    /// if the text is not a valid date and time.
    pub fn from_utc_digits(text: &str) -> Option<Self> {
        if matches!(text.len(), 14 | 17) { Self::from_time_stamp(text) } else { None }
    }

    /// Reads `yyyyMMddHHmmss` with up to six fraction digits in UTC: V1's `timeStamp`. The guide's
    /// own example has one fraction digit (decision B1). Digits after the milliseconds are cut off.
    pub fn from_time_stamp(text: &str) -> Option<Self> {
        if !is_time_stamp(text) {
            return None;
        }
        let pair = |at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
        let year = text.get(..4)?.parse().ok()?;
        let date =
            Date::from_calendar_date(year, Month::try_from(pair(4)?).ok()?, pair(6)?).ok()?;
        let milli = format!("{:0<3.3}", text.get(14..)?).parse().ok()?;
        let clock = date.with_hms_milli(pair(8)?, pair(10)?, pair(12)?, milli);
        let moment = clock.ok()?.assume_utc();
        let millis = moment.unix_timestamp_nanos() / 1_000_000;
        u64::try_from(millis).ok().map(Self)
    }

    /// Reads the same format in UTC+8: the kit's `timeStamp` and `currentSyncTime`.
    pub fn from_china_time_stamp(text: &str) -> Option<Self> {
        let utc = Self::from_time_stamp(text)?;
        utc.0.checked_sub(8 * 60 * 60 * 1_000).map(Self)
    }

    /// Reads RFC 3339 in whole seconds, with any offset. `None` if the text is not such a time, or is
    /// before 1970.
    pub fn from_rfc3339_second(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| text.is_ascii())?;
        let seconds = u64::try_from(moment.unix_timestamp()).ok()?;
        let millis = seconds.checked_mul(1_000).filter(|_| moment.nanosecond() == 0)?;
        Some(Self(millis))
    }

    /// The beginning of its second.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.0 - self.0 % 1_000)
    }

    /// Writes `yyyyMMddHHmmssSSS` in UTC: the marketplace's `statisticalTime`.
    pub fn to_utc_digits(self) -> String {
        let digits = self.to_rfc3339();
        digits.chars().filter(char::is_ascii_digit).collect()
    }

    /// Writes RFC 3339 in UTC with milliseconds. The product gets this format.
    pub fn to_rfc3339(self) -> String {
        let moment = self.moment();
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second, milli) = moment.to_hms_milli();
        let month = u8::from(month);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }

    /// Writes `yyyyMMdd'T'HHmmss'Z'`. The marketplace's API gateway expects this format.
    pub fn to_sdk_date(self) -> String {
        let moment = self.moment();
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let month = u8::from(month);
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    /// The calendar type ends with the year 9999. A later time becomes the last day of that year.
    fn moment(self) -> OffsetDateTime {
        let nanos = i128::from(self.0) * 1_000_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos)
            .unwrap_or_else(|_| Date::MAX.midnight().assume_utc())
    }
}

/// Whether a text has the shape of a `timeStamp`: 14 to 20 digits.
pub fn is_time_stamp(text: &str) -> bool {
    (14..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_date_and_time() {
        // The timeStamp of the guide's Java sample. `date -u +%s` gave the expected second.
        let read = |text| UnixMillis::from_utc_digits(text).map(UnixMillis::millis);
        assert_eq!(read("20200727073711903"), Some(1_595_835_431_903));
        assert_eq!(read("20200727073711"), Some(1_595_835_431_000));
        assert_eq!(read("20280229000000"), Some(1_835_395_200_000));
    }

    #[test]
    fn a_kit_time_stamp_is_read_in_utc_plus_8() {
        let read = |text| UnixMillis::from_china_time_stamp(text).map(UnixMillis::millis);
        assert_eq!(read("20200727153711903"), Some(1_595_835_431_903));
        assert_eq!(read("2020072715371190"), Some(1_595_835_431_900));
    }

    #[test]
    fn the_fraction_of_a_time_stamp_is_read_to_milliseconds() {
        let read = |text: &str| UnixMillis::from_time_stamp(text).map(UnixMillis::millis);
        let second = "20200727073711";
        let fractions =
            [("", 0), ("9", 900), ("90", 900), ("903", 903), ("0039", 3), ("99999", 999)];
        for (fraction, milli) in fractions.into_iter().chain([("000999", 0), ("999999", 999)]) {
            let digits = format!("{second}{fraction}");
            assert_eq!(read(&digits), Some(1_595_835_431_000 + milli), "{digits}");
            let is_expiry = matches!(fraction.len(), 0 | 3);
            assert_eq!(UnixMillis::from_utc_digits(&digits).is_some(), is_expiry, "{digits}");
        }
        for digits in ["2020072707371", &format!("{second}0000000"), &format!("{second}.9"), ""] {
            assert_eq!(read(digits), None, "{digits}");
        }
    }

    #[test]
    fn an_invalid_date_or_time_is_rejected() {
        let texts = [
            "20271301000000",
            "20270229000000",
            "20270101006000",
            "20270101000060",
            "2027010100000",
            "20270101000000Z",
            "19691231235959",
            "２0270101000000",
            "",
        ];
        for text in texts {
            assert_eq!(UnixMillis::from_utc_digits(text), None, "{text}");
            assert_eq!(UnixMillis::from_time_stamp(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_as_rfc_3339() {
        assert_eq!(UnixMillis::new(1_595_835_431_903).to_rfc3339(), "2020-07-27T07:37:11.903Z");
        assert_eq!(UnixMillis::new(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
    }

    /// Python's `datetime` computed the seconds.
    #[test]
    fn rfc_3339_is_read_in_whole_seconds() {
        let read = |text| UnixMillis::from_rfc3339_second(text).map(UnixMillis::millis);
        let second = Some(1_835_395_200_000);
        let same =
            ["2028-02-29T00:00:00Z", "2028-02-29T08:00:00+08:00", "2028-02-28T16:00:00.000-08:00"];
        for text in same {
            assert_eq!(read(text), second, "{text}");
        }
        let wrong = [
            "2028-02-29T00:00:00.5Z",
            "2027-02-29T00:00:00Z",
            "2028-02-29T00:00:00",
            "2028-02-29",
            "2028-06-30T23:59:60Z",
            "1969-12-31T23:59:59Z",
            "20280229T000000Z",
            "",
            "２028-02-29T00:00:00Z",
        ];
        for text in wrong {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_as_digits() {
        assert_eq!(UnixMillis::new(1_595_835_431_903).to_utc_digits(), "20200727073711903");
    }

    #[test]
    fn a_time_is_written_as_the_gateways_date() {
        assert_eq!(UnixMillis::new(1_595_835_431_903).to_sdk_date(), "20200727T073711Z");
        assert_eq!(UnixMillis::new(u64::MAX).to_sdk_date(), "99991231T000000Z");
    }
}
