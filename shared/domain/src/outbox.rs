//! The notices of one entity that wait for delivery to the product. koohook sends them one by one
//! and in order. It offers each notice until the product accepts it or koohook gives it up.
//!
//! There are no locks. A delivery first writes a claim into the record, over the version that it
//! read. Afterwards it settles the claim in the same way. A claim expires automatically; then the
//! notice is offered again, with the same ID.
//!
//! In reading order:
//!
//! - `queue`: appends notices, and decides which notice is next and when.
//! - `claim`: the permission to offer a notice for a limited time.
//! - `attempt`: the outcome of one attempt, and its stored form.
//! - `settle`: how the outcome of an attempt changes the queue.
//! - `delivery_state`: the stored state of the attempts so far.
//! - `retry_schedule`: the pauses between attempts, and when koohook gives a notice up.
//! - `notice_wait`: what a notice waits for, and how an operator ends its pause.
//! - `dead_letters`: notices that were given up. `notice_end`: how the other notices ended.
//! - `capacity`: how many notices an entity may keep.

mod attempt;
mod capacity;
mod claim;
mod dead_letters;
mod delivery_state;
mod notice_end;
mod notice_wait;
mod queue;
mod retry_schedule;
mod settle;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

pub use self::attempt::{Attempt, AttemptOutcome, OUTCOME_UNKNOWN};
pub use self::capacity::{MAX_OUTBOX_LEN, MAX_UNREAD};
pub use self::claim::{Claim, RELAY_CLAIM};
pub use self::dead_letters::{DeadLetter, MAX_DEAD, MAX_DEAD_LEN};
pub use self::delivery_state::{DeliveryState, MAX_ATTEMPTS};
pub use self::notice_end::{EndKind, MAX_ENDS, NoticeEnd};
pub use self::notice_wait::NoticeWait;
pub use self::queue::RESTORE_GAP;
pub use self::retry_schedule::{LONGEST_PAUSE, MAX_ASKED_PAUSE, MIN_ATTEMPTS, PATIENCE};
pub use self::settle::{Settled, Settling};
use crate::instance::ClockTrust;
use crate::kit_list::PartName;
use crate::notice::Notice;

/// The notices of one entity.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outbox {
    /// The number of notices that the entity has had; also the sequence of the newest notice.
    pub sequence: u64,
    /// The notices that wait, in order.
    pub waiting: Vec<Notice>,
    /// The number of notices that were dropped before their delivery: a later change made them
    /// useless, or there was no room.
    #[serde(default)]
    pub dropped: u32,
    /// The attempts so far to deliver the notice that is offered now.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "trial")]
    pub delivery: Option<DeliveryState>,
    /// The notices that were given up (decision E4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<DeadLetter>,
    /// The number of deleted dead letters: there was no room, or they were no longer useful.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgotten: u32,
    /// The sequence of the latest notice that was ever offered. The product may have received this
    /// notice and every earlier one.
    #[serde(default, skip_serializing_if = "is_never")]
    pub offered: u64,
    /// Whether `instance.created` was given up. Then only a notice that ends the instance is
    /// offered.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
    /// The highest number of a claim of the notices that were replayed. Later claims go on from it, so
    /// that a late settlement of an earlier claim is not taken for one of theirs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub claims: u32,
    /// How the newest notices ended, newest last. Records of schema 1 do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<NoticeEnd>,
}

/// The reader of the notices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reader {
    /// A product: every notice is delivered.
    Product,
    /// No product: the newest notices are kept for the operator to read.
    Operator,
}

impl Outbox {
    /// Applies the passing of time to the notices. Returns whether a notice was given up. A notice
    /// can also be given up if its last attempt was never settled. Times that a wrong clock wrote
    /// are corrected. If there is no product, the buyer's phone and e-mail are removed.
    pub fn pass(&mut self, reader: Reader, clock: ClockTrust, now: UnixMillis) -> bool {
        if reader == Reader::Operator {
            self.waiting.iter_mut().for_each(Notice::forget_contacts);
        }
        let Some(delivery) = self.delivery.as_mut() else { return false };
        delivery.correct_times(now);
        let ran_out = delivery.claimed.is_some() && delivery.next <= now;
        let sequence = delivery.sequence;
        let over = ran_out && clock == ClockTrust::Trusted && delivery.is_over(now);
        let attempt = delivery.unknown_attempt(now);
        let Some(place) = self.place(sequence).filter(|_| over) else { return false };
        self.give_up(place, attempt, now) == Settled::Dead
    }

    /// Whether [`Self::pass`] surely changes nothing for a product: no attempt was left unsettled, and
    /// no wrong clock wrote the times.
    pub fn is_at_rest(&self, now: UnixMillis) -> bool {
        let is_at_rest = |it: &DeliveryState| it.claimed.is_none() && it.has_usable_times(now);
        self.delivery.as_ref().is_none_or(is_at_rest)
    }

    /// Every part that a waiting notice or a dead letter names.
    pub fn parts(&self) -> impl Iterator<Item = PartName> {
        let dead = self.dead.iter().map(|dead| &dead.notice);
        self.waiting.iter().chain(dead).flat_map(Notice::parts)
    }

    /// The index of a notice in `waiting`.
    fn place(&self, sequence: u64) -> Option<usize> {
        self.waiting.iter().position(|notice| notice.sequence() == sequence)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_never(sequence: &u64) -> bool {
    *sequence == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(bool: &bool) -> bool {
    !*bool
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::notice::{NoticeDraft, NoticeType};

    /// koohook must read older records, and an older koohook must read new records.
    #[test]
    fn the_stored_member_names_do_not_change() {
        let mut outbox = Outbox::default();
        let now = UnixMillis::new(1);
        outbox.append(vec![NoticeDraft::of_time(NoticeType::Created)], Reader::Product, now);
        outbox.claim(Duration::from_millis(9), now).unwrap();
        outbox.append(vec![NoticeDraft::of_time(NoticeType::Released)], Reader::Product, now);
        outbox.give_up(0, Attempt::unknown(now), now);
        outbox.claim(Duration::from_millis(9), now).unwrap();
        let tried = json!({ "at": 1, "millis": 0, "fault": OUTCOME_UNKNOWN });
        let dead = json!({
            "notice": { "type": "instance.created", "at": 1, "data": { "sequence": 1 } },
            "trial": { "sequence": 1, "since": 1, "count": 1, "attempts": [tried], "next": 10, "claims": 2 },
            "at": 1,
        });
        let stored = json!({
            "sequence": 2,
            "waiting": [{ "type": "instance.released", "at": 1, "data": { "sequence": 2 } }],
            "dropped": 0,
            "trial": {
                "sequence": 2, "since": 1, "count": 1, "attempts": [], "next": 10, "claims": 2,
                "claimed": 2, "began": 1,
            },
            "dead": [dead],
            "offered": 2,
            "blocked": true,
            "ends": [{
                "sequence": 1, "type": "instance.created", "at": 1, "attempts": 1, "how": "given-up",
            }],
        });
        assert_eq!(serde_json::to_value(&outbox).unwrap(), stored);
        assert_eq!(serde_json::from_value::<Outbox>(stored).unwrap(), outbox);
    }
}
