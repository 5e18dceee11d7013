//! The waiting notices, in order: how they are appended, and which notice is next.

use protocol::time::UnixMillis;
use serde_json::Value;

use super::delivery_state::DeliveryState;
use super::{Outbox, Reader};
use crate::notice::{Notice, NoticeDraft, NoticeType};

impl Outbox {
    /// Appends notices in order. Drops notices that a new notice makes useless, and other notices
    /// if there is no room. Returns the dropped notices.
    pub fn append(
        &mut self,
        drafts: Vec<NoticeDraft>,
        reader: Reader,
        at: UnixMillis,
    ) -> Vec<Notice> {
        let mut dropped = Vec::new();
        for NoticeDraft { kind, members: mut data } in drafts {
            self.sequence += 1;
            data.insert("sequence".to_owned(), self.sequence.into());
            self.waiting.push(Notice { kind, at, data }.fit());
            if reader == Reader::Product {
                dropped.extend(self.drop_outdated(kind));
            }
        }
        // The same change may have made the product reachable again.
        self.hurry(at);
        dropped.extend(self.make_room(reader));
        self.record_dropped(&dropped, at);
        dropped
    }

    /// If the product was never offered the purchase, koohook does not send its release either. If
    /// `instance.created` was given up, a new purchase ends the block (decision E4).
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins or ends a purchase")]
    fn drop_outdated(&mut self, newest: NoticeType) -> Vec<Notice> {
        match newest {
            NoticeType::Released if self.is_unheard_of() => self.drop_from_created(),
            NoticeType::Created => self.unblock(),
            _ => Vec::new(),
        }
    }

    /// Drops the notices that wait behind an `instance.created` that was given up, because there is
    /// a new purchase. Notices that end the old purchase are kept.
    fn unblock(&mut self) -> Vec<Notice> {
        if !std::mem::take(&mut self.blocked) {
            return Vec::new();
        }
        let newest = self.sequence;
        let is_useful = |notice: &Notice| notice.kind.ends() || notice.sequence() == newest;
        let (useful, dropped) = std::mem::take(&mut self.waiting).into_iter().partition(is_useful);
        self.waiting = useful;
        self.count_dropped(dropped)
    }

    /// Whether `instance.created` waits and was never offered to the product. After a restore this is
    /// not known of the notices in the backup, and they count as offered.
    pub fn is_unheard_of(&self) -> bool {
        let created = self.waiting.iter().find(|notice| notice.kind == NoticeType::Created);
        created.map(Notice::sequence).is_some_and(|created| {
            !self.was_offered(created) && self.sequence.saturating_sub(created) < RESTORE_GAP
        })
    }

    /// Raises the sequence of the next notice, because the values come from a backup. The product
    /// ignores sequences that are not above its last one, and koohook does not know how many notices it
    /// sent after the backup. Waiting notices keep their sequences and so their IDs: the product
    /// recognises those that it received meanwhile.
    pub const fn raise(&mut self) {
        self.sequence = self.sequence.saturating_add(RESTORE_GAP);
    }

    /// Drops the waiting notices of an abandoned purchase, and returns them: `instance.created` and
    /// all notices after it.
    pub fn drop_purchase(&mut self, now: UnixMillis) -> Vec<Notice> {
        let dropped = self.drop_from_created();
        self.record_dropped(&dropped, now);
        dropped
    }

    /// Drops a waiting `instance.created` and all notices after it. Notices before it belong to an
    /// earlier purchase and are kept. Returns the dropped notices.
    fn drop_from_created(&mut self) -> Vec<Notice> {
        let created = self.waiting.iter().position(|notice| notice.kind == NoticeType::Created);
        let dropped = created.map(|place| self.waiting.split_off(place));
        self.count_dropped(dropped.unwrap_or_default())
    }

    /// When the next notice may be offered: immediately, after a pause, or when a claim expires.
    /// The claim may belong to another notice. `None` if no notice waits.
    pub fn due(&self, now: UnixMillis) -> Option<UnixMillis> {
        let head = self.head()?.sequence();
        let delays = |it: &&DeliveryState| it.sequence == head || it.claimed.is_some();
        Some(self.delivery.as_ref().filter(delays).map_or(now, |delivery| delivery.next))
    }

    /// The next notice to offer, claimed or not.
    pub fn head(&self) -> Option<&Notice> {
        self.waiting.iter().find(|notice| !self.blocked || notice.kind.ends())
    }

    /// The notice that may be offered now.
    pub fn ready(&self, now: UnixMillis) -> Option<&Notice> {
        self.head().filter(|_| self.due(now).is_some_and(|due| due <= now))
    }

    /// Adds a member to a notice. It does nothing if the notice was already offered: the ID changes
    /// with the content.
    pub fn enrich(&mut self, sequence: u64, name: &str, value: Value) {
        if self.was_offered(sequence) {
            return;
        }
        for notice in &mut self.waiting {
            if notice.sequence() == sequence {
                *notice = notice.clone().with(name, value);
                return;
            }
        }
    }

    /// Whether a notice was ever offered. Notices are offered in order. So a waiting notice counts
    /// as offered if it is not after the latest offered notice. It was offered, is replayed, or was
    /// skipped by a block.
    pub(super) const fn was_offered(&self, sequence: u64) -> bool {
        sequence <= self.offered
    }

    pub(super) fn count_dropped(&mut self, notices: Vec<Notice>) -> Vec<Notice> {
        let count = u32::try_from(notices.len()).unwrap_or(u32::MAX);
        self.dropped = self.dropped.saturating_add(count);
        notices
    }
}

/// By how much a restore raises the sequence of each entity (decision I4). No entity ever has so many
/// waiting notices.
pub const RESTORE_GAP: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1);

    fn append(outbox: &mut Outbox, kind: NoticeType) -> Vec<u64> {
        let dropped = outbox.append(vec![NoticeDraft::of_time(kind)], Reader::Product, NOW);
        dropped.iter().map(Notice::sequence).collect()
    }

    #[test]
    fn a_release_drops_a_purchase_that_was_never_offered() {
        let mut outbox = Outbox::default();
        append(&mut outbox, NoticeType::Created);
        append(&mut outbox, NoticeType::Renewed);
        assert_eq!(append(&mut outbox, NoticeType::Released), [1, 2, 3]);
        assert_eq!((outbox.head(), outbox.dropped), (None, 3));
    }

    /// The lost store may have offered the purchase after the backup.
    #[test]
    fn after_a_restore_a_release_is_sent_although_the_purchase_seems_never_offered() {
        let mut outbox = Outbox::default();
        append(&mut outbox, NoticeType::Created);
        outbox.raise();
        assert!(append(&mut outbox, NoticeType::Released).is_empty());
        let sequences: Vec<_> = outbox.waiting.iter().map(Notice::sequence).collect();
        assert_eq!(sequences, [1, 1_000_002]);
        append(&mut outbox, NoticeType::Created);
        assert_eq!(outbox.sequence, 1_000_003);
    }

    #[test]
    fn only_a_release_is_offered_after_instance_created_was_given_up() {
        let mut outbox = Outbox { blocked: true, ..Outbox::default() };
        append(&mut outbox, NoticeType::Renewed);
        assert_eq!((outbox.ready(NOW), outbox.due(NOW)), (None, None));
        append(&mut outbox, NoticeType::Released);
        assert_eq!(outbox.ready(NOW).map(Notice::sequence), Some(2));
        assert_eq!(append(&mut outbox, NoticeType::Created), [1]);
        assert!(!outbox.blocked);
    }
}
