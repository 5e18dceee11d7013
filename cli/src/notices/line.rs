//! One notice as `list` and `show` print it.

use domain::entity::Entity;
use domain::notice::Notice;
use domain::outbox::{Attempt, DeliveryState};
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::repository::Slot;

use super::NoticeState;

/// A notice with its instance or entity.
pub struct NoticeLine<'a> {
    /// The instance's ID, or the entity's key.
    owner: &'a str,
    pub state: NoticeState,
    pub notice: &'a Notice,
    delivery: Option<&'a DeliveryState>,
    /// Whether the notice waits until the dead `instance.created` is replayed.
    is_blocked: bool,
    pub since: UnixMillis,
}

impl NoticeLine<'_> {
    /// The line of `list`.
    pub fn text(&self, now: UnixMillis) -> String {
        let Self { owner, notice, since, .. } = self;
        format!(
            "{}  {owner}  {}  {}  {}",
            since.to_rfc3339(),
            notice.sequence(),
            notice.kind.as_str(),
            self.state_text(now)
        )
    }

    fn state_text(&self, now: UnixMillis) -> String {
        if self.is_blocked {
            return "waiting; first replay the dead instance.created".to_owned();
        }
        let Some(delivery) = self.delivery else { return "waiting".to_owned() };
        let fault = delivery.attempts.last().map(|Attempt { fault, status, .. }| match status {
            Some(401) => {
                format!(": {fault} (401; compare KOOHOOK_PRODUCT_SECRET with the product's secret)")
            }
            Some(status) => format!(": {fault} ({status})"),
            None => format!(": {fault}"),
        });
        let fault = fault.unwrap_or_default();
        let DeliveryState { count, next, claimed, .. } = delivery;
        match (self.state, claimed) {
            (NoticeState::Dead, _) => format!("dead after {}{fault}", attempts(*count)),
            (NoticeState::Waiting, Some(_)) if now < *next => {
                format!("attempt {count} is running")
            }
            (NoticeState::Waiting, _) => {
                format!("{}, next at {}{fault}", attempts(*count), next.to_rfc3339())
            }
        }
    }

    /// The notice as `show` prints it.
    pub fn json(&self, key: &str) -> Value {
        json!({
            "key": key,
            "id": self.notice.id(key),
            "state": if self.state == NoticeState::Dead { "dead" } else { "waiting" },
            "trial": self.delivery,
            "notice": self.notice.body(),
        })
    }
}

fn attempts(count: u32) -> String {
    if count == 1 { "1 attempt".to_owned() } else { format!("{count} attempts") }
}

/// An entity's notices: the dead letters, then the waiting ones.
pub fn lines<'a>(slot: &'a Slot, owner: &'a str) -> impl Iterator<Item = NoticeLine<'a>> {
    slot.record().into_iter().flat_map(move |EntityRecord { outbox, .. }| {
        let dead = outbox.dead.iter().map(move |dead| NoticeLine {
            owner,
            state: NoticeState::Dead,
            notice: &dead.notice,
            delivery: Some(&dead.delivery),
            is_blocked: false,
            since: dead.at,
        });
        let waiting = outbox.waiting.iter().map(move |notice| NoticeLine {
            owner,
            state: NoticeState::Waiting,
            notice,
            delivery: outbox.delivery.as_ref().filter(|it| it.sequence == notice.sequence()),
            is_blocked: outbox.blocked && !notice.kind.ends(),
            since: notice.at,
        });
        dead.chain(waiting)
    })
}

/// The instance's ID, or the entity's key.
pub fn owner(slot: &Slot) -> String {
    match slot.record().map(|record| &record.entity) {
        Some(Entity::Instance(instance)) => instance.id.to_string(),
        _ => slot.key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::instance::{Access, Instance};
    use domain::notice::{NoticeDraft, NoticeType};
    use domain::outbox::{Outbox, Reader};
    use protocol::message::{InstanceId, OrderId};
    use shell::repository::Versioned;
    use shell::store::Version;

    use super::*;

    #[test]
    fn a_notice_behind_a_dead_purchase_says_what_it_waits_for() {
        let now = UnixMillis::new(1);
        let id = InstanceId::parse("i-1").unwrap();
        let instance = Instance::created(id, OrderId::parse("CS1").unwrap(), Access::Pending);
        let mut record = EntityRecord::new(instance.into());
        let states = |record: &EntityRecord| -> Vec<String> {
            let found = Some(Versioned { version: Version([0; 16]), record: record.clone() });
            let slot = Slot { key: "k".to_owned(), found, parts: BTreeMap::new() };
            lines(&slot, "i-1").map(|line| line.state_text(now)).collect()
        };
        record.outbox = Outbox { blocked: true, ..Outbox::default() };
        let drafts = [NoticeType::Renewed, NoticeType::Released].map(NoticeDraft::of_time);
        record.outbox.append(drafts.into(), Reader::Product, now);
        let blocked = "waiting; first replay the dead instance.created";
        assert_eq!(states(&record), [blocked, "waiting"]);
        record.outbox.blocked = false;
        assert_eq!(states(&record), ["waiting", "waiting"]);
    }
}
