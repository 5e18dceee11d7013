//! The windows of the product, and the clock of their story.

use protocol::time::UnixMillis;

use crate::generated;

/// The times of a story that ends now. It has seven equal parts.
#[derive(Clone, Copy, Debug)]
pub struct StoryClock {
    /// The beginning, in seconds.
    begins: u64,
    /// The length of a part, in seconds.
    part: u64,
    /// How many windows are reported after their deadline.
    pub late: usize,
}

/// A window that the product reports, and what koohook must answer.
#[derive(Clone, Copy, Debug)]
pub struct MeteredWindow {
    /// The begin, in seconds.
    pub begin: u64,
    /// The end, in seconds.
    pub end: u64,
    /// The usage, in hundredths.
    pub hundredths: u64,
    /// The status, or the reason word of a rejected window.
    pub expected: &'static str,
}

impl StoryClock {
    /// Parts of 30 minutes. The first window ended two hours ago, and so it is late.
    pub fn of_hours() -> Self {
        Self::of(30 * 60, 1)
    }

    /// Parts of seven seconds. The purchase was signed less than a minute ago.
    pub fn of_seconds() -> Self {
        Self::of(7, 0)
    }

    fn of(part: u64, late: usize) -> Self {
        let now = generated::now_millis() / 1_000;
        Self { begins: now.saturating_sub(PARTS * part), part, late }
    }

    /// The beginning of a part, in seconds.
    pub const fn at(self, part: u64) -> u64 {
        self.begins + part * self.part
    }

    /// The windows before the arrears. One begins before the purchase.
    pub const fn first_windows(self) -> [MeteredWindow; 3] {
        [
            self.window([1, 3], 12_50, "accepted"),
            self.window([3, 5], 3_75, "accepted"),
            self.window([0, 1], 2_00, "begins-before-instance"),
        ]
    }

    /// One of the windows again, and a window without usage.
    pub const fn next_windows(self) -> [MeteredWindow; 2] {
        [self.window([3, 5], 3_75, "repeated"), self.window([5, 6], 0, "accepted")]
    }

    /// The windows that are reported after the release.
    pub const fn last_windows(self) -> [MeteredWindow; 2] {
        let last = self.window([6, 7], 1_50, "accepted");
        let after = MeteredWindow { expected: "ends-after-release", ..last };
        [last, MeteredWindow { begin: last.end, end: last.end + 1, ..after }]
    }

    const fn window(
        self,
        [begin, end]: [u64; 2],
        hundredths: u64,
        expected: &'static str,
    ) -> MeteredWindow {
        MeteredWindow { begin: self.at(begin), end: self.at(end), hundredths, expected }
    }
}

/// The time of a second, as the product writes it: without a fraction.
pub fn rfc3339(seconds: u64) -> String {
    UnixMillis::new(seconds * 1_000).to_rfc3339().replace(".000Z", "Z")
}

/// The time of day of a second, in UTC.
pub fn time_of_day(seconds: u64) -> String {
    let of_day = seconds % (24 * 60 * 60);
    format!("{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

/// A decimal without zeros at its end.
pub fn decimal(hundredths: u64) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const PARTS: u64 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_whole_seconds() {
        // Python's `datetime` computed the texts.
        assert_eq!(rfc3339(1_795_744_861), "2026-11-27T02:01:01Z");
        assert_eq!(time_of_day(1_795_744_861), "02:01:01");
    }

    #[test]
    fn a_decimal_has_no_zeros_at_its_end() {
        for (hundredths, text) in
            [(0, "0"), (5, "0.05"), (100, "1"), (1_250, "12.5"), (1_625, "16.25")]
        {
            assert_eq!(decimal(hundredths), text);
        }
    }

    #[test]
    fn a_story_ends_now_and_its_last_window_ends_with_it() {
        let clock = StoryClock { begins: 1_000, part: 7, late: 0 };
        let [last, after] = clock.last_windows();
        assert_eq!((last.begin, last.end), (1_042, 1_049));
        assert_eq!((after.begin, after.end), (1_049, 1_050));
        assert!(StoryClock::of_seconds().at(1) + 60 > generated::now_millis() / 1_000);
    }
}
