//! The record of an entity: its one stored value.

mod bytes;
mod succession;
mod time;

use std::collections::BTreeSet;

use protocol::order_query::OrderDetails;
use protocol::time::UnixMillis;

use crate::app_info_template::Template;
use crate::entity::Entity;
use crate::history::{Event, KitIds, OtherEvent, add_event};
use crate::idempotency::Ledger;
use crate::instance::Access;
use crate::kit_list::PartName;
use crate::order_details::{self, OrderFacts};
use crate::outbox::{AttemptOutcome, Claim, Outbox, Settled, Settling};

pub use bytes::{MAX_VALUE_LEN, RecordError, SCHEMA};
pub use time::{FARTHEST, Passed, REST};

/// The one stored value of an entity: its state, its orders, and the notices for the product. It is
/// written only over the version that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRecord {
    /// The entity and its state.
    pub entity: Entity,
    /// The orders that were carried out.
    pub ledger: Ledger,
    /// The notices for the product.
    pub outbox: Outbox,
    /// The IDs of an entity of the kit. Records of schema 1 do not have them.
    pub ids: Option<KitIds>,
    /// What happened to the entity, newest last. Records of schema 1 do not have it.
    pub events: Vec<Event>,
    /// When the entity last changed. Records of schema 1 do not have it until their next write.
    pub changed: Option<UnixMillis>,
}

impl EntityRecord {
    /// The record of a new entity.
    pub fn new(entity: Entity) -> Self {
        Self {
            entity,
            ledger: Ledger::default(),
            outbox: Outbox::default(),
            ids: None,
            events: Vec::new(),
            changed: None,
        }
    }

    /// Adds an event to the history. If there is no room, the oldest event is deleted.
    pub fn add_event(&mut self, event: Event) {
        add_event(&mut self.events, event);
    }

    /// When its oldest dead letter was given up; `None` if it has no dead letter. An operator
    /// should check dead letters.
    pub fn dead(&self) -> Option<UnixMillis> {
        self.outbox.dead.iter().map(|dead| dead.at).min()
    }

    /// Adds the order details to a notice that was not offered yet. The instance keeps only
    /// [`OrderFacts`].
    pub fn learn(&mut self, sequence: u64, details: OrderDetails) {
        if let Entity::Instance(instance) = &mut self.entity {
            instance.facts = Some(Box::new(OrderFacts::of(&details)));
        }
        self.outbox.enrich(sequence, order_details::MEMBER, details.into_value());
    }

    /// Adds to a notice the reason why it has no order details.
    pub fn learn_nothing(&mut self, sequence: u64, why: &str) {
        let missing = serde_json::json!({ "missing": why });
        self.outbox.enrich(sequence, order_details::MEMBER, missing);
    }

    /// Settles an attempt and applies the product's answer to a purchase. The parts of a list
    /// become unused if its notice was delivered, or was given up and deleted.
    pub fn settle(
        &mut self,
        claim: &Claim,
        outcome: &AttemptOutcome,
        template: Option<&Template>,
        settling: Settling,
    ) -> Settled {
        let before: BTreeSet<_> = self.outbox.parts().collect();
        let settled = self.outbox.settle(claim, outcome.clone(), settling);
        if let Entity::Instance(instance) = &mut self.entity
            && let Some(answer) = outcome.purchase_answer()
            && settled == Settled::Delivered
        {
            let before = instance.access.clone();
            instance.answered(answer, template);
            let event = answered_event(&before, &instance.access);
            self.events_of(event, settling.now);
        }
        self.note_unused(&before);
        settled
    }

    /// Makes the next notice due at an operator's word. Returns whether a pause ended.
    pub fn make_due(&mut self, now: UnixMillis) -> bool {
        let ended = self.outbox.make_due(now);
        self.events_of(ended.then_some(OtherEvent::HurriedUp), now);
        ended
    }

    /// Sends dead letters again at an operator's word. Returns how many of the sequences were dead
    /// letters.
    pub fn replay(&mut self, sequences: &[u64], now: UnixMillis) -> usize {
        let replayed = sequences.iter().filter(|sequence| self.outbox.replay(**sequence)).count();
        self.events_of((replayed > 0).then_some(OtherEvent::Replayed), now);
        replayed
    }

    /// The record as a restore writes it: later notices have much higher sequences, and an older record
    /// gets the time of its last change. `at` is the time of the backup.
    #[must_use]
    pub fn restored(mut self, at: UnixMillis) -> Self {
        if !matches!(self.entity, Entity::MovedTo(_)) {
            self.outbox.raise();
        }
        let before = self.clone();
        self.succeeding(Some(&before), at)
    }

    /// The parts that the record needs: those in its index, and those of its notices and dead letters.
    pub fn needed_parts(&self) -> BTreeSet<PartName> {
        let mut names: BTreeSet<_> = self.outbox.parts().collect();
        if let Entity::KitList(list) = &self.entity {
            names.extend(list.head.parts());
        }
        names
    }

    fn events_of(&mut self, event: Option<OtherEvent>, at: UnixMillis) {
        if let Some(event) = event {
            self.add_event(Event::other(event, at));
        }
    }

    /// Marks parts as unused that a notice named before and that no notice names now.
    fn note_unused(&mut self, before: &BTreeSet<PartName>) {
        if let Entity::KitList(list) = &mut self.entity {
            let after: BTreeSet<_> = self.outbox.parts().collect();
            list.unused.extend(before.difference(&after));
        }
    }
}

/// The event of an answer of the product that changed the access data.
fn answered_event(before: &Access, after: &Access) -> Option<OtherEvent> {
    match after {
        after if after == before => None,
        Access::Ready(_) => Some(OtherEvent::AccessAnswered),
        Access::Refused(_) => Some(OtherEvent::RefusalAnswered),
        Access::Pending | Access::Abandoned => None,
    }
}
