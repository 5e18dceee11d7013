//! Notices that were given up. An operator looks at them, and may replay them.

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::Outbox;
use super::delivery_state::DeliveryState;
use crate::notice::{Notice, NoticeType};

/// A notice that was given up.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The notice, as it was offered.
    pub notice: Notice,
    /// The attempts to deliver it.
    #[serde(rename = "trial")]
    pub delivery: DeliveryState,
    /// When it was given up.
    pub at: UnixMillis,
}

/// How many dead letters an entity keeps.
pub const MAX_DEAD: usize = 16;
/// How long an entity's dead letters may be together: the rest of the record must fit beside them.
pub const MAX_DEAD_LEN: usize = 64 * 1024;

impl Outbox {
    /// Offers a dead letter again, in its place and under its id. Returns whether there is one.
    pub fn replay(&mut self, sequence: u64) -> bool {
        let place = self.dead.iter().position(|dead| dead.notice.sequence() == sequence);
        let Some(place) = place else { return false };
        let notice = self.dead.remove(place).notice;
        if notice.kind == NoticeType::Created {
            self.blocked = false;
        }
        let later = self.waiting.iter().position(|notice| notice.sequence() > sequence);
        self.waiting.insert(later.unwrap_or(self.waiting.len()), notice);
        true
    }

    /// Keeps a dead letter; older ones make room for it.
    pub(super) fn bury(&mut self, notice: Notice, delivery: DeliveryState, at: UnixMillis) {
        self.dead.push(DeadLetter { notice, delivery, at });
        while self.dead.len() > MAX_DEAD || self.dead_len() > MAX_DEAD_LEN {
            // The purchase that blocks all others is the last to be deleted.
            let older = self.dead.iter().position(|dead| dead.notice.kind != NoticeType::Created);
            self.dead.remove(older.unwrap_or_default());
            self.count_forgotten(1);
        }
    }

    /// Deletes the dead letters of notices before this one.
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
    use crate::outbox::{Attempt, Reader};

    #[test]
    fn a_replayed_notice_returns_to_its_place() {
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
}
