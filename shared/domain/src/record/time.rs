//! What time does to a record: when there is work for the relay, and the one transition that no
//! call makes.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use super::EntityRecord;
use crate::entity::Entity;
use crate::instance::ClockTrust;
use crate::notice::{NoticeDraft, NoticeType};
use crate::outbox::{LONGEST_PAUSE, Reader};

/// What the passing of time made of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// The record now.
    pub record: EntityRecord,
    /// Whether it changed.
    pub changed: bool,
    /// Whether a purchase was abandoned.
    pub abandoned: bool,
    /// Whether a notice was given up.
    pub given_up: bool,
}

impl EntityRecord {
    /// When the relay should look at it: notices to deliver, a purchase that the marketplace will
    /// have given up, unused parts to delete. This is a hint for the agenda; the record itself
    /// decides. It is never further ahead than [`FARTHEST`]: a later entry on an agenda was written
    /// under a wrong clock.
    pub fn due(&self, reader: Reader, now: UnixMillis) -> Option<UnixMillis> {
        let waits = if reader == Reader::Product { self.outbox.due(now) } else { None };
        let later = match &self.entity {
            Entity::Instance(instance) => instance.look_at(),
            Entity::KitList(list) if !list.unused.is_empty() => Some(now),
            Entity::KitList(_)
            | Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_) => None,
        };
        waits.into_iter().chain(later).min().map(|due| due.min(now.after(FARTHEST)))
    }

    /// What the passing of time makes of it: the one transition that no call makes. Only the relay
    /// writes it (decisions D11, D12). A part becomes unused if only a notice named it that was
    /// given up and forgotten.
    #[must_use]
    pub fn pass(mut self, reader: Reader, clock: ClockTrust, now: UnixMillis) -> Passed {
        let before = self.clone();
        let parts: BTreeSet<_> = self.outbox.parts().collect();
        let given_up = self.outbox.pass(reader, clock, now);
        self.note_unused(&parts);
        let abandoned = clock == ClockTrust::Trusted && self.pass_instance(reader, now);
        let changed = self != before;
        Passed { record: self, changed, abandoned, given_up }
    }

    fn pass_instance(&mut self, reader: Reader, now: UnixMillis) -> bool {
        let Entity::Instance(instance) = &self.entity else { return false };
        let id = instance.id.clone();
        let (instance, remark) = instance.clone().pass(now);
        self.entity = Entity::Instance(instance);
        if remark.is_some() && reader == Reader::Product {
            self.abandon(&id, now);
        }
        remark.is_some()
    }

    /// Takes the purchase back. A product that was offered it gets a notice that it is over.
    fn abandon(&mut self, id: &InstanceId, now: UnixMillis) {
        let unheard_of = self.outbox.is_unheard_of();
        self.outbox.take_back();
        if !unheard_of {
            let draft = NoticeDraft::of_time(NoticeType::Abandoned).with("instanceId", id.as_str());
            self.outbox.append(vec![draft], Reader::Product, now);
        }
    }
}

/// How long a part rests before the relay looks at it: longer than any callback that may still read
/// it or refer to it.
pub const REST: Duration = Duration::from_hours(1);

/// The furthest ahead that an entry of an agenda may be: longer than any pause, and longer than a
/// part rests.
pub const FARTHEST: Duration = Duration::from_mins(70);
const _: () = assert!(FARTHEST.as_secs() > LONGEST_PAUSE.as_secs());
const _: () = assert!(FARTHEST.as_secs() > REST.as_secs());
