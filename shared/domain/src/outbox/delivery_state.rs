//! What is kept of the attempts to deliver one notice.

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
    /// How often the notice was offered.
    pub count: u32,
    /// How many of the pauses between attempts it has had.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pauses: u32,
    /// When the current pause would have ended, if a new notice cut it short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<UnixMillis>,
    /// The last attempts.
    pub attempts: Vec<Attempt>,
    /// When the next attempt may begin: after the pause, or when the claim expires.
    pub next: UnixMillis,
    /// How often the notice was claimed. A paused attempt is claimed again, but not counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub claims: u32,
    /// The number of the claim that exists now, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<u32>,
    /// Which part of a list is sent next, 1 being the first. The parts before it are delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
}

/// How many attempts are kept of a notice.
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
            part: None,
        }
    }

    /// Keeps an attempt; the oldest makes room for it.
    pub(super) fn remember(&mut self, attempt: Attempt) {
        if self.attempts.len() == MAX_ATTEMPTS {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }
}

impl Outbox {
    /// Takes the state of a notice out; a new one if there is none.
    pub(super) fn take_delivery(&mut self, sequence: u64, now: UnixMillis) -> DeliveryState {
        let existing = self.delivery.take().filter(|delivery| delivery.sequence == sequence);
        existing.unwrap_or(DeliveryState::new(sequence, now))
    }

    pub(super) fn delivery_of(&self, sequence: u64) -> Option<&DeliveryState> {
        self.delivery.as_ref().filter(|delivery| delivery.sequence == sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempts_are_kept() {
        let mut delivery = DeliveryState::new(1, UnixMillis::EPOCH);
        for number in 1..=10 {
            delivery.remember(Attempt::of_fault(UnixMillis::new(number), String::new()));
        }
        let kept: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.at.millis()).collect();
        assert_eq!(kept, [3, 4, 5, 6, 7, 8, 9, 10]);
    }
}
