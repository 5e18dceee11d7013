//! The stored state of the attempts to deliver one notice.

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::attempt::Attempt;
use super::{Outbox, is_zero};

/// The attempts so far to deliver one notice.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DeliveryState {
    /// The sequence of the notice.
    pub sequence: u64,
    /// When the first attempt began.
    pub since: UnixMillis,
    /// The number of counted attempts.
    pub count: u32,
    /// The number of pauses of the retry schedule that are used up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pauses: u32,
    /// The planned end of the current pause, if a new notice made the pause shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<UnixMillis>,
    /// The last attempts that failed.
    pub attempts: Vec<Attempt>,
    /// When the next attempt may start: after the pause, or when the claim expires.
    pub next: UnixMillis,
    /// The number of claims. A paused attempt is claimed again but is not counted as an attempt.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub claims: u32,
    /// The number of the current claim, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<u32>,
    /// When the current claim was written. Records of older versions do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<UnixMillis>,
    /// The part of a list to send next; the first part has number 1. Earlier parts are delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
}

/// The most attempts that are kept for one notice.
pub const MAX_ATTEMPTS: usize = 8;

impl DeliveryState {
    /// The state of a notice that was never offered.
    pub(super) const fn new(sequence: u64, now: UnixMillis) -> Self {
        Self {
            sequence,
            since: now,
            count: 0,
            pauses: 0,
            resume: None,
            attempts: Vec::new(),
            next: now,
            claims: 0,
            claimed: None,
            began: None,
            part: None,
        }
    }

    /// Adds an attempt, and deletes the oldest one if there is no room.
    pub(super) fn remember(&mut self, attempt: Attempt) {
        if self.attempts.len() == MAX_ATTEMPTS {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }
}

impl DeliveryState {
    /// Ends the current claim.
    pub(super) const fn end_claim(&mut self) {
        (self.claimed, self.began) = (None, None);
    }

    /// The current attempt, if it was never settled.
    pub(super) fn unknown_attempt(&self, now: UnixMillis) -> Attempt {
        // A wrong clock may have written a time in the future.
        Attempt::unknown(self.began.map_or(now, |began| began.min(now)))
    }
}

impl Outbox {
    /// Removes and returns the state of a notice; a new state if there is none.
    pub(super) fn take_delivery(&mut self, sequence: u64, now: UnixMillis) -> DeliveryState {
        let existing = self.delivery.take().filter(|delivery| delivery.sequence == sequence);
        let new = DeliveryState { claims: self.claims, ..DeliveryState::new(sequence, now) };
        existing.unwrap_or(new)
    }

    pub(super) fn delivery_of(&self, sequence: u64) -> Option<&DeliveryState> {
        self.delivery.as_ref().filter(|delivery| delivery.sequence == sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_eight_attempts_are_kept() {
        let mut delivery = DeliveryState::new(1, UnixMillis::EPOCH);
        for number in 1..=10 {
            delivery.remember(Attempt::of_fault(UnixMillis::new(number), String::new()));
        }
        let kept: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.at.millis()).collect();
        assert_eq!(kept, [3, 4, 5, 6, 7, 8, 9, 10]);
    }
}
