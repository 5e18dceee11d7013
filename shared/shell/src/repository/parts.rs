//! Parts of an entity: written before it refers to them, and deleted once nothing does.

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

/// How many parts are read or written at once.
const AT_ONCE: usize = 8;
/// How often a part is read and written again because another was faster. It has few writers, and
/// each leaves it as the next one wants it.
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
        let standing = self.get(&key).await?.filter(|stored| !stored.bytes.is_empty());
        let Some(stored) = standing else { return Ok(None) };
        let bytes = self.seal.open(&key, &stored.bytes)?;
        if Seal::is_sealed(&stored.bytes) {
            self.opened().await?;
        }
        Ok(Some((name, bytes)))
    }

    /// Writes parts of an entity over absence, each on the agenda for when it has rested: until its
    /// owner refers to it, no other record does.
    ///
    /// # Errors
    /// If one of the outcomes is unknown; the parts that exist then are unused.
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
        let rested = self.world.now().after(REST);
        let value = Value { agenda: Some((Queue::Sweep, rested)), ..value };
        match self.put(&key, &value, None).await? {
            Put::Won => Ok(()),
            // Its name is random: no other part has it.
            Put::Lost(_) => Err(Failure::Contended),
        }
    }

    /// Takes a part that is referred to off the agenda.
    ///
    /// # Errors
    /// If the outcome is unknown, or others were faster again and again.
    pub async fn keep_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        self.rewrite_part(owner, name, |value| value).await
    }

    /// Postpones a part: whether anything refers to it cannot be known now.
    ///
    /// # Errors
    /// If the outcome is unknown, or others were faster again and again.
    pub async fn postpone_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        let agenda = Some((Queue::Sweep, self.world.now().after(REST)));
        self.rewrite_part(owner, name, |value| Value { agenda, ..value }).await
    }

    /// Deletes a part: an empty value that expires, since a store deletes nothing by itself.
    ///
    /// # Errors
    /// If the outcome is unknown, or others were faster again and again.
    pub async fn delete_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        let expires = Some(self.world.now().after(REST));
        self.rewrite_part(owner, name, |value| Value { bytes: Vec::new(), expires, ..value }).await
    }

    /// Writes a part anew, off the agenda, unless it was deleted. A writer that loses a race reads
    /// again: if it took the part for deleted, the part would stay for ever.
    async fn rewrite_part(
        &self,
        owner: &str,
        name: PartName,
        anew: impl Fn(Value) -> Value,
    ) -> Result<(), Failure> {
        let key = part_key(owner, name);
        let mut standing = self.get(&key).await?;
        for _ in 0..=MAX_PART_RACES_LOST {
            let Some(Stored { version, bytes }) = standing.filter(|it| !it.bytes.is_empty()) else {
                return Ok(());
            };
            let value = Value { version: self.version(), bytes, agenda: None, expires: None };
            let value = anew(value);
            match self.put(&key, &value, Some(version)).await? {
                Put::Won => return Ok(()),
                Put::Lost(faster) => standing = faster,
            }
        }
        Err(Failure::Contended)
    }
}
