//! Step 5 of a callback's path: what becomes of the one kept value.

use protocol::message::Reply;
use protocol::time::UnixMillis;

use crate::entity::{Entity, EntityRecord};
use crate::idempotency::{Order, Recall};
use crate::outbox::Reader;
use crate::page::{Change, Decision};
use crate::refusal::Refusal;
use crate::remark::Remark;

/// What a call makes of a kept value.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What is to be written over the value that was read; `None` where nothing changes.
    pub write: Option<EntityRecord>,
    /// The answer, once that is written.
    pub reply: Reply,
    /// What became of the call, in the log's word.
    pub outcome: CallOutcome,
    /// What the log should say beside it.
    pub remarks: Vec<Remark>,
}

/// What became of a believed, well-formed call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallOutcome {
    /// Something changed.
    Applied,
    /// The order was carried out before.
    Repeated,
    /// It has no effect on what stands.
    NoEffect,
}

impl CallOutcome {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Repeated => "repeated",
            Self::NoEffect => "no-effect",
        }
    }
}

/// Decides a call on what stands.
///
/// # Errors
/// Where the rules say no.
pub fn decide<P: Change>(
    page: &P,
    request: &P::Request,
    current: Option<EntityRecord>,
    reader: Reader,
    now: UnixMillis,
) -> Result<Verdict, Refusal> {
    let entity = current.as_ref().and_then(|kept| kept.entity.clone().try_into().ok());
    let order = page.order(request);
    let recall = recall(current.as_ref(), order.as_ref());
    let decision = match (recall, entity.clone()) {
        (Recall::Repeat | Recall::Conflict, Some(entity)) => page.repeat(request, entity, now),
        (Recall::Repeat | Recall::Conflict | Recall::Fresh, entity) => {
            page.decide(request, entity, now)?
        }
    };
    let Decision { entity: changed, notices, remarks } = decision;
    let conflict = (recall == Recall::Conflict).then_some(Remark::OtherMeaning);
    let remarks = conflict.into_iter().chain(remarks).collect();
    let outcome = match (recall, &changed) {
        (Recall::Repeat | Recall::Conflict, _) => CallOutcome::Repeated,
        (Recall::Fresh, Some(_)) => CallOutcome::Applied,
        (Recall::Fresh, None) => CallOutcome::NoEffect,
    };
    let Some(changed) = changed else {
        let entity = entity.ok_or(Refusal::InstanceUnknown)?;
        return Ok(Verdict { write: None, reply: page.reply(request, &entity), outcome, remarks });
    };
    let reply = page.reply(request, &changed);
    let mut kept = kept_with(current, changed.into());
    if let Some(order) = order.filter(|_| recall == Recall::Fresh) {
        kept.ledger.remember(&order);
    }
    kept.outbox.append(notices, reader, now);
    Ok(Verdict { write: Some(kept), reply, outcome, remarks })
}

fn recall(current: Option<&EntityRecord>, order: Option<&Order>) -> Recall {
    match (current, order) {
        (Some(kept), Some(order)) => kept.ledger.recall(order),
        (None, _) | (_, None) => Recall::Fresh,
    }
}

fn kept_with(current: Option<EntityRecord>, entity: Entity) -> EntityRecord {
    match current {
        Some(kept) => EntityRecord { entity, ..kept },
        None => EntityRecord::new(entity),
    }
}
