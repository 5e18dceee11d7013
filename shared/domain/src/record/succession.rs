//! What every write of a record adds: the time of the last change, since when a purchase waits for
//! access data, and the entry in the catalogue.

use protocol::time::UnixMillis;

use super::EntityRecord;
use crate::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use crate::entity::Entity;
use crate::history::{CallOutcome, EventKind};
use crate::instance::{Instance, NewestCalls};

impl EntityRecord {
    /// The record as it is written over `before`. A record of schema 1 whose entity does not change
    /// gets the newest time that it contains as its last change, so that later writes do not move its
    /// entry.
    #[must_use]
    pub fn succeeding(mut self, before: Option<&Self>, now: UnixMillis) -> Self {
        if let Entity::Instance(instance) = &mut self.entity {
            instance.note_wait(now);
        }
        let is_changed = before.is_none_or(|before| {
            differ(&before.entity, &self.entity) || self.has_new_change(before)
        });
        if CatalogueList::of(&self.entity).is_some() {
            let known =
                if is_changed { None } else { self.changed.or_else(|| self.newest_call(now)) };
            self.changed = Some(known.unwrap_or(now));
        }
        self
    }

    /// Whether a call was applied that the record before does not have, for example an upgrade: it
    /// changes no member that a command shows.
    fn has_new_change(&self, before: &Self) -> bool {
        let newest = self.events.last().filter(|_| self.events.last() != before.events.last());
        newest.is_some_and(|event| {
            matches!(event.what, EventKind::Call(_)) && event.outcome == CallOutcome::Applied
        })
    }

    /// The newest time of a call or of an abandonment that the entity contains. A record of schema 1
    /// has no other time of its last change.
    fn newest_call(&self, now: UnixMillis) -> Option<UnixMillis> {
        let newest = match &self.entity {
            Entity::Instance(Instance { newest, abandoned_at, .. }) => {
                let NewestCalls { status, refresh, upgrade, access } = *newest;
                [status, refresh, upgrade, access, *abandoned_at].into_iter().max().flatten()
            }
            Entity::Tenant(tenant) => Some(tenant.at),
            Entity::Application(application) => Some(application.at),
            Entity::MovedTo(_) | Entity::KitList(_) => None,
        };
        newest.map(|at| at.min(now))
    }

    /// The record's entry in the catalogue; `None` for pointers and long lists. `now` is the time of
    /// the write. It counts if the record does not contain the time of its last change.
    pub fn catalogue(&self, now: UnixMillis) -> Option<CatalogueEntry> {
        let order = match &self.entity {
            Entity::Instance(instance) => Some(OrderDigest::of(&instance.order_id)),
            Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_) => None,
        };
        let changed = self.changed.unwrap_or(now);
        CatalogueList::of(&self.entity).map(|list| CatalogueEntry { list, changed, order })
    }
}

/// Whether two states of an entity differ in what a command shows. The times of calls, and the
/// checks of the relay, do not count.
fn differ(before: &Entity, after: &Entity) -> bool {
    match (before, after) {
        (Entity::Instance(before), Entity::Instance(after)) => {
            let shown = |it: &Instance| (it.state, it.expires, it.accepted);
            shown(before) != shown(after) || before.access != after.access
        }
        (Entity::Tenant(before), Entity::Tenant(after)) => before.standing != after.standing,
        (Entity::Application(before), Entity::Application(after)) => {
            before.standing != after.standing
        }
        (before, after) => before != after,
    }
}
