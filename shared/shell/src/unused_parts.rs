//! Deletes parts to which no record refers: parts of interrupted writes, and parts that a newer
//! part replaced (decision E1a). It is safe while callbacks and other sweeps run. A sweep works in
//! batches and stores its progress after each, so that it can finish a list of any length.

use std::collections::BTreeSet;

use domain::entity::Entity;
use domain::kit_list::KitList;
use domain::kit_list::PartName;
use domain::record::EntityRecord;
use futures_util::{StreamExt, stream};

use crate::failure::Failure;
use crate::repository::{Repository, Slot, Start, Update};
use crate::world::World;

/// The result of a batch of a sweep.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Parts that were deleted.
    pub deleted: usize,
    /// Parts to which a record refers, and that were removed from the agenda.
    pub kept: usize,
}

/// How many parts a batch has. If a process ends, at most this many are swept twice.
pub const BATCH: usize = 64;
/// How many parts are deleted concurrently.
const AT_ONCE: usize = 16;

/// Deletes parts that a list's record names as unused, and then removes their names. Returns also
/// whether the record names more unused parts.
///
/// # Errors
/// If the store does not answer in time. Finished work stays done.
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
    let more = remove_names(repository, slot, &gone).await?;
    failure.map_or(Ok((Swept { deleted, kept: 0 }, more)), Err)
}

/// Checks parts of one list whose waiting time has passed. koohook keeps the parts to which the
/// list refers, and deletes the others. A writer may have paused all this time and could still
/// write a record that refers to such a part. So koohook fences the list first: it changes the
/// list's version and its fence counter. Then the write of that writer fails, and the writer finds
/// the new fence counter.
///
/// # Errors
/// If the store does not answer in time. Finished work stays done.
pub async fn sweep_parts<W: World>(
    repository: &Repository<'_, W>,
    owner: &str,
    names: &BTreeSet<PartName>,
) -> Result<Swept, Failure> {
    let slot = match repository.read_key(owner.to_owned()).await {
        Err(fault @ (Failure::Unopened | Failure::Value(_))) => {
            // Otherwise they would stay first on the agenda and block the other parts.
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

/// Deletes each part. Returns the deleted parts, and the first failure if there was one.
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

/// Removes the names of deleted parts from the current record. Returns whether the record names
/// more unused parts. Callbacks may change the list meanwhile and name other parts.
async fn remove_names<W: World>(
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

/// Changes the version and the fence counter of a list, unless the list names all these parts. So
/// no paused writer can still refer to the other parts. Returns the parts that the list does not
/// name. If another write was faster, the check is repeated on the new record, which may name them.
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

/// The parts among `names` to which a list's record refers.
fn named(slot: &Slot, names: &BTreeSet<PartName>) -> BTreeSet<PartName> {
    let known = slot.record().map(referred).unwrap_or_default();
    names.intersection(&known).copied().collect()
}

/// The parts that a list's record names as unused.
pub fn unused(slot: &Slot) -> BTreeSet<PartName> {
    match slot.record().map(|record| &record.entity) {
        Some(Entity::KitList(list)) => list.unused.clone(),
        Some(_) | None => BTreeSet::new(),
    }
}

/// Every part to which a record refers: in its index, as unused, or in a notice. Dead letters
/// count, since they may be replayed.
fn referred(record: &EntityRecord) -> BTreeSet<PartName> {
    let mut names: BTreeSet<_> = record.outbox.parts().collect();
    if let Entity::KitList(list) = &record.entity {
        names.extend(list.head.parts());
        names.extend(&list.unused);
    }
    names
}
