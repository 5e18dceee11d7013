//! What a waiting notice waits for, and how an operator ends its pause (decision E4).

use protocol::time::UnixMillis;

use super::LONGEST_PAUSE;
use super::Outbox;
use super::delivery_state::DeliveryState;
use crate::notice::Notice;

/// What a waiting notice waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeWait {
    /// For nothing: the relay offers it at its next run.
    Due,
    /// For the end of its own attempt.
    Attempt {
        /// The number of the attempt.
        number: u32,
    },
    /// For the end of a pause after attempts that failed.
    Pause {
        /// The number of counted attempts.
        attempts: u32,
        /// When the pause ends.
        until: UnixMillis,
    },
    /// For the order query, which failed before the first attempt.
    OrderQuery {
        /// When koohook sends the query again.
        until: UnixMillis,
    },
    /// For another notice of the entity.
    Notice {
        /// The sequence of the other notice.
        sequence: u64,
    },
    /// For the replay of the dead `instance.created`.
    DeadPurchase,
}

impl Outbox {
    /// What a notice waits for; `None` if it does not wait in the queue.
    pub fn wait_of(&self, sequence: u64, now: UnixMillis) -> Option<NoticeWait> {
        let notice = self.waiting.get(self.place(sequence)?)?;
        let running = self.delivery.as_ref().filter(|it| it.is_running(now));
        if let Some(running) = running.filter(|it| it.sequence == sequence) {
            return Some(NoticeWait::Attempt { number: running.count });
        }
        if self.blocked && !notice.kind.ends() {
            return Some(NoticeWait::DeadPurchase);
        }
        let head = self.head()?.sequence();
        let before = running.map(|it| it.sequence).filter(|_| head == sequence);
        let before = before.or(Some(head).filter(|head| *head != sequence));
        Some(match (before, self.delivery_of(sequence)) {
            (Some(sequence), _) => NoticeWait::Notice { sequence },
            (None, Some(delivery)) => delivery.pause_at(now),
            (None, None) => NoticeWait::Due,
        })
    }

    /// Whether an attempt to deliver a notice is running: its claim has not expired.
    pub fn is_attempted(&self, now: UnixMillis) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.is_running(now))
    }

    /// Ends the pause of the next notice at an operator's word. It counts no attempt, uses up no
    /// pause, and keeps the order. A notice whose attempt is running stays as it is. Returns
    /// whether there was a pause to end.
    pub fn make_due(&mut self, now: UnixMillis) -> bool {
        let Some(head) = self.head().map(Notice::sequence) else { return false };
        let pauses = self.delivery_of(head).is_some_and(|it| it.claimed.is_none() && now < it.next);
        if pauses {
            self.hurry(now);
        }
        pauses
    }
}

impl DeliveryState {
    fn is_running(&self, now: UnixMillis) -> bool {
        self.claimed.is_some() && now < self.next
    }

    fn pause_at(&self, now: UnixMillis) -> NoticeWait {
        match self.next {
            until if until <= now => NoticeWait::Due,
            // A wrong clock wrote it. The relay corrects it within a minute, and offers the notice.
            until if until > now.after(LONGEST_PAUSE) => NoticeWait::Due,
            until if self.count == 0 => NoticeWait::OrderQuery { until },
            until => NoticeWait::Pause { attempts: self.count, until },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::instance::ClockTrust;
    use crate::notice::{NoticeDraft, NoticeType};
    use crate::outbox::{Attempt, AttemptOutcome, Claim, RELAY_CLAIM, Reader, Settling};

    const NOW: UnixMillis = UnixMillis::new(1_000);

    fn outbox(kinds: &[NoticeType]) -> Outbox {
        let mut outbox = Outbox::default();
        let drafts = kinds.iter().map(|kind| NoticeDraft::of_time(*kind)).collect();
        outbox.append(drafts, Reader::Product, NOW);
        outbox
    }

    fn fail(outbox: &mut Outbox, claim: &Claim) {
        let attempt = Attempt::of_fault(NOW, "status is not a success".to_owned());
        let failed = AttemptOutcome::Failed { attempt, pause: Duration::ZERO };
        let settling = Settling { chance: 0, clock: ClockTrust::Trusted, now: NOW };
        outbox.settle(claim, failed, settling);
    }

    fn waits(outbox: &Outbox) -> Vec<NoticeWait> {
        let sequences = outbox.waiting.iter().map(Notice::sequence);
        sequences.filter_map(|sequence| outbox.wait_of(sequence, NOW)).collect()
    }

    #[test]
    fn each_notice_says_what_it_waits_for() {
        let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed]);
        let behind = NoticeWait::Notice { sequence: 1 };
        assert_eq!(waits(&outbox), [NoticeWait::Due, behind]);
        let claim = outbox.claim(RELAY_CLAIM, NOW).unwrap();
        assert_eq!(waits(&outbox), [NoticeWait::Attempt { number: 1 }, behind]);
        fail(&mut outbox, &claim);
        let until = UnixMillis::new(6_000);
        assert_eq!(waits(&outbox), [NoticeWait::Pause { attempts: 1, until }, behind]);
        outbox.claim(RELAY_CLAIM, until).unwrap();
        outbox.give_up(0, Attempt::unknown(NOW), NOW);
        assert_eq!(waits(&outbox), [NoticeWait::DeadPurchase]);
        assert!(outbox.replay(1));
        assert_eq!(waits(&outbox), [NoticeWait::Due, behind]);
        assert_eq!(outbox.wait_of(3, NOW), None);
    }

    #[test]
    fn a_replayed_notice_waits_for_the_attempt_of_a_later_one() {
        let mut outbox = outbox(&[NoticeType::Frozen, NoticeType::Thawed, NoticeType::Renewed]);
        outbox.claim(RELAY_CLAIM, NOW).unwrap();
        outbox.give_up(0, Attempt::unknown(NOW), NOW);
        outbox.claim(RELAY_CLAIM, NOW).unwrap();
        assert!(outbox.replay(1));
        let running = NoticeWait::Attempt { number: 1 };
        let [behind_running, behind_head] = [2, 1].map(|sequence| NoticeWait::Notice { sequence });
        assert_eq!(waits(&outbox), [behind_running, running, behind_head]);
    }

    #[test]
    fn a_notice_without_order_details_waits_for_the_order_query() {
        let mut outbox = outbox(&[NoticeType::Created]);
        outbox.postpone(1, Attempt::unknown(NOW), 0, NOW);
        assert_eq!(waits(&outbox), [NoticeWait::OrderQuery { until: UnixMillis::new(6_000) }]);
        assert!(outbox.make_due(NOW) && !outbox.make_due(NOW));
        assert_eq!((waits(&outbox), outbox.postponed(1)), (vec![NoticeWait::Due], 1));
    }

    #[test]
    fn only_a_pause_can_be_ended() {
        let mut outbox = outbox(&[NoticeType::Created]);
        assert!(!outbox.make_due(NOW), "it is due");
        let claim = outbox.claim(RELAY_CLAIM, NOW).unwrap();
        let before = outbox.clone();
        assert!(!outbox.make_due(NOW), "its attempt is running");
        assert_eq!(outbox, before);
        fail(&mut outbox, &claim);
        assert!(outbox.make_due(NOW));
        assert_eq!(outbox.due(NOW), Some(NOW));
        assert_eq!(outbox.claim(RELAY_CLAIM, NOW).map(|claim| claim.attempt), Some(2));
    }
}
