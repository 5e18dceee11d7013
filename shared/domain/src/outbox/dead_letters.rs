//! Dead letters: notices that were given up. An operator reads them and can replay them.

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::Outbox;
use super::delivery_state::DeliveryState;
use crate::notice::{Notice, NoticeType};

/// A notice that was given up.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The notice that was offered.
    pub notice: Notice,
    /// The attempts to deliver it.
    #[serde(rename = "trial")]
    pub delivery: DeliveryState,
    /// When it was given up.
    pub at: UnixMillis,
}

/// The most dead letters that an entity keeps.
pub const MAX_DEAD: usize = 16;
/// The longest total of an entity's dead letters, in bytes. It leaves room for the rest of the
/// record.
pub const MAX_DEAD_LEN: usize = 64 * 1024;

impl Outbox {
    /// Puts a dead letter back in its place in the queue, with the same ID. Returns `false` if
    /// there is no dead letter with this sequence.
    pub fn replay(&mut self, sequence: u64) -> bool {
        let place = self.dead.iter().position(|dead| dead.notice.sequence() == sequence);
        let Some(place) = place else { return false };
        let DeadLetter { notice, delivery, .. } = self.dead.remove(place);
        self.claims = self.claims.max(delivery.claims);
        if notice.kind == NoticeType::Created {
            self.blocked = false;
        }
        let later = self.waiting.iter().position(|notice| notice.sequence() > sequence);
        self.waiting.insert(later.unwrap_or(self.waiting.len()), notice);
        true
    }

    /// Stores a dead letter, and deletes older ones if there is no room.
    pub(super) fn add_dead_letter(
        &mut self,
        notice: Notice,
        delivery: DeliveryState,
        at: UnixMillis,
    ) {
        self.dead.push(DeadLetter { notice, delivery, at });
        while self.dead.len() > MAX_DEAD || self.dead_len() > MAX_DEAD_LEN {
            // A purchase blocks all other notices, so its dead letter is deleted last.
            let older = self.dead.iter().position(|dead| dead.notice.kind != NoticeType::Created);
            self.dead.remove(older.unwrap_or_default());
            self.count_forgotten(1);
        }
    }

    /// Deletes the dead letters with a lower or equal sequence.
    pub(super) fn forget_before(&mut self, sequence: u64) {
        let dead = self.dead.len();
        self.dead.retain(|dead| dead.notice.sequence() > sequence);
        self.count_forgotten(dead - self.dead.len());
    }

    fn count_forgotten(&mut self, letters: usize) {
        let letters = u32::try_from(letters).unwrap_or(u32::MAX);
        self.forgotten = self.forgotten.saturating_add(letters);
    }

    fn dead_len(&self) -> usize {
        self.dead.iter().map(|dead| dead.notice.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::NoticeDraft;
    use crate::outbox::{Attempt, EndKind, NoticeEnd, Reader};

    #[test]
    fn a_replayed_notice_returns_to_its_place_in_the_queue() {
        let mut outbox = Outbox::default();
        let now = UnixMillis::new(0);
        let kinds = [NoticeType::Created, NoticeType::Frozen, NoticeType::Thawed];
        let drafts = kinds.map(NoticeDraft::of_time).to_vec();
        outbox.append(drafts, Reader::Product, now);
        outbox.claim(crate::outbox::RELAY_CLAIM, now).unwrap();
        outbox.give_up(0, Attempt::unknown(now), now);
        assert_eq!((outbox.waiting.len(), outbox.blocked), (2, true));
        assert!(outbox.replay(1) && !outbox.replay(1));
        let waiting: Vec<_> = outbox.waiting.iter().map(Notice::sequence).collect();
        assert_eq!((waiting, outbox.blocked), (vec![1, 2, 3], false));
    }

    #[test]
    fn a_replay_keeps_the_end_of_the_notice_and_a_second_end_follows() {
        let mut outbox = Outbox::default();
        let times = [1, 2].map(UnixMillis::new);
        let draft = NoticeDraft::of_time(NoticeType::Created);
        outbox.append(vec![draft], Reader::Product, UnixMillis::EPOCH);
        for at in times {
            outbox.claim(crate::outbox::RELAY_CLAIM, at).unwrap();
            outbox.give_up(0, Attempt::unknown(at), at);
            assert!(outbox.replay(1));
        }
        let sequence = 1;
        let end = |at| {
            let (kind, how) = (NoticeType::Created, EndKind::GivenUp);
            NoticeEnd { sequence, kind, at, attempts: 1, how }
        };
        assert_eq!(outbox.ends, times.map(end));
    }

    #[test]
    fn a_late_settlement_of_a_claim_from_before_a_replay_changes_nothing() {
        let mut outbox = Outbox::default();
        let now = UnixMillis::new(1);
        outbox.append(vec![NoticeDraft::of_time(NoticeType::Created)], Reader::Product, now);
        let before = outbox.claim(crate::outbox::RELAY_CLAIM, now).unwrap();
        outbox.give_up(0, Attempt::unknown(now), now);
        outbox.replay(1);
        let after = outbox.claim(crate::outbox::RELAY_CLAIM, now).unwrap();
        assert!(outbox.is_current(&after) && !outbox.is_current(&before));
    }
}
