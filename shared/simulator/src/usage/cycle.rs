//! The two billing cycles: when bills are made, and until when usage is in time.

/// The billing cycle of the products.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum BillingCycle {
    /// Bills are made at minute 15 of each hour. Usage is late two hours after its window.
    #[default]
    Hourly,
    /// Bills are made at 01:00 Beijing time. Usage of a day is late after 01:00 of the next day.
    Daily,
}

impl BillingCycle {
    /// The first time at which bills are made, at `millis` or after it.
    pub(super) const fn next_bill(self, millis: u64) -> u64 {
        let (period, offset) = match self {
            Self::Hourly => (HOUR, HOUR / 4),
            Self::Daily => (DAY, DAY - CHINA_AHEAD + HOUR),
        };
        let since_last = (millis + period - offset) % period;
        if since_last == 0 { millis } else { millis + period - since_last }
    }

    /// The last millisecond at which usage is in time. `end` is the end of its window, in seconds.
    ///
    /// The day of a window is the day of its last second.
    pub(super) const fn deadline(self, end: u64) -> u64 {
        match self {
            Self::Hourly => 1_000 * end + 2 * HOUR,
            Self::Daily => {
                let day = (1_000 * end.saturating_sub(1) + CHINA_AHEAD) / DAY;
                (day + 1) * DAY + HOUR - CHINA_AHEAD
            }
        }
    }
}

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// China has the same offset all year.
const CHINA_AHEAD: u64 = 8 * HOUR;

#[cfg(test)]
mod tests {
    use super::BillingCycle;
    use crate::usage::stamp::seconds;

    fn millis(stamp: &str) -> u64 {
        1_000 * seconds(stamp).unwrap()
    }

    #[test]
    fn hourly_bills_are_made_at_minute_15() {
        let hourly = BillingCycle::Hourly;
        for (at, bill) in [
            ("20220809T090000Z", "20220809T091500Z"),
            ("20220809T091500Z", "20220809T091500Z"),
            ("20220809T091501Z", "20220809T101500Z"),
            ("20220809T235959Z", "20220810T001500Z"),
        ] {
            assert_eq!(hourly.next_bill(millis(at)), millis(bill), "{at}");
        }
        assert_eq!(hourly.next_bill(millis("20220809T091500Z") + 1), millis("20220809T101500Z"));
    }

    /// 01:00 in Beijing is 17:00 UTC of the day before.
    #[test]
    fn daily_bills_are_made_at_one_in_beijing() {
        let daily = BillingCycle::Daily;
        for (at, bill) in [
            ("20220809T000000Z", "20220809T170000Z"),
            ("20220809T170000Z", "20220809T170000Z"),
            ("20220809T170001Z", "20220810T170000Z"),
        ] {
            assert_eq!(daily.next_bill(millis(at)), millis(bill), "{at}");
        }
    }

    #[test]
    fn usage_has_a_deadline() {
        let (hourly, daily) = (BillingCycle::Hourly, BillingCycle::Daily);
        let deadlines = [
            (hourly, "20220809T090000Z", "20220809T110000Z"),
            // 17:00 in Beijing: the deadline is 01:00 of 10 August.
            (daily, "20220809T090000Z", "20220809T170000Z"),
            // Midnight in Beijing ends 9 August.
            (daily, "20220809T160000Z", "20220809T170000Z"),
            (daily, "20220809T160001Z", "20220810T170000Z"),
        ];
        for (cycle, end, deadline) in deadlines {
            assert_eq!(cycle.deadline(seconds(end).unwrap()), millis(deadline), "{end}");
        }
    }
}
