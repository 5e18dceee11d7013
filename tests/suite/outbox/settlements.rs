//! How the model claims notices and settles their attempts.

use std::time::Duration;

use domain::notice::NoticeType;
use domain::outbox::{AttemptOutcome, Settled};

use super::model::{Ending, Known, KnownClaim, ModelledOutbox, Outcome};
use super::{HOUR, LASTING, PATIENCE, PAUSES, SECOND, at, attempt, ends, failed};

impl ModelledOutbox {
    pub(super) fn claim(&mut self) {
        let expected = self.waiting().into_iter().find(|sequence| {
            let Known { kind, .. } = self.known[sequence];
            !self.blocked || ends(kind)
        });
        let Some(claim) = self.outbox.claim(Duration::from_millis(LASTING), self.at()) else {
            return;
        };
        let sequence = claim.notice.sequence();
        assert_eq!(Some(sequence), expected, "the first waiting notice is offered");
        for known in &self.claims {
            let done = self.known[&known.claim.notice.sequence()].outcome == Outcome::Delivered;
            assert!(
                known.settled || done || known.until <= self.now,
                "two notices are offered concurrently"
            );
        }
        // An expired claim stays expired, even if the clock is set back.
        self.claims.iter_mut().for_each(|known| known.until = 0);
        self.known.get_mut(&sequence).unwrap().offered = true;
        let tried = self.tried.entry(sequence).or_default();
        if tried.count == 0 {
            // The time before the first attempt does not count.
            (tried.since, tried.pauses, tried.resume) = (self.now, 0, None);
        }
        let ran_out = tried.current.is_some_and(|place| !self.claims[place].settled);
        tried.pauses += usize::from(ran_out);
        tried.count += 1;
        tried.current = Some(self.claims.len());
        assert_eq!(usize::try_from(claim.attempt).unwrap(), tried.count);
        self.claims.push(KnownClaim { claim, until: self.now + LASTING, settled: false });
        // If an earlier notice is offered first, the attempts of this notice are counted from 0
        // again.
        self.tried.retain(|of, _| *of == sequence);
    }

    pub(super) fn settle(&mut self, place: usize, ending: Ending) {
        let KnownClaim { claim, settled, .. } = self.claims[place].clone();
        let sequence = claim.notice.sequence();
        let waits = self.known[&sequence].outcome == Outcome::Waiting;
        let tried = self.tried.get(&sequence).copied().unwrap_or_default();
        let is_current = waits && tried.current == Some(place) && !settled;
        let offered = match ending {
            Ending::Delivered => AttemptOutcome::Accepted(None),
            Ending::Failed => failed(attempt(self.now)),
            Ending::Gone => AttemptOutcome::Gone(attempt(self.now)),
            Ending::Paused => AttemptOutcome::Paused { part: 1 },
        };
        let outcome = self.outbox.settle(&claim, offered, at(self.now, u16::MAX));
        let is_over = self.now.saturating_sub(tried.since) >= PATIENCE && tried.count >= 20;
        let expected = match ending {
            Ending::Delivered if waits => Settled::Delivered,
            Ending::Failed if is_current && !is_over => Settled::Waits,
            Ending::Paused if is_current => Settled::Paused,
            Ending::Failed | Ending::Gone if is_current => Settled::Dead,
            _ => Settled::Nothing,
        };
        assert_eq!(outcome, expected, "attempt {place} of {sequence}");
        match expected {
            Settled::Delivered => self.delivered(sequence),
            Settled::Waits => self.expect_pause(sequence),
            Settled::Dead => self.given_up(sequence),
            Settled::Paused => self.paused(sequence),
            Settled::Nothing => return,
        }
        self.claims[place].settled = true;
    }

    /// A pause between parts is neither an attempt nor a failure. The next part may follow
    /// immediately.
    pub(super) fn paused(&mut self, sequence: u64) {
        let tried = self.tried.get_mut(&sequence).unwrap();
        tried.count -= 1;
        tried.current = None;
        tried.next = self.now;
        let trial = self.outbox.delivery.as_ref().unwrap();
        assert_eq!((trial.next.millis(), trial.claimed), (self.now, None));
    }

    pub(super) fn expect_pause(&mut self, sequence: u64) {
        let tried = self.tried.get_mut(&sequence).unwrap();
        let next = match tried.resume.take() {
            Some(resume) => resume.max(self.now + PAUSES[0] * SECOND),
            None => {
                tried.pauses += 1;
                let pause = PAUSES.get(tried.pauses - 1);
                self.now + pause.map_or(HOUR + HOUR / 10, |pause| pause * SECOND)
            }
        };
        let end = tried.since + PATIENCE;
        tried.next = if end > self.now + PAUSES[0] * SECOND { next.min(end) } else { next };
        let trial = self.outbox.delivery.as_ref().unwrap();
        assert_eq!(trial.next.millis(), tried.next, "after {} attempts", tried.count);
    }

    pub(super) fn delivered(&mut self, sequence: u64) {
        self.set(&[sequence], Outcome::Delivered);
        self.tried.remove(&sequence);
        if !ends(self.known[&sequence].kind) {
            return;
        }
        for (earlier, known) in self.known.range_mut(..sequence) {
            match known.outcome {
                Outcome::Waiting if self.blocked && *earlier < sequence => {
                    known.outcome = Outcome::Dropped
                }
                Outcome::Dead => known.outcome = Outcome::Forgotten,
                _ => (),
            }
        }
        self.blocked = false;
    }

    pub(super) fn given_up(&mut self, sequence: u64) {
        self.set(&[sequence], Outcome::Dead);
        self.tried.remove(&sequence);
        self.blocked |= self.known[&sequence].kind == NoticeType::Created;
        let kept: Vec<_> = self.outbox.dead.iter().map(|it| it.notice.sequence()).collect();
        let dead = self.known.iter_mut().filter(|(_, known)| known.outcome == Outcome::Dead);
        for (sequence, known) in dead.filter(|(sequence, _)| !kept.contains(sequence)) {
            let purchases = self.outbox.dead.iter();
            let only = purchases.map(|it| it.notice.kind).all(|kind| kind == NoticeType::Created);
            assert!(
                known.kind != NoticeType::Created || only,
                "purchase {sequence} is a dead letter and blocks notices, but was forgotten"
            );
            known.outcome = Outcome::Forgotten;
        }
    }
}
