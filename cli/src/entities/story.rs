//! What happened to an entity, what happens next and when, and who waits for whom.

use domain::entity::Entity;
use domain::history::{Event, EventKind, OtherEvent};
use domain::instance::{Access, CHECK_AGAIN, Instance, InstanceState, LongWait, ORDER_FAILS_AFTER};
use domain::outbox::{EndKind, MIN_ATTEMPTS, NoticeEnd, NoticeWait, PATIENCE};
use protocol::message::Activity;
use protocol::time::UnixMillis;
use shell::config::variable;

use super::FoundEntity;
use super::notice_status::{NoticeReason, NoticeStatus, statuses};

/// The story of an entity at a point in time.
pub struct Story<'a> {
    pub found: &'a FoundEntity,
    /// The notices that the product has not accepted.
    pub notices: Vec<NoticeStatus<'a>>,
    now: UnixMillis,
}

/// Something that happened.
pub struct PastEvent {
    pub at: UnixMillis,
    pub what: String,
    pub outcome: String,
    /// The order, and the line after a slash.
    pub order: String,
}

/// Something that will happen.
pub struct ComingEvent {
    pub at: UnixMillis,
    pub what: String,
}

impl<'a> Story<'a> {
    /// The story of an entity.
    pub fn new(found: &'a FoundEntity, now: UnixMillis) -> Self {
        Self { found, notices: statuses(&found.record.outbox, now), now }
    }

