//! How many notices an outbox may keep, and which notices are dropped to make room.

use super::{Outbox, Reader};
use crate::notice::{MAX_NOTICE_LEN, Notice};

/// The length in bytes from which void notices are dropped. Waiting notices count together.
pub const MAX_OUTBOX_LEN: usize = 64 * 1024;
/// The most notices that an entity keeps if there is no product.
pub const MAX_UNREAD: usize = 64;

impl Outbox {
    /// Drops notices to make room, and returns them. For a product it drops only void notices, even
    /// if the other notices then do not fit. For an operator it drops the oldest notices.
    pub(super) fn make_room(&mut self, reader: Reader) -> Vec<Notice> {
        match reader {
            // This number of notices always fits, so koohook does not measure them.
            _ if self.is_surely_small() => Vec::new(),
            Reader::Product => self.drop_void(),
            Reader::Operator => self.drop_oldest(),
        }
    }

    /// Whether the notices fit for certain, without measuring. Only the notice of a list can be
    /// longer than [`MAX_NOTICE_LEN`].
    fn is_surely_small(&self) -> bool {
        let few = self.waiting.len() <= MAX_OUTBOX_LEN / MAX_NOTICE_LEN;
        few && self.waiting.iter().all(|notice| notice.parts().next().is_none())
    }

    fn drop_void(&mut self) -> Vec<Notice> {
        let mut dropped = Vec::new();
        while self.len() > MAX_OUTBOX_LEN {
            let is_void = |(place, notice): &(usize, &Notice)| {
                let mut later = self.waiting.iter().skip(place + 1);
                !self.was_offered(notice.sequence())
                    && later.any(|later| notice.made_void_by(later))
            };
            let void = self.waiting.iter().enumerate().find(is_void);
            let Some((place, _)) = void else { break };
            dropped.push(self.drop_at(place));
        }
        dropped
    }

    fn drop_oldest(&mut self) -> Vec<Notice> {
        let mut dropped = Vec::new();
        while self.waiting.len() > MAX_UNREAD || self.len() > MAX_OUTBOX_LEN {
            dropped.push(self.drop_at(0));
        }
        dropped
    }

    fn drop_at(&mut self, place: usize) -> Notice {
        self.dropped = self.dropped.saturating_add(1);
        self.waiting.remove(place)
    }

    fn len(&self) -> usize {
        self.waiting.iter().map(Notice::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use protocol::time::UnixMillis;
    use serde_json::Value;

    use super::*;
    use crate::kit_list::PartName;
    use crate::notice::{NoticeDraft, NoticeType};
    use crate::outbox::RELAY_CLAIM;

    fn draft(kind: NoticeType, text: &str) -> NoticeDraft {
        NoticeDraft::of_time(kind).with("orderAmount", text).with("scene", "renew")
    }

    #[test]
    fn only_void_notices_are_dropped_for_room() {
        let mut outbox = Outbox::default();
        let text = "x".repeat(4000);
        let now = UnixMillis::new(0);
        outbox.append(vec![draft(NoticeType::Created, &text)], Reader::Product, now);
        outbox.claim(RELAY_CLAIM, now).expect("a purchase is offered");
        let mut append = |kind| {
            outbox.append(vec![draft(kind, &text)], Reader::Product, now);
        };
        (0..40).for_each(|_| append(NoticeType::Frozen));
        append(NoticeType::Released);
        assert!(outbox.len() <= MAX_OUTBOX_LEN);
        assert_eq!(outbox.waiting.first().map(|notice| notice.kind), Some(NoticeType::Created));
        assert_eq!(outbox.waiting.last().map(Notice::sequence), Some(42));
        assert_eq!(u32::try_from(outbox.waiting.len()).unwrap() + outbox.dropped, 42);
    }

    #[test]
    fn long_list_notices_are_dropped_if_they_do_not_fit() {
        let mut outbox = Outbox::default();
        for first in 0..4_u8 {
            let names = (0..700_u16).map(|number| {
                let [high, low] = number.to_be_bytes();
                let mut name = [first; 16];
                (name[14], name[15]) = (high, low);
                Value::from(PartName::new(name).to_string())
            });
            let draft = draft(NoticeType::UsersPut, "1").with("parts", names.collect::<Vec<_>>());
            outbox.append(vec![draft], Reader::Operator, UnixMillis::new(0));
        }
        assert!(outbox.len() <= MAX_OUTBOX_LEN && outbox.dropped > 0);
    }

    #[test]
    fn the_newest_64_notices_are_kept_without_a_product() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            outbox.append(
                vec![draft(NoticeType::Renewed, "1")],
                Reader::Operator,
                UnixMillis::new(0),
            );
        }
        assert_eq!(outbox.waiting.len(), MAX_UNREAD);
        assert_eq!(outbox.waiting.first().map(Notice::sequence), Some(37));
    }
}
