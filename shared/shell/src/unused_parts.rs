//! Deletes parts that nothing refers to: those of interrupted writes, and those that a newer
//! part replaced (decision E1a). Safe beside callbacks and beside other sweeps. A sweep goes by
//! batches and keeps its progress after each, so that a list of any length is swept in the end.

use std::collections::BTreeSet;

use domain::entity::Entity;
use domain::kit_list::KitList;
use domain::kit_list::PartName;
use domain::record::EntityRecord;
use futures_util::{StreamExt, stream};

use crate::failure::Failure;
use crate::repository::{Repository, Slot, Start, Update};
use crate::world::World;

/// What a batch of a sweep did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Parts that were deleted.
    pub deleted: usize,
    /// Parts that are referred to, and were taken off the agenda.
    pub kept: usize,
}

/// How many parts a batch works on: so much is done again if a process ends.
pub const BATCH: usize = 64;
/// How many of them at once.
const AT_ONCE: usize = 16;

/// Deletes parts that a list mentions as unused, and then removes the mention; whether the list
/// mentions more.
///
/// # Errors
/// If the store does not answer in time. What was done stays done.
pub async fn sweep_unused<W: World>(
    repository: &Repository<'_, W>,
    slot: Slot,
) -> Result<(Swept, bool), Failure> {
    let names: BTreeSet<_> = unused(&slot).into_iter().take(BATCH).collect();
    if names.is_empty() {
        return Ok((Swept::default(), false));
    }
    let (gone, failure) = delete(repository, &slot.key, &names).await;
    let deleted = gone.len();
    let more = remove_mention(repository, slot, &gone).await?;
    failure.map_or(Ok((Swept { deleted, kept: 0 }, more)), Err)
}

/// Looks at parts of one list that have rested: the list refers to each, or never will. A writer
/// who paused for all that time must not refer to a part that is gone, so the list is fenced
/// before any part goes: its version changes, and the mark by which the writer sees why.
///
/// # Errors
/// If the store does not answer in time. What was done stays done.
pub async fn sweep_parts<W: World>(
    repository: &Repository<'_, W>,
    owner: &str,
    names: &BTreeSet<PartName>,
) -> Result<Swept, Failure> {
    let slot = match repository.read_key(owner.to_owned()).await {
        Err(fault @ (Failure::Unopened | Failure::Value(_))) => {
            // In front of the agenda they would keep others from being looked at.
            for name in names {
                repository.postpone_part(owner, *name).await?;
            }
            return Err(fault);
        }
        slot => slot?,
    };
    let named = named(&slot, names);
    for name in &named {
        repository.keep_part(owner, *name).await?;
    }
    let unknown = fence(repository, slot, names).await?;
    let (gone, failure) = delete(repository, owner, &unknown).await;
    failure.map_or(Ok(Swept { deleted: gone.len(), kept: named.len() }), Err)
}

/// Deletes each part; which are gone, and the first failure if there was one.
async fn delete<W: World>(
    repository: &Repository<'_, W>,
    owner: &str,
    names: &BTreeSet<PartName>,
) -> (BTreeSet<PartName>, Option<Failure>) {
    let works: Vec<_> = names
        .iter()
        .map(|name| async move { repository.delete_part(owner, *name).await.map(|()| *name) })
        .collect();
    let done: Vec<_> = stream::iter(works).buffer_unordered(AT_ONCE).collect().await;
    let mut gone = BTreeSet::new();
    let mut failure = None;
    for outcome in done {
        match outcome {
            Ok(name) => drop(gone.insert(name)),
            Err(fault) => failure = failure.or(Some(fault)),
        }
    }
    (gone, failure)
}

/// Removes the mention of parts that are gone, from what exists by now; whether more are mentioned.
/// Callers that change the list meanwhile are faster, and mention others.
async fn remove_mention<W: World>(
    repository: &Repository<'_, W>,
    slot: Slot,
    gone: &BTreeSet<PartName>,
) -> Result<bool, Failure> {
    let remove = |slot: &Slot| {
        let rest: BTreeSet<_> = unused(slot).difference(gone).copied().collect();
        let more = !rest.is_empty();
        let Some(record) = slot.record() else { return Ok(Update::Leave(false)) };
        let Entity::KitList(list) = &record.entity else {
            return Ok(Update::Leave(false));
        };
        if rest.len() == list.unused.len() {
            return Ok(Update::Leave(more));
        }
        let entity = KitList { unused: rest, ..list.clone() }.into();
        Ok::<_, Failure>(Update::write(EntityRecord { entity, ..record.clone() }, more))
    };
    Ok(repository.update(Start::Slot(slot), remove).await?.decided)
}

/// Fences a list against a writer of parts that it does not name; those parts. If another write was
/// faster, what exists by then may name them.
async fn fence<W: World>(
    repository: &Repository<'_, W>,
    slot: Slot,
    names: &BTreeSet<PartName>,
) -> Result<BTreeSet<PartName>, Failure> {
    let fence = |slot: &Slot| {
        let unknown: BTreeSet<_> = names.difference(&named(slot, names)).copied().collect();
        if unknown.is_empty() {
            return Ok(Update::Leave(unknown));
        }
        let absent = || EntityRecord::new(KitList::default().into());
        let mut record = slot.record().cloned().unwrap_or_else(absent);
        if let Entity::KitList(list) = &mut record.entity {
            list.fences = list.fences.saturating_add(1);
        }
        Ok::<_, Failure>(Update::write(record, unknown))
    };
    Ok(repository.update(Start::Slot(slot), fence).await?.decided)
}

/// Those parts that a list names.
fn named(slot: &Slot, names: &BTreeSet<PartName>) -> BTreeSet<PartName> {
    let known = slot.record().map(referred).unwrap_or_default();
    names.intersection(&known).copied().collect()
}

/// The parts that a list mentions as unused.
pub fn unused(slot: &Slot) -> BTreeSet<PartName> {
    match slot.record().map(|record| &record.entity) {
        Some(Entity::KitList(list)) => list.unused.clone(),
        Some(_) | None => BTreeSet::new(),
    }
}

/// Every part that a value names: of its index, unused, or of a notice. A dead letter may be
/// replayed.
fn referred(record: &EntityRecord) -> BTreeSet<PartName> {
    let mut names: BTreeSet<_> = record.outbox.parts().collect();
    if let Entity::KitList(list) = &record.entity {
        names.extend(list.head.parts());
        names.extend(&list.unused);
    }
    names
}