    /// Calls, and the ends of notices, by time. Calls of the same time come first.
    pub fn past(&self) -> Vec<PastEvent> {
        let record = &self.found.record;
        let calls = record.events.iter().map(PastEvent::of_event);
        let ends = record.outbox.ends.iter().map(PastEvent::of_end);
        // An older version recorded no end of a notice that it gave up.
        let is_recorded = |status: &NoticeStatus<'_>| {
            let sequence = status.notice.sequence();
            let mut ends = record.outbox.ends.iter();
            ends.any(|end| end.sequence == sequence && end.how == EndKind::GivenUp)
        };
        let dead = self.notices.iter().filter(|status| !is_recorded(status));
        let dead = dead.filter_map(PastEvent::of_dead);
        let mut past: Vec<_> = calls.chain(ends).chain(dead).collect();
        past.sort_by_key(|event| event.at);
        past
    }

    /// What happens next, by time.
    pub fn coming(&self) -> Vec<ComingEvent> {
        let mut coming: Vec<_> = self.notices.iter().flat_map(|it| self.coming_to(it)).collect();
        if let Entity::Instance(instance) = &self.found.record.entity {
            coming.extend(self.coming_to_wait(instance));
            coming.extend(self.coming_to_instance(instance));
        }
        coming.sort_by_key(|event| event.at);
        coming
    }

    fn coming_to(&self, status: &NoticeStatus<'_>) -> Vec<ComingEvent> {
        let (sequence, kind) = (status.notice.sequence(), status.notice.kind.as_str());
        let attempt = status.attempt_count + 1;
        let coming = |at, what: String| ComingEvent { at, what };
        let next = match status.why {
            NoticeReason::Waits(NoticeWait::Due) => {
                (self.now, format!("the relay sends notice {sequence} ({kind})"))
            }
            NoticeReason::Waits(NoticeWait::Pause { until, .. }) => {
                (until, format!("the relay sends notice {sequence} ({kind}), attempt {attempt}"))
            }
            NoticeReason::Waits(NoticeWait::OrderQuery { until }) => {
                let what = "koohook asks the marketplace again for the order of notice";
                (until, format!("{what} {sequence}"))
            }
            NoticeReason::Waits(
                NoticeWait::Attempt { .. } | NoticeWait::Notice { .. } | NoticeWait::DeadPurchase,
            )
            | NoticeReason::Dead(_) => return Vec::new(),
        };
        let end = status.offered.map(|since| since.after(PATIENCE));
        let gives_up = end.map(|at| {
            let what = format!(
                "the relay gives notice {sequence} up, if it has made {MIN_ATTEMPTS} attempts by then"
            );
            coming(at, what)
        });
        [coming(next.0, next.1)].into_iter().chain(gives_up).collect()
    }

    fn coming_to_wait(&self, instance: &Instance) -> Vec<ComingEvent> {
        let Some(wait) = instance.wait.filter(|_| instance.is_waiting()) else { return Vec::new() };
        let warns = (LongWait::Warning.span(), "the relay logs a warning: this purchase waits");
        let errs = (LongWait::Error.span(), "the relay logs an error: this purchase waits");
        // Only the guide of V1 names a limit.
        let fails = (ORDER_FAILS_AFTER, "about this time the marketplace fails the order");
        let fails = Some(fails).filter(|_| instance.is_unsettled_v1());
        let steps = [warns, errs].into_iter().chain(fails);
        let coming = steps.map(|(span, what)| (wait.since.after(span), what.to_owned()));
        let coming = coming.filter(|(at, _)| *at > self.now);
        coming.map(|(at, what)| ComingEvent { at, what }).collect()
    }

    fn coming_to_instance(&self, instance: &Instance) -> Vec<ComingEvent> {
        let look = instance.look_at().map(|at| at.max(self.now));
        let check = look.filter(|_| instance.sighted_at.is_none());
        let abandons = look.map(|at| check.map_or(at, |at| at.after(CHECK_AGAIN)));
        let check = check.map(|at| (at, "the relay checks this V1 purchase"));
        let abandons = abandons.map(|at| (at, "the relay abandons this V1 purchase"));
        let is_in_use = instance.state != InstanceState::Released;
        let expiry = instance.expires.filter(|at| is_in_use && *at > self.now);
        let expiry = expiry.map(|at| (at, "the paid term ends"));
        let coming = check.into_iter().chain(abandons).chain(expiry);
        coming.map(|(at, what)| ComingEvent { at, what: what.to_owned() }).collect()
    }

    /// Who waits for whom.
    pub fn waits(&self) -> Vec<String> {
        let mut waits = Vec::new();
        if let Entity::Instance(instance) = &self.found.record.entity
            && instance.is_waiting()
        {
            let is_created_waiting =
                self.notices.iter().any(|it| it.notice.kind.as_str() == CREATED);
            waits.push(if is_created_waiting {
                "the marketplace waits for access data; the product has not accepted instance.created"
            } else {
                "the marketplace waits for access data; the product accepted instance.created and must \
                 send it"
            }.to_owned());
        }
        waits.extend(self.notices.iter().map(wait));
        if self.may_lack_product() {
            waits.push(NO_PRODUCT.to_owned());
        }
        waits
    }

    /// Whether no notice was ever offered, and the settings here have no product. Then only the
    /// server's settings say whether a relay sends the notices.
    fn may_lack_product(&self) -> bool {
        let is_new = |it: &NoticeStatus<'_>| it.offered.is_none() && it.attempts.is_empty();
        let has_waiting = !self.found.record.outbox.waiting.is_empty();
        has_waiting && self.notices.iter().all(is_new) && variable("KOOHOOK_PRODUCT_URL").is_none()
    }

    /// Whether the record does not know how the instance began.
    pub fn lacks_older_events(&self) -> bool {
        let record = &self.found.record;
        let is_instance = matches!(record.entity, Entity::Instance(_));
        let first = record.events.first().map(|event| event.what);
        let begins =
            [EventKind::Call(Activity::NewInstance), EventKind::Other(OtherEvent::Imported)];
        match first {
            Some(first) => is_instance && !begins.contains(&first),
            None => record.changed.is_none(),
        }
    }

    /// Whether a notice is a dead letter.
    pub fn has_dead(&self) -> bool {
        !self.found.record.outbox.dead.is_empty()
    }

    /// Whether a notice waits for a pause to end.
    pub fn has_pause(&self) -> bool {
        self.notices.iter().any(|status| status.next().is_some())
    }

    /// Whether the purchase waits for the product's own message, and no notice can be sent.
    pub fn needs_access(&self) -> bool {
        match &self.found.record.entity {
            Entity::Instance(instance) => {
                instance.is_waiting()
                    && self.notices.is_empty()
                    && instance.access == Access::Pending
            }
            Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_) => false,
        }
    }
}

impl PastEvent {
    fn of_event(event: &Event) -> Self {
        let line = event.line.as_ref().map(|line| format!("/{line}")).unwrap_or_default();
        let order = event.order.as_ref().map(|order| format!("{order}{line}"));
        Self {
            at: event.at,
            what: event.what.as_str().to_owned(),
            outcome: event.outcome.as_str().to_owned(),
            order: order.unwrap_or_default(),
        }
    }

