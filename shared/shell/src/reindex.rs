//! Writes the entries of the catalogue that are missing or wrong (decision I4). An entry is missing
//! if an older koohook wrote the value.

use domain::catalogue::CatalogueEntry;
use domain::outbox::Reader;
use domain::record::EntityRecord;
use domain::store_keys;
use futures_util::{StreamExt, stream};
use protocol::time::UnixMillis;

use crate::failure::Failure;
use crate::repository::{Repository, Written};
use crate::store::{ScannedValue, Stored};
use crate::world::World;

/// What the check of a stored value found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reindexed {
    /// The value is not an entity record, or has expired.
    NoRecord,
    /// The entry is right.
    Right,
    /// The entry was missing or wrong, and is written now.
    Written,
}

/// Checks the values of one page of a scan, and writes the missing entries. A value keeps its
/// version until then. If another process writes it first, that process writes the entry.
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
    if is_expired || !store_keys::is_entity(&value.key) {
        return Ok(Reindexed::NoRecord);
    }
    let ScannedValue { key, version, bytes, agenda, catalogue, .. } = value;
    let slot = repository.slot(key, Stored { version, bytes })?;
    let Some(record) = slot.record().cloned() else { return Ok(Reindexed::NoRecord) };
    if is_right(&record, catalogue, now) {
        return Ok(Reindexed::Right);
    }
    // The notices of a value without an agenda entry wait for an operator, not for the relay.
    let reader = if agenda.is_some() { Reader::Product } else { Reader::Operator };
    match (Repository { reader, ..repository.clone() }).write(&slot, record).await? {
        Written::Won(_) => Ok(Reindexed::Written),
        Written::Lost(_) => Ok(Reindexed::Right),
    }
}

/// Whether the stored entry is the record's. A record of schema 1 does not contain the time of its
/// last change, so any time is right.
fn is_right(record: &EntityRecord, stored: Option<CatalogueEntry>, now: UnixMillis) -> bool {
    let changed = stored.map_or(now, |entry| entry.changed);
    record.catalogue(changed) == stored
}

/// How many values are written concurrently.
const AT_ONCE: usize = 16;
