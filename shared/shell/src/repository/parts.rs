//! Parts of an entity. A part is written before the entity refers to it, and deleted when no record
//! refers to it any more.

use std::collections::{BTreeMap, BTreeSet};

use domain::kit_list::PartName;
use domain::record::REST;
use domain::store_keys::part_key;
use futures_util::{StreamExt, stream};

use super::Repository;
use crate::failure::Failure;
use crate::seal::Seal;
use crate::store::{Put, Queue, Stored, Value};
use crate::world::World;

/// How many parts are read or written concurrently.
const AT_ONCE: usize = 8;
/// How many times koohook tries again to change a part because another writer was faster. A part
/// has few writers, so few tries are enough.
const MAX_PART_RACES_LOST: usize = 8;

impl<W: World> Repository<'_, W> {
    /// Reads parts of an entity; `None` if one of them was deleted.
    ///
    /// # Errors
    /// If the store does not answer in time, or a part cannot be decrypted.
    pub async fn read_parts(
        &self,
        owner: &str,
        names: BTreeSet<PartName>,
    ) -> Result<Option<BTreeMap<PartName, Vec<u8>>>, Failure> {
        self.counts.add_reads(names.len());
        let reads: Vec<_> = names.into_iter().map(|name| self.read_part(owner, name)).collect();
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        let read: Vec<_> = read.into_iter().collect::<Result<_, Failure>>()?;
        Ok(read.into_iter().collect())
    }

    async fn read_part(
        &self,
        owner: &str,
        name: PartName,
    ) -> Result<Option<(PartName, Vec<u8>)>, Failure> {
        let key = part_key(owner, name);
        let stored = self.get(&key).await?.filter(|it| !it.bytes.is_empty());
        let Some(stored) = stored else { return Ok(None) };
        let bytes = self.decrypt(&key, &stored.bytes)?;
        if Seal::is_sealed(&stored.bytes) {
            self.put_missing_mark().await?;
        }
        Ok(Some((name, bytes)))
    }

    /// Writes parts of an entity over absence. Each part gets an agenda entry that is due after an
    /// hour. If the entity does not refer to the part by then, the relay deletes it.
    ///
    /// # Errors
    /// If an outcome is unknown. Parts that were written are then unused.
    pub async fn write_parts(
        &self,
        owner: &str,
        parts: BTreeMap<PartName, Vec<u8>>,
    ) -> Result<(), Failure> {
        self.counts.add_writes(parts.len());
        let writes: Vec<_> =
            parts.into_iter().map(|(name, bytes)| self.write_part(owner, name, bytes)).collect();
        let written: Vec<_> = stream::iter(writes).buffered(AT_ONCE).collect().await;
        written.into_iter().collect()
    }

    async fn write_part(&self, owner: &str, name: PartName, bytes: Vec<u8>) -> Result<(), Failure> {
        let key = part_key(owner, name);
        let value = self.sealed(&key, &bytes)?;
        let checked_at = self.world.now().after(REST);
        let value = Value { agenda: Some((Queue::Sweep, checked_at)), ..value };
        match self.put(&key, &value, None).await? {
            Put::Won => Ok(()),
            // Part names are random, so another writer cannot have used this one.
            Put::Lost(_) => Err(Failure::Contended),
        }
    }

    /// Removes a part from the agenda, because a record refers to it.
    ///
    /// # Errors
    /// If the outcome is unknown, or other writers were faster every time.
    pub async fn keep_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        self.rewrite_part(owner, name, |value| value).await
    }

    /// Postpones the check of a part, because koohook cannot find out now whether a record refers
    /// to it.
    ///
    /// # Errors
    /// If the outcome is unknown, or other writers were faster every time.
    pub async fn postpone_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        let agenda = Some((Queue::Sweep, self.world.now().after(REST)));
        self.rewrite_part(owner, name, |value| Value { agenda, ..value }).await
    }

    /// Deletes a part: writes an empty value that expires, since a store has no delete operation.
    ///
    /// # Errors
    /// If the outcome is unknown, or other writers were faster every time.
    pub async fn delete_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        let expires = Some(self.world.now().after(REST));
        self.rewrite_part(owner, name, |value| Value { bytes: Vec::new(), expires, ..value }).await
    }

    /// Writes a part again, without an agenda entry unless `change` adds one. Does nothing if the
    /// part was deleted. After a lost race it uses the value that won: if it treated the part as
    /// deleted, the part would stay forever.
    async fn rewrite_part(
        &self,
        owner: &str,
        name: PartName,
        change: impl Fn(Value) -> Value,
    ) -> Result<(), Failure> {
        let key = part_key(owner, name);
        let mut stored = self.get(&key).await?;
        for _ in 0..=MAX_PART_RACES_LOST {
            let Some(Stored { version, bytes }) = stored.filter(|it| !it.bytes.is_empty()) else {
                return Ok(());
            };
            let value = Value { version: self.version(), bytes, ..Value::default() };
            let value = change(value);
            match self.put(&key, &value, Some(version)).await? {
                Put::Won => return Ok(()),
                Put::Lost(faster) => stored = faster,
            }
        }
        Err(Failure::Contended)
    }
}
