//! Times for people: in the time zone of this machine, and as spans of time.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SpanRelativeTo, Timestamp};
use protocol::time::UnixMillis;

/// The time in the zone of this machine (`TZ`, else the system's), for example
/// `2026-11-26 21:40:03 +08:00`.
pub fn local_time(at: UnixMillis) -> String {
    time_in(TimeZone::system(), at)
}

/// How long ago a time is, or how far ahead: `2 h 5 min ago`, `in 30 s`.
pub fn age(at: UnixMillis, now: UnixMillis) -> String {
    if at > now {
        format!("in {}", span_text(at.since(now)))
    } else {
        format!("{} ago", span_text(now.since(at)))
    }
}

/// The two largest units of a span: `3 d 4 h`, `2 h 5 min`, `30 s`.
pub fn span_text(span: Duration) -> String {
    let seconds = span.as_secs();
    let [minutes, hours, days] = [60, 3_600, 86_400].map(|unit| seconds / unit);
    let (large, small) = match (days, hours, minutes) {
        (0, 0, 0) => return format!("{seconds} s"),
        (0, 0, minutes) => (format!("{minutes} min"), (seconds % 60, "s")),
        (0, hours, minutes) => (format!("{hours} h"), (minutes % 60, "min")),
        (days, hours, _) => (format!("{days} d"), (hours % 24, "h")),
    };
    match small {
        (0, _) => large,
        (count, unit) => format!("{large} {count} {unit}"),
    }
}

/// Reads a span of time, as `1h`, `90 min`, `2 d` or `1h 30m`. A day has 24 hours.
///
/// # Errors
/// If the text has another form, or is negative. The error gives examples.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let fault = || "not a span of time; write one like 30s, 15m, 1h, 1h30m or 2d".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| fault())?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| fault())?;
    Duration::try_from(span).map_err(|_| fault())
}

/// A time that the calendar does not have is written in UTC.
fn time_in(zone: TimeZone, at: UnixMillis) -> String {
    let millis = i64::try_from(at.millis()).ok();
    match millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()) {
        Some(at) => at.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
        None => at.to_rfc3339(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_text::parse_since;

    /// `TZ=Asia/Shanghai date -d @1795700403` and `TZ=America/New_York …` gave the texts.
    #[test]
    fn times_have_the_offset_of_their_zone() {
        let at = UnixMillis::new(1_795_700_403_999);
        for (zone, expected) in [
            ("Asia/Shanghai", "2026-11-26 21:40:03 +08:00"),
            ("America/New_York", "2026-11-26 08:40:03 -05:00"),
            ("UTC", "2026-11-26 13:40:03 +00:00"),
        ] {
            let text = time_in(TimeZone::get(zone).unwrap(), at);
            assert_eq!(text, expected);
            assert_eq!(parse_since(&text), Ok(UnixMillis::new(1_795_700_403_000)), "{text}");
        }
        assert!(time_in(TimeZone::UTC, UnixMillis::MAX).starts_with("9999-12-31"));
    }

    #[test]
    fn spans_have_at_most_two_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (7_500, "2 h 5 min"),
            (86_399, "23 h 59 min"),
            (86_400, "1 d"),
            (100_000, "1 d 3 h"),
        ] {
            assert_eq!(span_text(Duration::from_secs(seconds)), expected);
        }
        let at = UnixMillis::new;
        assert_eq!(age(at(0), at(5_000)), "5 s ago");
        assert_eq!(age(at(65_000), at(5_000)), "in 1 min");
    }

    #[test]
    fn a_span_is_read_with_its_unit() {
        for (text, seconds) in
            [("1h", 3_600), ("90 min", 5_400), ("1h30m", 5_400), ("2d", 172_800), ("15s", 15)]
        {
            assert_eq!(parse_span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "1", "h", "-1h", "1 fortnight", "2026-11-26"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }
}
