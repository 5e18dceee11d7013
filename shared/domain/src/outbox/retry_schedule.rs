//! The retry schedule (decision E4): the pauses between attempts, and when koohook gives up.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::Outbox;
use super::attempt::Attempt;
use super::claim::RELAY_CLAIM;
use super::delivery_state::DeliveryState;

/// How long a notice is offered before it is given up. This covers a weekend.
pub const PATIENCE: Duration = Duration::from_hours(72);
/// The fewest attempts before a notice is given up. So a clock that jumps ahead cannot give a
/// notice up (decision D12).
pub const MIN_ATTEMPTS: u32 = 20;
/// The longest pause that the product may ask for (decision E4).
pub const MAX_ASKED_PAUSE: Duration = HOURLY;
/// Longer than every pause. If a stored time is further ahead, a wrong clock wrote it.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(67);

/// The pauses after the first failures; later pauses last an hour.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
];
const HOURLY: Duration = Duration::from_hours(1);

/// The length of a pause, by its number; the first has number 1. Hourly pauses get up to a tenth
/// more at random. So a product that works again does not get all attempts at the same time.
fn pause(number: u32, chance: u16) -> Duration {
    let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    PAUSES.get(place).copied().unwrap_or_else(|| {
        HOURLY.saturating_add(HOURLY / 10 * u32::from(chance) / u32::from(u16::MAX))
    })
}

impl Outbox {
    /// Ends the pause of the waiting notice, so that it may be offered immediately. A claimed
    /// notice stays claimed.
    pub fn hurry(&mut self, now: UnixMillis) {
        if let Some(delivery) = self.delivery.as_mut().filter(|it| it.claimed.is_none()) {
            delivery.hurry(now);
        }
    }

    /// Postpones a notice that cannot be offered yet because its order details are missing.
    pub fn postpone(&mut self, sequence: u64, attempt: Attempt, chance: u16, now: UnixMillis) {
        let mut delivery = self.take_delivery(sequence, now);
        delivery.remember(attempt);
        delivery.begin_pause(chance, now);
        self.delivery = Some(delivery);
    }

    /// How many times a notice was postponed before its first attempt.
    pub fn postponed(&self, sequence: u64) -> u32 {
        let waits = self.delivery_of(sequence).filter(|delivery| delivery.count == 0);
        waits.map_or(0, |delivery| delivery.pauses)
    }
}

impl DeliveryState {
    /// Ends the pause early.
    fn hurry(&mut self, at: UnixMillis) {
        if at < self.next {
            self.resume = self.resume.or(Some(self.next));
            self.next = at;
        }
    }

    /// Begins the next pause. If a new notice ended the last pause early, that pause is not used
    /// up. Otherwise many notices of one entity would move its next attempt hours away.
    pub(super) fn begin_pause(&mut self, chance: u16, now: UnixMillis) {
        let least = now.after(pause(1, chance));
        self.next = match self.resume.take() {
            Some(resume) => resume.max(least),
            None => {
                self.pauses = self.pauses.saturating_add(1);
                now.after(pause(self.pauses, chance))
            }
        };
        // One attempt is made exactly when the patience ends. Later attempts follow the pauses.
        let end = self.since.after(PATIENCE);
        if end > least {
            self.next = self.next.min(end);
        }
    }

    /// Whether to give the notice up: it was offered for long enough, and there were enough
    /// attempts.
    pub(super) fn is_over(&self, now: UnixMillis) -> bool {
        now.since(self.since) >= PATIENCE && self.count >= MIN_ATTEMPTS
    }

    /// Whether [`Self::correct_times`] changes nothing.
    pub(super) fn has_usable_times(&self, now: UnixMillis) -> bool {
        let farthest = now.after(LONGEST_PAUSE);
        [Some(self.next), Some(self.since), self.resume]
            .into_iter()
            .flatten()
            .all(|at| at <= farthest)
    }

    /// Corrects times that are further ahead than every pause, since a wrong clock wrote them.
    /// Otherwise the notice would wait for as long as that clock was ahead.
    pub(super) fn correct_times(&mut self, now: UnixMillis) {
        let farthest = now.after(LONGEST_PAUSE);
        if self.next > farthest {
            self.next = if self.claimed.is_some() { now.after(RELAY_CLAIM) } else { now };
        }
        if self.since > farthest {
            self.since = now;
        }
        self.resume = self.resume.filter(|resume| *resume <= farthest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_plus_a_tenth() {
        let seconds = |chance| [1, 2, 3, 4, 5, 6, 70].map(|number| pause(number, chance).as_secs());
        assert_eq!(seconds(0), [5, 30, 120, 600, 1_800, 3_600, 3_600]);
        assert_eq!(seconds(u16::MAX), [5, 30, 120, 600, 1_800, 3_960, 3_960]);
        assert!(pause(u32::MAX, u16::MAX) < LONGEST_PAUSE);
    }

    #[test]
    fn a_failed_early_attempt_resumes_the_interrupted_pause() {
        let mut delivery = DeliveryState::new(1, UnixMillis::new(0));
        delivery.begin_pause(0, UnixMillis::new(0));
        delivery.begin_pause(0, UnixMillis::new(5_000));
        assert_eq!((delivery.pauses, delivery.next.millis()), (2, 35_000));
        delivery.hurry(UnixMillis::new(6_000));
        assert_eq!(
            (delivery.resume, delivery.next.millis()),
            (Some(UnixMillis::new(35_000)), 6_000)
        );
        delivery.begin_pause(0, UnixMillis::new(7_000));
        assert_eq!((delivery.pauses, delivery.next.millis()), (2, 35_000));
    }

    #[test]
    fn times_that_a_wrong_clock_wrote_are_corrected() {
        let (now, ahead) = (UnixMillis::new(0), UnixMillis::new(0).after(2 * LONGEST_PAUSE));
        let mut delivery = DeliveryState::new(1, ahead);
        delivery.resume = Some(ahead);
        delivery.correct_times(now);
        assert_eq!(delivery, DeliveryState::new(1, now));
        for state in [
            DeliveryState { next: ahead, ..delivery.clone() },
            DeliveryState { since: ahead, ..delivery.clone() },
            DeliveryState { resume: Some(ahead), ..delivery.clone() },
            delivery.clone(),
        ] {
            let mut corrected = state.clone();
            corrected.correct_times(now);
            assert_eq!(state.has_usable_times(now), corrected == state, "{state:?}");
        }
        (delivery.next, delivery.claimed) = (ahead, Some(1));
        delivery.correct_times(now);
        assert_eq!(delivery.next, now.after(RELAY_CLAIM));
    }
}
