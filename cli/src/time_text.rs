//! Reads times as people write them: RFC 3339, or a day or a time in the time zone of this machine.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use protocol::time::UnixMillis;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::local_time::local_time;
use crate::output::errln;

/// Reads RFC 3339: a date, and a time with its offset from UTC. The seconds and the offset's minutes may
/// be left out. A time without an offset is `None`, because it is not one point in time.
pub fn parse(text: &str) -> Option<UnixMillis> {
    let (date, rest) = text.split_at_checked(10)?;
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match clock.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, "Z".to_owned()),
        None => split_offset(clock)?,
    };
    // `date` and koohook's own tables write a space before the offset.
    let clock = clock.strip_suffix(' ').unwrap_or(clock);
    let seconds = if clock.len() == "00:00".len() { ":00" } else { "" };
    let moment = OffsetDateTime::parse(&format!("{date}T{clock}{seconds}{offset}"), &Rfc3339);
    let millis = moment.ok()?.unix_timestamp_nanos() / 1_000_000;
    u64::try_from(millis).ok().map(UnixMillis::new)
}

/// Splits `08:00+0800` into the clock and `+08:00`.
fn split_offset(text: &str) -> Option<(&str, String)> {
    let (clock, offset) = text.split_at_checked(text.rfind(['+', '-'])?)?;
    let (sign, digits) = offset.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = match minutes.strip_prefix(':').unwrap_or(minutes) {
        "" if minutes.is_empty() => "00",
        minutes => minutes,
    };
    Some((clock, format!("{sign}{hours}:{minutes}")))
}

/// Reads a time, or a day, as `2026-11-01`. Without an offset it is in the time zone of this machine
/// (`TZ`, else the system's), as koohook's tables print times. The marketplace's digits are in UTC.
/// If the text is a day, prints on the standard error which time it means.
///
/// # Errors
/// If the text has another form. The error lists the known forms.
pub fn parse_since(text: &str) -> Result<UnixMillis, String> {
    let found = parse(text).or_else(|| UnixMillis::from_utc_digits(text));
    if let Some(found) = found {
        return Ok(found);
    }
    let found = parse_local(TimeZone::system(), text).ok_or_else(|| UNKNOWN.to_owned())?;
    if text.len() <= "2026-11-01".len() {
        errln!("koohook: {text} means {}", local_time(found));
    }
    Ok(found)
}

/// Reads a day, or a day and a time, without an offset.
fn parse_local(zone: TimeZone, text: &str) -> Option<UnixMillis> {
    let is_of = |letter: char| letter.is_ascii_digit() || "-: T.".contains(letter);
    let is_day = text.len() == 8 && text.chars().all(|letter| letter.is_ascii_digit());
    let (date, clock) = if is_day { (text, "") } else { text.split_at_checked(10)? };
    let has_form = is_day || date.matches('-').count() == 2 && !clock.contains('-');
    if !has_form || !text.chars().all(is_of) {
        return None;
    }
    let local: DateTime = text.parse().ok()?;
    let at = zone.to_timestamp(local).ok()?.as_millisecond();
    u64::try_from(at).ok().map(UnixMillis::new)
}

const UNKNOWN: &str = "not a point in time; write a day like 2026-11-01 or a time like \
     2026-11-01T16:00 in this machine's time zone, or a time with its offset from UTC like \
     2026-11-01T08:00:00Z or 2026-11-01T16:00:00+08:00";

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-26T00:00:00Z, by `date -u -d 2026-11-26 +%s`.
    const MIDNIGHT: u64 = 1_795_651_200_000;

    #[test]
    fn the_offset_changes_the_time() {
        let same = [
            "2026-11-26T00:00:00Z",
            "2026-11-26t00:00:00z",
            "2026-11-26 00:00:00Z",
            "2026-11-26T00:00Z",
            "2026-11-26T00:00:00.000Z",
            "2026-11-26T08:00:00+08:00",
            "2026-11-26 08:00:00 +08:00",
            "2026-11-26T08:00+08:00",
            "2026-11-26T08:00+0800",
            "2026-11-26T08:00+08",
            "2026-11-25T19:00:00-05:00",
            "2026-11-26T05:45:00+05:45",
            "2026-11-26T00:00:00-00:00",
        ];
        for text in same {
            assert_eq!(parse(text), Some(UnixMillis::new(MIDNIGHT)), "{text}");
            assert_eq!(parse_since(text), Ok(UnixMillis::new(MIDNIGHT)), "{text}");
        }
        for text in ["20261126000000", "20261126000000000"] {
            assert_eq!(parse_since(text), Ok(UnixMillis::new(MIDNIGHT)), "{text}");
        }
    }

    /// `TZ=Asia/Shanghai date -d '2026-11-26 08:00' +%s` and the like gave the times.
    #[test]
    fn a_day_or_a_time_without_an_offset_is_in_the_zone_of_the_machine() {
        for (zone, text, seconds) in [
            ("UTC", "2026-11-26", 1_795_651_200),
            ("Asia/Shanghai", "2026-11-26", 1_795_622_400),
            ("Asia/Shanghai", "20261126", 1_795_622_400),
            ("Asia/Shanghai", "2026-11-26 08:00", 1_795_651_200),
            ("Asia/Shanghai", "2026-11-26T08:00:00", 1_795_651_200),
            ("Asia/Shanghai", "2026-11-26T08:00:00.5", 1_795_651_200),
            ("America/New_York", "2026-11-26", 1_795_669_200),
        ] {
            let found = parse_local(TimeZone::get(zone).unwrap(), text);
            assert_eq!(found.map(|at| at.millis() / 1_000), Some(seconds), "{zone} {text}");
        }
    }

    #[test]
    fn a_text_that_is_not_one_point_in_time_is_rejected() {
        let texts = [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "2026-11-01T25:00",
            "2026-11-01T25:00:00Z",
            "2026-11-26T08:00:00+8",
            "2026-11-26T08:00:00+8:00",
            "2026-11-26T08:00:00+08:",
            "2026-11-26T08:00:00+080",
            "2026-11-26T08:00:00+99:00",
            "2026-11-26T08:00:00 CST",
            "2026-11-26T08:00:00+08:00Z",
            "2026-11-26T08Z",
            "26-11-2026",
            "2026/11/26",
            "1795651200",
            "1795651200000",
            "1969-12-31T00:00:00Z",
            "２026-11-26",
        ];
        for text in texts {
            assert!(parse_since(text).is_err(), "{text}");
        }
    }
}
