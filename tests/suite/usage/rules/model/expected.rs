//! The model: windows as numbers, and what is expected of them.

use std::collections::BTreeSet;

use domain::usage::{RecordVerdict, RejectReason};

use super::Answer;

pub const DAY: u64 = 24 * 60 * 60;

/// One accepted window. Times are in seconds, a value is in ten-thousandths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpectedWindow {
    pub begin: u64,
    pub end: u64,
    pub value: u64,
    pub package: Option<u8>,
    pub number: u32,
    pub phase: WindowPhase,
    /// The levels of lateness that may still be told.
    pub untold: BTreeSet<u8>,
    /// When the first refusal came.
    pub refused: Option<u64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WindowPhase {
    Zero,
    Waiting,
    Sent,
    Rejected,
}

impl ExpectedWindow {
    /// Applies an answer. Returns whether the window is rejected now. `now` is in milliseconds.
    pub(super) fn answer(&mut self, answer: Answer, now: u64) -> bool {
        let is_waiting = self.phase == WindowPhase::Waiting;
        let rejects = match answer {
            Answer::Sent => {
                self.phase = WindowPhase::Sent;
                return false;
            }
            Answer::Again(_) => false,
            Answer::Rejected => is_waiting,
            Answer::Refused(may_reject) if is_waiting => {
                let since = *self.refused.get_or_insert(now / 1_000);
                may_reject && now >= (since + DAY) * 1_000
            }
            Answer::Refused(_) => false,
        };
        if rejects {
            self.phase = WindowPhase::Rejected;
        }
        rejects
    }
}

/// What the model knows: the windows in the order of their acceptance, and the sum of the deleted.
#[derive(Debug, Default)]
pub struct UsageModel {
    pub windows: Vec<ExpectedWindow>,
    pub forgotten: u64,
}

impl UsageModel {
    /// What must become of a reported window. `now` is in milliseconds.
    pub fn report(
        &mut self,
        [begin, end]: [u64; 2],
        value: u64,
        package: Option<u8>,
        now: u64,
    ) -> RecordVerdict {
        let same = self.windows.iter().find(|it| (it.begin, it.end) == (begin, end));
        let meets = |it: &ExpectedWindow| (begin.max(it.begin)..end.min(it.end)).next().is_some();
        if now.saturating_sub(begin * 1_000) > (20 * DAY + 20 * 60 * 60) * 1_000 {
            return RecordVerdict::Rejected(RejectReason::TooOld);
        }
        if let Some(same) = same {
            let is_repeat = (same.value, same.package) == (value, package);
            let other = RecordVerdict::Rejected(RejectReason::OtherValue);
            return if is_repeat { RecordVerdict::Repeated } else { other };
        }
        if end * 1_000 > now + 5_000 {
            return RecordVerdict::Rejected(RejectReason::InFuture);
        }
        if self.windows.iter().any(meets) {
            return RecordVerdict::Rejected(RejectReason::Overlaps);
        }
        let is_late = value > 0 && now >= (end + 90 * 60) * 1_000;
        let untold = if is_late { BTreeSet::new() } else { BTreeSet::from([1, 2]) };
        let phase = if value == 0 { WindowPhase::Zero } else { WindowPhase::Waiting };
        let (number, refused) = (0, None);
        let new = ExpectedWindow { begin, end, value, package, number, phase, untold, refused };
        self.windows.push(new);
        RecordVerdict::Accepted { is_late }
    }

    /// The window that began at a second.
    pub fn window(&mut self, begin: u64) -> Option<&mut ExpectedWindow> {
        self.windows.iter_mut().find(|window| window.begin == begin)
    }

    /// The sum in ten-thousandths.
    pub fn sum(&self) -> u64 {
        let counted = self.windows.iter().filter(|it| it.phase != WindowPhase::Rejected);
        self.forgotten + counted.map(|it| it.value).sum::<u64>()
    }

    /// Deletes a window, as `domain` did.
    pub fn forget(&mut self, begin: u64) -> ExpectedWindow {
        let place = self.windows.iter().position(|it| it.begin == begin).unwrap();
        let gone = self.windows.remove(place);
        if matches!(gone.phase, WindowPhase::Sent | WindowPhase::Zero) {
            self.forgotten += gone.value;
        }
        gone
    }
}

impl ExpectedWindow {
    /// After how many seconds a window may be deleted.
    pub fn lasts(&self) -> u64 {
        let overlapped = self.end - self.begin + 20 * DAY + 20 * 60 * 60 + 30 * 60;
        match self.phase {
            WindowPhase::Waiting => overlapped.max(21 * DAY),
            WindowPhase::Zero | WindowPhase::Sent | WindowPhase::Rejected => overlapped,
        }
    }

    /// Notes that a level of lateness was told.
    pub fn tell(&mut self, level: u8, now: u64) {
        assert!(self.untold.contains(&level), "level {level} of {self:?} was told before");
        self.untold.retain(|untold| *untold > level);
        let after = if level == 2 { 90 } else { 60 };
        assert!(now >= (self.end + after * 60) * 1_000, "level {level} of {self:?} too early");
    }
}
