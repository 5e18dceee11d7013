//! Writes the entries of stored values that are missing or wrong: of entities those in the catalogue
//! (decision I4), of the usage of instances those on the agenda. An entity lacks its entry if an older
//! koohook wrote the value. Usage lacks its entry only if the store lost it, and would never be sent.

use domain::catalogue::{CatalogueEntry, CatalogueList};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use domain::store_keys;
use futures_util::{StreamExt, stream};
use protocol::time::UnixMillis;

use crate::failure::Failure;
use crate::repository::{Repository, Slot, StoredRecord, UsageSlot, Written};
use crate::store::{Queue, ScannedValue, Stored};
use crate::world::World;

/// What the check of a stored value found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reindexed {
    /// The value is neither an entity record nor the usage of an instance, or has expired.
    NoRecord,
    /// The entries are right.
    Right,
    /// An entry was missing or wrong, and is written now.
    Written,
}

/// Checks the values of one page of a scan, and writes the missing entries. If another koohook writes
/// a value first, it writes the entry. If an older koohook writes it first, the entry is still
/// missing, and is written over that value.
///
/// Returns one result for each value: a failure if the value is unusable, or the outcome of its
/// write is unknown.
pub async fn reindex<W: World>(
    repository: &Repository<'_, W>,
    values: Vec<ScannedValue>,
) -> Vec<Result<Reindexed, Failure>> {
    let checks = values.into_iter().map(|value| reindex_one(repository, value));
    stream::iter(checks.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
}

async fn reindex_one<W: World>(
    repository: &Repository<'_, W>,
    value: ScannedValue,
) -> Result<Reindexed, Failure> {
    let now = repository.world.now();
    let is_expired = value.expires.is_some_and(|expires| expires <= now);
    if is_expired {
        Ok(Reindexed::NoRecord)
    } else if store_keys::is_entity(&value.key) {
        reindex_entity(repository, value, now).await
    } else if store_keys::is_usage(&value.key) {
        reindex_usage(repository, value, now).await
    } else {
        Ok(Reindexed::NoRecord)
    }
}

async fn reindex_entity<W: World>(
    repository: &Repository<'_, W>,
    value: ScannedValue,
    now: UnixMillis,
) -> Result<Reindexed, Failure> {
    let ScannedValue { key, version, bytes, agenda, catalogue, .. } = value;
    let slot = repository.slot(key, Stored { version, bytes })?;
    let Some(record) = slot.record() else { return Ok(Reindexed::NoRecord) };
    if is_right(record, catalogue, now) {
        return Ok(Reindexed::Right);
    }
    let reader = reader_of(record, agenda, now);
    write_entry(&Repository { reader, ..repository.clone() }, slot).await
}

/// Every koohook that writes usage writes its entry, too. So a lost race needs no second write.
async fn reindex_usage<W: World>(
    repository: &Repository<'_, W>,
    value: ScannedValue,
    now: UnixMillis,
) -> Result<Reindexed, Failure> {
    let ScannedValue { key, version, bytes, agenda, catalogue, .. } = value;
    let slot: UsageSlot = repository.slot(key, Stored { version, bytes })?;
    let Some(usage) = slot.record() else { return Ok(Reindexed::NoRecord) };
    if usage.agenda_entry(repository.reader, now) == agenda && catalogue.is_none() {
        return Ok(Reindexed::Right);
    }
    Ok(match repository.write_usage(&slot, usage.clone()).await? {
        Written::Won(_) => Reindexed::Written,
        Written::Lost(_) => Reindexed::Right,
    })
}

/// Writes the entry of a value, until the value has one.
async fn write_entry<W: World>(
    repository: &Repository<'_, W>,
    mut slot: Slot,
) -> Result<Reindexed, Failure> {
    loop {
        let Some(record) = slot.record().cloned() else { return Ok(Reindexed::NoRecord) };
        match repository.write(&slot, record).await? {
            Written::Won(_) => return Ok(Reindexed::Written),
            Written::Lost(faster) if faster.record().is_some_and(lacks_entry) => slot = faster,
            Written::Lost(_) => return Ok(Reindexed::Right),
        }
        repository.rest().await?;
    }
}

/// Whether an older koohook wrote the record, without an entry.
fn lacks_entry(record: &EntityRecord) -> bool {
    record.changed.is_none() && CatalogueList::of(&record.entity).is_some()
}

/// Whether the stored entry is the record's. A record of schema 1 gets the time of its last change
/// together with its entry.
fn is_right(record: &EntityRecord, stored: Option<CatalogueEntry>, now: UnixMillis) -> bool {
    record.catalogue(now) == stored && !lacks_entry(record)
}

/// Who reads the notices of a value. If the agenda has no entry for its notices, they wait for an
/// operator and not for the relay.
pub(crate) fn reader_of(
    record: &EntityRecord,
    agenda: Option<(Queue, UnixMillis)>,
    now: UnixMillis,
) -> Reader {
    let due = record.due(Reader::Operator, now).map(|at| (Queue::Due, at));
    let without_notices = due.or_else(|| record.dead().map(|at| (Queue::Dead, at)));
    if agenda.is_none() || agenda == without_notices { Reader::Operator } else { Reader::Product }
}

/// How many values are written concurrently.
const AT_ONCE: usize = 16;
