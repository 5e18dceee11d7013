//! Step 5 of a callback: decides how the entity record changes.

pub mod list;

use protocol::message::Reply;
use protocol::time::UnixMillis;

use crate::decision::Decision;
use crate::entity::Entity;
use crate::history::{CallOutcome, EventCall, KitIds};
use crate::idempotency::{Order, Recall};
use crate::instance::effective;
use crate::outbox::Reader;
use crate::page::{Change, Moment};
use crate::record::EntityRecord;
use crate::refusal::Refusal;
use crate::remark::Remark;

/// The result of a call on an entity record.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The record to write over the one that was read; `None` if nothing changes.
    pub write: Option<EntityRecord>,
    /// The reply to send after the write.
    pub reply: Reply,
    /// The outcome, for the log.
    pub outcome: CallOutcome,
    /// Further remarks for the log.
    pub remarks: Vec<Remark>,
}

/// A kind of entity that a request can change.
pub trait Kind: Clone + Into<Entity> + Send + Sync + TryFrom<Entity> {}

impl<E: Clone + Into<Entity> + Send + Sync + TryFrom<Entity>> Kind for E {}

/// Decides a call on the record that exists now. `call` is the call for the record's history.
///
/// # Errors
/// If a rule refuses the call.
pub fn decide<E: Kind>(
    change: &dyn Change<E>,
    call: &EventCall,
    current: Option<&EntityRecord>,
    reader: Reader,
    now: UnixMillis,
) -> Result<Verdict, Refusal> {
    let entity: Option<E> = current.and_then(|record| record.entity.clone().try_into().ok());
    let order = change.order();
    let recall = recall(current, order.as_ref());
    let newest = current.and_then(|record| record.entity.newest_call());
    let (at, ahead) = effective(change.at().unwrap_or(now), newest, now);
    let (decision, ahead) = match decision(change, entity.clone(), recall, Moment { at, now })? {
        Some(decision) => (decision, ahead),
        None => (Decision::nothing(), None),
    };
    let Decision { entity: changed, notices, remarks } = decision;
    let conflict = (recall == Recall::Conflict).then_some(Remark::OtherMeaning);
    let remarks = conflict.into_iter().chain(remarks).chain(ahead).collect();
    let outcome = outcome(recall, !notices.is_empty());
    let Some(changed) = changed else {
        let entity = entity.ok_or(Refusal::InstanceUnknown)?;
        return Ok(Verdict { write: None, reply: change.reply(&entity), outcome, remarks });
    };
    let reply = change.reply(&changed);
    let mut record = record_of(current, changed.into());
    if let Some(order) = order.filter(|_| recall == Recall::Fresh) {
        record.ledger.remember(&order);
    }
    record.outbox.append(notices, reader, now);
    record.ids = KitIds::of(&change.subject()).or(record.ids);
    record.add_event(call.event(at, outcome));
    Ok(Verdict { write: Some(record), reply, outcome, remarks })
}

/// The decision of the request. `None` if the call is a repeat that changes nothing.
fn decision<E>(
    change: &dyn Change<E>,
    entity: Option<E>,
    recall: Recall,
    moment: Moment,
) -> Result<Option<Decision<E>>, Refusal> {
    match (recall, entity) {
        (Recall::Repeat | Recall::Conflict, Some(entity)) => Ok(change.repeat(entity, moment)),
        (Recall::Repeat | Recall::Conflict | Recall::Fresh, entity) => {
            change.decide(entity, moment).map(Some)
        }
    }
}

/// A call without a notice had no effect, though it may have stored its time.
const fn outcome(recall: Recall, is_notified: bool) -> CallOutcome {
    match (recall, is_notified) {
        (Recall::Repeat | Recall::Conflict, _) => CallOutcome::Repeated,
        (Recall::Fresh, true) => CallOutcome::Applied,
        (Recall::Fresh, false) => CallOutcome::NoEffect,
    }
}

fn recall(current: Option<&EntityRecord>, order: Option<&Order>) -> Recall {
    match (current, order) {
        (Some(record), Some(order)) => record.ledger.recall(order),
        (None, _) | (_, None) => Recall::Fresh,
    }
}

fn record_of(current: Option<&EntityRecord>, entity: Entity) -> EntityRecord {
    match current {
        // The old entity is not cloned.
        Some(EntityRecord { ledger, outbox, ids, events, changed, .. }) => EntityRecord {
            entity,
            ledger: ledger.clone(),
            outbox: outbox.clone(),
            ids: ids.clone(),
            events: events.clone(),
            changed: *changed,
        },
        None => EntityRecord::new(entity),
    }
}
