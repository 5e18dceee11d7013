//! Copies the values of one page of a scan.
//!
//! A scan is not one moment of the store: values change while it runs. Each value is whole by itself,
//! except a list of users or departments, whose record refers to parts. A part never changes, and the
//! relay deletes it only after no record refers to it. So a record is copied together with its parts,
//! and if one of them has gone, the record has changed and is read again.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::kit_list::PartName;
use domain::record::EntityRecord;
use domain::store_keys::{is_backed_up, is_entity, part_key};
use futures_util::{StreamExt, stream};

use super::lines::BackupValue;
use crate::failure::Failure;
use crate::reindex::reader_of;
use crate::repository::{Repository, Slot, StoredRecord};
use crate::seal::Seal;
use crate::store::{ScannedValue, Stored};
use crate::world::{Deadline, World};

/// The values of a page, each after its parts.
#[derive(Debug, Default)]
pub struct CopiedPage {
    /// The values, as they are in the backup.
    pub values: Vec<BackupValue>,
    /// The keys of values that were copied although this koohook cannot use them, and why.
    pub unusable: Vec<(String, Failure)>,
}

/// Copies the values of a page. `seals` says whether unencrypted values are sealed in the copy.
///
/// # Errors
/// If the store does not answer, a list changes again and again, or a newer koohook wrote a list.
pub async fn copy_page<W: World>(
    repository: &Repository<'_, W>,
    values: Vec<ScannedValue>,
    seals: bool,
) -> Result<CopiedPage, Failure> {
    let deadline = Deadline::after(repository.world.elapsed(), PATIENCE);
    let copy = PageCopy { repository: Repository { deadline, ..repository.clone() }, seals };
    let now = repository.world.now();
    let mut page = CopiedPage::default();
    for value in values {
        let is_expired = value.expires.is_some_and(|expires| expires <= now);
        // An empty value is deleted.
        if is_backed_up(&value.key) && !is_expired && !value.bytes.is_empty() {
            copy.add(value, &mut page).await?;
        }
    }
    Ok(page)
}

/// How one page is copied.
struct PageCopy<'a, W> {
    repository: Repository<'a, W>,
    seals: bool,
}

impl<W: World> PageCopy<'_, W> {
    async fn add(&self, value: ScannedValue, page: &mut CopiedPage) -> Result<(), Failure> {
        if is_entity(&value.key) {
            return self.add_entity(value, page).await;
        }
        if self.repository.seal.open(&value.key, &value.bytes).is_err() {
            page.unusable.push((value.key.clone(), Failure::Unopened));
        }
        page.values.push(self.copied(value)?);
        Ok(())
    }

    /// Copies a record after its parts.
    async fn add_entity(
        &self,
        mut value: ScannedValue,
        page: &mut CopiedPage,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_READS {
            let record = match self.record(&value) {
                Ok(record) => record,
                // Without its parts, a list would be worse than no list.
                Err(failure) if is_list(&value.key) => return Err(failure),
                Err(failure) => {
                    page.unusable.push((value.key.clone(), failure));
                    page.values.push(self.copied(value)?);
                    return Ok(());
                }
            };
            if let Some(parts) = self.parts(&value.key, record.needed_parts()).await? {
                page.values.extend(parts);
                page.values.push(self.copied(value)?);
                return Ok(());
            }
            let Some(newer) = self.read_again(&value, &record).await? else { return Ok(()) };
            value = newer;
        }
        Err(Failure::Contended)
    }

    fn record(&self, value: &ScannedValue) -> Result<EntityRecord, Failure> {
        let bytes = self.repository.seal.open(&value.key, &value.bytes)?;
        Ok(EntityRecord::from_bytes(&bytes)?)
    }

    /// The parts of a record; `None` if one of them was deleted.
    async fn parts(
        &self,
        owner: &str,
        names: BTreeSet<PartName>,
    ) -> Result<Option<Vec<BackupValue>>, Failure> {
        let reads: Vec<_> = names.into_iter().map(|name| self.part(owner, name)).collect();
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        read.into_iter().collect::<Result<Option<_>, _>>()
    }

    async fn part(&self, owner: &str, name: PartName) -> Result<Option<BackupValue>, Failure> {
        let key = part_key(owner, name);
        let Some(Stored { version, bytes }) = self.repository.get(&key).await? else {
            return Ok(None);
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        // A record refers to it, so the relay need not check it.
        let (agenda, catalogue, expires) = (None, None, None);
        let part = ScannedValue { key, version, bytes, agenda, catalogue, expires };
        self.copied(part).map(Some)
    }

    /// Reads a record that has changed; `None` if it does not exist any more. The scan has read its
    /// entry on the agenda before, so it is made anew.
    async fn read_again(
        &self,
        value: &ScannedValue,
        before: &EntityRecord,
    ) -> Result<Option<ScannedValue>, Failure> {
        let now = self.repository.world.now();
        let Some(stored) = self.repository.get(&value.key).await? else { return Ok(None) };
        let slot: Slot = self.repository.slot(value.key.clone(), stored.clone())?;
        let reader = reader_of(before, value.agenda, now);
        let agenda = slot.record().and_then(|record| record.agenda_entry(reader, now));
        let catalogue = slot.record().and_then(|record| record.catalogue(now));
        let Stored { version, bytes } = stored;
        Ok(Some(ScannedValue { version, bytes, agenda, catalogue, ..value.clone() }))
    }

    fn copied(&self, value: ScannedValue) -> Result<BackupValue, Failure> {
        let ScannedValue { key, bytes, agenda, catalogue, expires, .. } = value;
        let value = if self.seals && !Seal::is_sealed(&bytes) {
            let content = self.repository.seal.open(&key, &bytes)?;
            self.repository.sealed(&key, &content)?.bytes
        } else {
            bytes
        };
        let (agenda, catalogue) = (agenda.map(Into::into), catalogue.map(Into::into));
        Ok(BackupValue { key, value, agenda, catalogue, expires })
    }
}

/// Whether the record of a key may refer to parts.
fn is_list(key: &str) -> bool {
    key.starts_with("users:") || key.starts_with("departments:")
}

/// How many parts are read concurrently.
const AT_ONCE: usize = 8;
/// How many times a record is read until all its parts exist. Each time another writer was faster.
const MAX_READS: usize = 32;
/// How long one page may take. The longest list has many parts.
const PATIENCE: Duration = Duration::from_mins(2);
