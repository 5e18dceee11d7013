//! The permission to offer a notice for a limited time. It exists as soon as it is in the record.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::Outbox;
use super::delivery_state::DeliveryState;
use crate::notice::Notice;

/// The permission to offer a notice until the claim expires.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The notice.
    pub notice: Notice,
    /// The number of this attempt.
    pub attempt: u32,
    /// The part of a list to send first: a long list is delivered in several attempts.
    pub part: usize,
    /// The number of this claim.
    pub(super) number: u32,
    /// When the first attempt began. A replay of a dead letter starts again from its first attempt.
    pub(super) since: UnixMillis,
}

/// How long a claim of the relay lasts. The relay starts no message that may end after its claim.
pub const RELAY_CLAIM: Duration = Duration::from_secs(15);

impl Outbox {
    /// Claims the notice that may be offered now; `None` if no notice may be offered.
    pub fn claim(&mut self, lasting: Duration, now: UnixMillis) -> Option<Claim> {
        let notice = self.ready(now)?.clone();
        let mut delivery = self.take_delivery(notice.sequence(), now);
        delivery.begin_attempt(lasting, now);
        self.offered = self.offered.max(delivery.sequence);
        let DeliveryState { since, count: attempt, claims: number, .. } = delivery;
        let part = delivery.next_part();
        self.delivery = Some(delivery);
        Some(Claim { notice, attempt, part, number, since })
    }

    /// Whether a claim still exists: it was neither settled nor replaced after it expired.
    pub(super) fn is_current(&self, claim: &Claim) -> bool {
        let delivery = self.delivery_of(claim.notice.sequence());
        delivery.is_some_and(|it| it.claimed == Some(claim.number) && it.since == claim.since)
    }
}

impl DeliveryState {
    fn begin_attempt(&mut self, lasting: Duration, now: UnixMillis) {
        if self.count == 0 {
            // Earlier pauses waited for the order query and were not attempts to reach the product.
            (self.since, self.pauses, self.resume) = (now, 0, None);
        }
        if self.claimed.is_some() {
            self.remember(self.unknown_attempt(now));
            self.pauses = self.pauses.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.claims = self.claims.max(self.count).saturating_add(1);
        (self.claimed, self.began) = (Some(self.claims), Some(now));
        self.next = now.after(lasting);
    }

    /// The part of a list to send next: the part that failed, or the first part.
    fn next_part(&self) -> usize {
        let failed_at = self.attempts.iter().filter_map(|attempt| attempt.part).max();
        self.part.or(failed_at).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{NoticeDraft, NoticeType};
    use crate::outbox::{Attempt, OUTCOME_UNKNOWN, Reader};

    #[test]
    fn a_notice_can_be_claimed_again_after_its_claim_expires() {
        let mut outbox = Outbox::default();
        let now = UnixMillis::new(0);
        let drafts = vec![NoticeDraft::of_time(NoticeType::Renewed)];
        outbox.append(drafts, Reader::Product, now);
        let first = outbox.claim(RELAY_CLAIM, now).unwrap();
        assert!(outbox.is_current(&first));
        assert_eq!(outbox.claim(RELAY_CLAIM, UnixMillis::new(14_999)), None);
        let second = outbox.claim(RELAY_CLAIM, UnixMillis::new(15_000)).unwrap();
        assert!(outbox.is_current(&second) && !outbox.is_current(&first));
        assert_eq!((first.attempt, second.attempt), (1, 2));
        let kept = &outbox.delivery.unwrap().attempts;
        let expected = Attempt::of_fault(now, OUTCOME_UNKNOWN.to_owned());
        assert_eq!(*kept, [expected], "its time is when it began");
    }
}
