//! How the outcome of an attempt changes the queue.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::Outbox;
use super::attempt::{Attempt, AttemptOutcome};
use super::claim::Claim;
use super::notice_end::EndKind;
use super::retry_schedule::MAX_ASKED_PAUSE;
use crate::instance::ClockTrust;
use crate::notice::NoticeType;

/// The state of a notice after its attempt was settled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Settled {
    /// The notice is delivered.
    Delivered,
    /// It waits for its next attempt.
    Waits,
    /// It is given up and is a dead letter; an operator should check it.
    Dead,
    /// Its list may continue immediately with the next part.
    Paused,
    /// The attempt was already settled, or another attempt replaced it.
    Nothing,
}

/// The inputs of a settlement, besides the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Settling {
    /// A random number that spreads the attempts of many entities over time.
    pub chance: u16,
    /// Whether a notice may be given up because time has passed.
    pub clock: ClockTrust,
    /// The current time.
    pub now: UnixMillis,
}

impl Outbox {
    /// Settles an attempt.
    pub fn settle(
        &mut self,
        claim: &Claim,
        outcome: AttemptOutcome,
        settling: Settling,
    ) -> Settled {
        let Some(place) = self.place(claim.notice.sequence()) else { return Settled::Nothing };
        match outcome {
            AttemptOutcome::Accepted(_) => {
                self.remove_delivered(place, claim.attempt, settling.now)
            }
            // Another attempt exists or was settled, so this failure adds no information.
            AttemptOutcome::Failed { .. }
            | AttemptOutcome::Gone(_)
            | AttemptOutcome::Paused { .. }
                if !self.is_current(claim) =>
            {
                Settled::Nothing
            }
            AttemptOutcome::Failed { attempt, pause } => self.fail(place, attempt, pause, settling),
            AttemptOutcome::Gone(attempt) => self.give_up(place, attempt, settling.now),
            AttemptOutcome::Paused { part } => self.pause(part, settling.now),
        }
    }

    fn remove_delivered(&mut self, place: usize, attempts: u32, now: UnixMillis) -> Settled {
        let notice = self.waiting.remove(place);
        self.record_end(&notice, attempts, EndKind::Delivered, now);
        self.delivery = self.delivery.take().filter(|it| it.sequence != notice.sequence());
        if notice.kind.ends() {
            self.drop_before_end(place, notice.sequence(), now);
        }
        Settled::Delivered
    }

    /// Drops notices from before the end of a purchase. The product knows the end, so they are no
    /// longer useful. A replay of a dead letter would do harm.
    fn drop_before_end(&mut self, place: usize, sequence: u64, now: UnixMillis) {
        if std::mem::take(&mut self.blocked) {
            let rest = self.waiting.split_off(place);
            let before = std::mem::replace(&mut self.waiting, rest);
            let dropped = self.count_dropped(before);
            self.record_dropped(&dropped, now);
        }
        self.forget_before(sequence);
    }

    fn fail(
        &mut self,
        place: usize,
        attempt: Attempt,
        asked: Duration,
        settling: Settling,
    ) -> Settled {
        let Settling { chance, clock, now } = settling;
        let Some(delivery) = self.delivery.as_mut() else { return Settled::Nothing };
        if clock == ClockTrust::Trusted && delivery.is_over(now) {
            return self.give_up(place, attempt, now);
        }
        delivery.part = attempt.part.or(delivery.part);
        delivery.remember(attempt);
        delivery.end_claim();
        delivery.begin_pause(chance, now);
        delivery.next = delivery.next.max(now.after(asked.min(MAX_ASKED_PAUSE)));
        Settled::Waits
    }

    /// Ends a claim whose list was not sent completely.
    fn pause(&mut self, part: usize, now: UnixMillis) -> Settled {
        if let Some(delivery) = self.delivery.as_mut() {
            delivery.end_claim();
            delivery.count = delivery.count.saturating_sub(1);
            delivery.part = Some(part);
            delivery.next = now;
        }
        Settled::Paused
    }

    /// Makes a notice a dead letter. A purchase then blocks the later notices, because the product
    /// cannot use them without it.
    pub(super) fn give_up(&mut self, place: usize, attempt: Attempt, now: UnixMillis) -> Settled {
        let Some(mut delivery) = self.delivery.take() else { return Settled::Nothing };
        delivery.remember(attempt);
        delivery.end_claim();
        let notice = self.waiting.remove(place);
        self.blocked |= notice.kind == NoticeType::Created;
        self.record_end(&notice, delivery.count, EndKind::GivenUp, now);
        self.add_dead_letter(notice, delivery, now);
        Settled::Dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::NoticeDraft;
    use crate::outbox::{RELAY_CLAIM, Reader};

    const NOW: UnixMillis = UnixMillis::new(0);

    /// Settles the first attempt of a notice twice. Returns both results and the outbox afterwards.
    fn settled(outcome: &AttemptOutcome) -> ([Settled; 2], Outbox) {
        let mut outbox = Outbox::default();
        outbox.append(vec![NoticeDraft::of_time(NoticeType::Renewed)], Reader::Product, NOW);
        let claim = outbox.claim(RELAY_CLAIM, NOW).unwrap();
        let settling = Settling { chance: 0, clock: ClockTrust::Trusted, now: NOW };
        let settled = [(); 2].map(|()| outbox.settle(&claim, outcome.clone(), settling));
        (settled, outbox)
    }

    #[test]
    fn an_attempt_is_settled_only_once() {
        let attempt = Attempt::of_fault(NOW, "status is not a success".to_owned());
        let failed = AttemptOutcome::Failed { attempt: attempt.clone(), pause: Duration::ZERO };
        for (outcome, first, lengths) in [
            (AttemptOutcome::Accepted(None), Settled::Delivered, (0, 0)),
            (failed, Settled::Waits, (1, 0)),
            (AttemptOutcome::Gone(attempt), Settled::Dead, (0, 1)),
            (AttemptOutcome::Paused { part: 3 }, Settled::Paused, (1, 0)),
        ] {
            let (settled, outbox) = settled(&outcome);
            assert_eq!(settled, [first, Settled::Nothing], "{outcome:?}");
            assert_eq!((outbox.waiting.len(), outbox.dead.len()), lengths, "{outcome:?}");
        }
    }

    #[test]
    fn a_pause_that_the_product_asks_for_is_at_most_an_hour() {
        let attempt = Attempt::of_fault(NOW, "status is not a success".to_owned());
        for (asked, next) in [(0, 5_000), (4, 5_000), (60, 60_000), (86_400, 3_600_000)] {
            let pause = Duration::from_secs(asked);
            let failed = AttemptOutcome::Failed { attempt: attempt.clone(), pause };
            let (_, outbox) = settled(&failed);
            assert_eq!(outbox.due(NOW), Some(UnixMillis::new(next)), "{asked} s");
        }
    }
}
