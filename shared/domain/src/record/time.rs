//! The effect of time on a record: when the relay has work, and the one transition that no call
//! causes.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use super::EntityRecord;
use crate::entity::Entity;
use crate::history::{Event, OtherEvent};
use crate::instance::{ClockTrust, LongWait};
use crate::notice::{NoticeDraft, NoticeType};
use crate::outbox::{LONGEST_PAUSE, Reader};

/// The result of applying the passing of time to a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// The record after the change.
    pub record: EntityRecord,
    /// Whether it changed.
    pub changed: bool,
    /// Whether a purchase was abandoned.
    pub abandoned: bool,
    /// Whether a notice was given up.
    pub given_up: bool,
    /// A purchase has waited long for access data; an operator must learn it now.
    pub long_wait: Option<LongWait>,
}

impl EntityRecord {
    /// When the relay must read the record: to deliver notices, to abandon a purchase, or to delete
    /// unused parts. This is a hint for the agenda, and the record decides. It is never further
    /// ahead than [`FARTHEST`]: only a wrong clock writes a later entry.
    pub fn due(&self, reader: Reader, now: UnixMillis) -> Option<UnixMillis> {
        let waits = if reader == Reader::Product { self.outbox.due(now) } else { None };
        let later = match &self.entity {
            Entity::Instance(instance) => {
                instance.look_at().into_iter().chain(instance.wait_due()).min()
            }
            Entity::KitList(list) if !list.unused.is_empty() => Some(now),
            Entity::KitList(_)
            | Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_) => None,
        };
        waits.into_iter().chain(later).min().map(|due| due.min(now.after(FARTHEST)))
    }

    /// Applies the passing of time: the one transition that no call causes. Only the relay writes
    /// it (decisions D11, D12). A part becomes unused if the only notice that named it was given up
    /// and deleted.
    #[must_use]
    pub fn pass(mut self, reader: Reader, clock: ClockTrust, now: UnixMillis) -> Passed {
        let before = self.clone();
        let parts: BTreeSet<_> = self.outbox.parts().collect();
        let given_up = self.outbox.pass(reader, clock, now);
        self.note_unused(&parts);
        let is_trusted = clock == ClockTrust::Trusted;
        let abandoned = is_trusted && self.pass_instance(reader, now);
        let long_wait = if is_trusted { self.pass_wait(now) } else { None };
        let changed = self != before;
        Passed { record: self, changed, abandoned, given_up, long_wait }
    }

    /// Whether the passing of time surely changes nothing. Unlike [`Self::pass`], this copies no
    /// notices.
    pub fn is_at_rest(&self, reader: Reader, now: UnixMillis) -> bool {
        let is_entity_at_rest = match &self.entity {
            Entity::Instance(instance) => {
                let is_settled = instance.abandon_at.is_none() && instance.sighted_at.is_none();
                is_settled && instance.wait_due().is_none_or(|due| now < due)
            }
            Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_) => true,
        };
        reader == Reader::Product && is_entity_at_rest && self.outbox.is_at_rest(now)
    }

    fn pass_wait(&mut self, now: UnixMillis) -> Option<LongWait> {
        match &mut self.entity {
            Entity::Instance(instance) => instance.pass_wait(now),
            Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_) => None,
        }
    }

    fn pass_instance(&mut self, reader: Reader, now: UnixMillis) -> bool {
        let Entity::Instance(instance) = &self.entity else { return false };
        let id = instance.id.clone();
        let (instance, remark) = instance.clone().pass(now);
        self.entity = Entity::Instance(instance);
        if remark.is_some() {
            self.add_event(Event::other(OtherEvent::Abandoned, now));
        }
        if remark.is_some() && reader == Reader::Product {
            self.abandon(&id, now);
        }
        remark.is_some()
    }

    /// Drops the purchase's waiting notices. If the product was offered the purchase, it gets
    /// `instance.abandoned`.
    fn abandon(&mut self, id: &InstanceId, now: UnixMillis) {
        let never_offered = self.outbox.is_unheard_of();
        self.outbox.drop_purchase(now);
        if !never_offered {
            let draft = NoticeDraft::of_time(NoticeType::Abandoned).with("instanceId", id.as_str());
            self.outbox.append(vec![draft], Reader::Product, now);
        }
    }
}

/// How long after its write the relay checks a part. This is longer than any callback that may
/// still read the part or refer to it.
pub const REST: Duration = Duration::from_hours(1);

/// The largest distance of an agenda entry from now. It is longer than any pause and longer than
/// [`REST`].
pub const FARTHEST: Duration = Duration::from_mins(70);
const _: () = assert!(FARTHEST.as_secs() > LONGEST_PAUSE.as_secs());
const _: () = assert!(FARTHEST.as_secs() > REST.as_secs());
