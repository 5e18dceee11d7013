//! A window of time in which usage was counted.

use std::time::Duration;

use protocol::digest;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use crate::uuid_v5;

/// A window of time, in whole seconds. The end does not belong to it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UsageWindow {
    begin: UnixMillis,
    end: UnixMillis,
}

impl UsageWindow {
    /// A window; `None` if it does not begin before it ends, is longer than 24 hours, or is not
    /// in whole seconds.
    pub fn new(begin: UnixMillis, end: UnixMillis) -> Option<Self> {
        let is_whole = |at: UnixMillis| at.millis().is_multiple_of(1_000);
        let fits = is_whole(begin) && is_whole(end) && begin < end && end.since(begin) <= MAX_LEN;
        fits.then_some(Self { begin, end })
    }

    /// When it begins.
    pub const fn begin(self) -> UnixMillis {
        self.begin
    }

    /// When it ends.
    pub const fn end(self) -> UnixMillis {
        self.end
    }

    /// Whether two windows share a second.
    pub fn overlaps(self, other: Self) -> bool {
        self.begin < other.end && other.begin < self.end
    }

    /// The marketplace's `metering_sn`: the unique ID of one sending of this window of an instance.
    /// `number` counts the sendings that an operator requested. It must never change for a record
    /// that was sent.
    pub fn metering_sn(self, instance: &InstanceId, number: u32) -> String {
        let [begin, end] = [self.begin, self.end].map(|at| (at.millis() / 1_000).to_string());
        let name = [instance.as_str(), &begin, &end, &number.to_string()];
        uuid_v5::of(NAMESPACE, &digest::length_prefixed(&name)).to_string()
    }
}

/// The longest window (decision J1).
const MAX_LEN: Duration = Duration::from_hours(24);

/// The UUID namespace of derived `metering_sn`s. With another namespace, the marketplace would see a
/// repeated record as a new one.
const NAMESPACE: [u8; 16] = *b"koohook.metering";

#[cfg(test)]
mod tests {
    use super::*;

    fn window(begin: u64, end: u64) -> Option<UsageWindow> {
        UsageWindow::new(UnixMillis::new(begin), UnixMillis::new(end))
    }

    #[test]
    fn a_window_has_one_second_to_a_day_in_whole_seconds() {
        let day = 24 * 60 * 60 * 1_000;
        assert!(window(5_000, 6_000).is_some() && window(5_000, 5_000 + day).is_some());
        for (begin, end) in [(5_000, 5_000), (6_000, 5_000), (5_000, 6_001), (5_001, 6_000)] {
            assert_eq!(window(begin, end), None, "{begin} {end}");
        }
        assert_eq!(window(5_000, 6_000 + day), None);
    }

    /// Python computed the ID: `uuid.uuid5(NAMESPACE, bytes)` over the length-prefixed parts
    /// `i-1`, `1795000000`, `1795003600`, `0`.
    #[test]
    fn the_id_of_a_sending_does_not_change() {
        let window = window(1_795_000_000_000, 1_795_003_600_000).unwrap();
        let sn = |id: &str, number| window.metering_sn(&InstanceId::parse(id).unwrap(), number);
        assert_eq!(sn("i-1", 0), "d8b0b8c1-14c7-56a0-b4ff-e7cbb44d454e");
        assert_eq!(sn("i-1", 1), "26188a93-46d6-57c7-a1a4-cb5bf3d08a16");
        assert_ne!(sn("i-2", 0), sn("i-1", 0));
    }
}