    fn of_end(end: &NoticeEnd) -> Self {
        let attempts = match end.attempts {
            0 => String::new(),
            count => format!(" at attempt {count}"),
        };
        Self {
            at: end.at,
            what: format!("notice {} {}", end.sequence, end.kind.as_str()),
            outcome: format!("{}{attempts}", end.how.as_str()),
            order: String::new(),
        }
    }

    fn of_dead(status: &NoticeStatus<'_>) -> Option<Self> {
        let NoticeReason::Dead(at) = status.why else { return None };
        let what = format!("notice {} {}", status.notice.sequence(), status.notice.kind.as_str());
        let outcome = format!("given up after {} attempts", status.attempt_count);
        Some(Self { at, what, outcome, order: String::new() })
    }
}

fn wait(status: &NoticeStatus<'_>) -> String {
    let sequence = status.notice.sequence();
    match status.why {
        NoticeReason::Waits(NoticeWait::Due) => {
            format!("notice {sequence} waits for the next run of the relay")
        }
        NoticeReason::Waits(NoticeWait::Pause { .. }) => {
            format!("notice {sequence} waits for the end of the pause after a failed attempt")
        }
        NoticeReason::Waits(NoticeWait::Attempt { .. }) => {
            format!("notice {sequence} waits for the product's answer")
        }
        NoticeReason::Waits(NoticeWait::OrderQuery { .. }) => {
            format!("notice {sequence} waits for the marketplace's answer to the order query")
        }
        NoticeReason::Waits(NoticeWait::Notice { sequence: other }) => {
            format!("notice {sequence} waits for notice {other}")
        }
        NoticeReason::Waits(NoticeWait::DeadPurchase) => {
            format!("notice {sequence} waits for an operator: replay the dead instance.created")
        }
        NoticeReason::Dead(_) => {
            format!("notice {sequence} waits for an operator: the relay gave it up")
        }
    }
}

const CREATED: &str = "instance.created";
const NO_PRODUCT: &str =
    "if koohook has no product address, it sends no notice: it keeps them for reading";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::record::EntityRecord;
    use protocol::message::{InstanceId, OrderId};

    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

    fn found(change: impl FnOnce(&mut Instance)) -> FoundEntity {
        let (id, order) = (InstanceId::parse("i").unwrap(), OrderId::parse("CS1").unwrap());
        let mut instance = Instance::created(id, order, Access::Pending);
        change(&mut instance);
        let entity = Entity::Instance(instance);
        let list = domain::catalogue::CatalogueList::of(&entity).unwrap();
        let record = EntityRecord::new(entity);
        FoundEntity { key: "k".to_owned(), record, list, changed: None }
    }

    fn coming(found: &FoundEntity) -> Vec<(UnixMillis, String)> {
        let story = Story::new(found, NOW);
        story.coming().into_iter().map(|event| (event.at, event.what)).collect()
    }

    #[test]
    fn a_v1_purchase_is_checked_then_abandoned_ten_minutes_later() {
        let minutes = |count| NOW.after(Duration::from_mins(count));
        let check = "the relay checks this V1 purchase".to_owned();
        let abandon = "the relay abandons this V1 purchase".to_owned();
        let expected = [(minutes(5), check.clone()), (minutes(15), abandon.clone())];
        assert_eq!(coming(&found(|it| it.abandon_at = Some(minutes(5)))), expected);
        let late = found(|it| it.abandon_at = Some(UnixMillis::new(1)));
        assert_eq!(coming(&late), [(NOW, check), (minutes(10), abandon.clone())]);
        let sighted = found(|it| {
            (it.abandon_at, it.sighted_at) = (Some(UnixMillis::new(1)), Some(NOW));
        });
        assert_eq!(coming(&sighted), [(minutes(10), abandon)]);
    }

    #[test]
    fn a_record_that_does_not_begin_with_the_purchase_lacks_older_events() {
        let mut found = found(|_| ());
        assert!(Story::new(&found, NOW).lacks_older_events(), "schema 1");
        found.record.changed = Some(NOW);
        found.record.events = vec![Event::other(OtherEvent::AccessSent, NOW)];
        assert!(Story::new(&found, NOW).lacks_older_events());
        found.record.events.insert(0, Event::other(OtherEvent::Imported, NOW));
        assert!(!Story::new(&found, NOW).lacks_older_events());
    }
}
