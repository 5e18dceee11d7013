//! What an operator learned: the lines of the log, against what the store shows.

use serde_json::Value;
use tests::log::Log;

use super::UsageSimulation;

/// How many windows the lines of a history name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AlarmCounts {
    pub rejected: usize,
    pub dropped: usize,
    pub missing: usize,
}

/// A run names so many windows, and counts the others.
const MAX_LINES: u64 = 10;

impl AlarmCounts {
    pub const fn add(&mut self, other: Self) {
        self.rejected += other.rejected;
        self.dropped += other.dropped;
        self.missing += other.missing;
    }

    fn of(log: &Log) -> Self {
        let mut counts = Self::default();
        for line in log.text().lines().filter(|line| line.contains(r#""ERROR""#)) {
            let line: Value = serde_json::from_str(line).unwrap();
            let count = usize::try_from(line["count"].as_u64().unwrap_or(1)).unwrap();
            let others = || count - usize::try_from(MAX_LINES).unwrap();
            match line["message"].as_str().unwrap() {
                "usage rejected" => counts.rejected += 1,
                "more usage rejected in this run" => counts.rejected += others(),
                "usage dropped" => counts.dropped += 1,
                "more usage dropped in this run" => counts.dropped += others(),
                "usage will miss its deadline" => counts.missing += count,
                _ => (),
            }
        }
        counts
    }
}

impl UsageSimulation {
    /// Each rejected, deleted and missing window has an ERROR. If a relay died, it may not have
    /// written its lines.
    pub(super) fn check_alarms(&self) -> AlarmCounts {
        let counts = AlarmCounts::of(&self.log);
        if self.notes.has_died {
            return counts;
        }
        let expected = &self.notes.alarms;
        assert!(counts.rejected >= expected.rejected, "invariant 27: {counts:?}, {expected:?}");
        assert!(counts.dropped >= expected.dropped, "invariant 27: {counts:?}, {expected:?}");
        assert!(counts.missing >= expected.missing, "invariant 27: {counts:?}, {expected:?}");
        if !self.dangers.store_fails && self.dangers.freezes.is_none() {
            assert_eq!(counts.rejected, expected.rejected, "invariant 27");
            assert_eq!(counts.dropped, expected.dropped, "invariant 27");
            assert!(counts.missing <= self.notes.seen.len(), "invariant 27: {counts:?}");
        }
        counts
    }
}
