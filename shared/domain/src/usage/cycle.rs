//! When usage is late: the marketplace bills hourly or daily (decision J3).

use std::time::Duration;

use protocol::time::UnixMillis;

/// How often the marketplace collects usage (`KOOHOOK_USAGE_CYCLE`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UsageCycle {
    /// Every hour. The marketplace expects usage within two hours.
    #[default]
    Hourly,
    /// Every day. The marketplace expects usage by 01:00 Beijing time of the next day.
    Daily,
}

/// How late usage is that waits.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Lateness {
    /// Not late.
    #[default]
    InTime,
    /// An operator should look: WARN.
    Late,
    /// The usage will miss its deadline: ERROR.
    Missing,
}

impl UsageCycle {
    /// How late a window is at a time.
    pub fn lateness(self, end: UnixMillis, now: UnixMillis) -> Lateness {
        let [late, missing] = self.late_at(end);
        if now >= missing {
            Lateness::Missing
        } else if now >= late {
            Lateness::Late
        } else {
            Lateness::InTime
        }
    }

    /// Until when the marketplace expects a window.
    pub fn deadline(self, end: UnixMillis) -> UnixMillis {
        match self {
            Self::Hourly => end.after(HOURLY_DEADLINE),
            Self::Daily => next_beijing_midnight(end).after(DAILY_DEADLINE),
        }
    }

    /// When a window becomes late, and when it will miss its deadline.
    pub fn late_at(self, end: UnixMillis) -> [UnixMillis; 2] {
        match self {
            Self::Hourly => HOURLY.map(|span| end.after(span)),
            Self::Daily => DAILY.map(|span| next_beijing_midnight(end).after(span)),
        }
    }
}

/// The first midnight in Beijing at or after a time. A window that ends at midnight belongs to the
/// day that ends.
fn next_beijing_midnight(at: UnixMillis) -> UnixMillis {
    let days = at.millis().saturating_add(BEIJING_MILLIS).div_ceil(DAY_MILLIS);
    UnixMillis::new(days.saturating_mul(DAY_MILLIS).saturating_sub(BEIJING_MILLIS))
}

const HOURLY: [Duration; 2] = [Duration::from_mins(60), Duration::from_mins(90)];
const HOURLY_DEADLINE: Duration = Duration::from_hours(2);
const DAILY_DEADLINE: Duration = Duration::from_hours(1);
const DAILY: [Duration; 2] = [Duration::from_mins(15), Duration::from_mins(45)];
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;
/// Beijing is 8 hours ahead of UTC, all year.
const BEIJING_MILLIS: u64 = 8 * 60 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis::from_utc_digits(text).unwrap()
    }

    #[test]
    fn an_hourly_window_is_late_after_60_and_90_minutes() {
        let end = at("20280229130000");
        let late = |text| UsageCycle::Hourly.lateness(end, at(text));
        assert_eq!(late("20280229135959"), Lateness::InTime);
        assert_eq!(late("20280229140000"), Lateness::Late);
        assert_eq!(late("20280229142959"), Lateness::Late);
        assert_eq!(late("20280229143000"), Lateness::Missing);
    }

    #[test]
    fn the_marketplace_expects_usage_until_its_deadline() {
        let end = at("20280228160001");
        assert_eq!(UsageCycle::Hourly.deadline(end), at("20280228180001"));
        assert_eq!(UsageCycle::Daily.deadline(end), at("20280229170000"));
        assert_eq!(UsageCycle::Daily.deadline(at("20280228160000")), at("20280228170000"));
    }

    /// Midnight in Beijing is 16:00 UTC. 2028 has a 29 February.
    #[test]
    fn a_daily_window_is_late_after_a_quarter_and_three_quarters_past_midnight_in_beijing() {
        for end in ["20280228160001", "20280229013000", "20280229155959", "20280229160000"] {
            let late = |text| UsageCycle::Daily.lateness(at(end), at(text));
            assert_eq!(late("20280229161459"), Lateness::InTime, "{end}");
            assert_eq!(late("20280229161500"), Lateness::Late, "{end}");
            assert_eq!(late("20280229164500"), Lateness::Missing, "{end}");
        }
        let next = UsageCycle::Daily.lateness(at("20280229160001"), at("20280229164500"));
        assert_eq!(next, Lateness::InTime);
    }
}
