//! Entity records: read and decrypted, decided on, encrypted and written over the version that was
//! read, within a deadline.

mod parts;
mod seal_mark;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::entity::Subject;
use domain::kit_list::PartName;
use domain::outbox::Reader;
use domain::record::EntityRecord;
use futures_util::future;
use protocol::time::UnixMillis;

pub use self::update::{Start, Update, Updated};
use crate::failure::Failure;
use crate::seal::Seal;
use crate::store::{Put, Queue, Store, Stored, Unavailable, Value, Version};
use crate::world::{Deadline, World};

/// How often a write without a reply is sent again, under the same version.
const MAX_RESENDS: usize = 2;
/// How long a lost race rests at least and at most, in milliseconds, before it is decided again:
/// those who raced come back apart.
const REST_AFTER_RACE: [u64; 2] = [2, 40];

/// Reads and writes entity records for as long as a deadline allows.
pub struct Repository<'a, W> {
    /// Whose store, clock and chance.
    pub world: &'a W,
    /// What encrypts stored values.
    pub seal: &'a Seal,
    /// Who reads the notices: decides what is due.
    pub reader: Reader,
    /// By when.
    pub deadline: Deadline,
    /// How many records and parts were read and written.
    pub counts: Arc<Counts>,
}

/// How many records and parts were read and written, for the call log.
#[derive(Debug, Default)]
pub struct Counts {
    /// Reads.
    pub reads: AtomicUsize,
    /// Writes, also those that lost a race.
    pub writes: AtomicUsize,
}

/// A key of the store, and what was read there: to be written over, or not at all.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The key.
    pub key: String,
    /// What exists there; `None` is absence.
    pub found: Option<Versioned>,
    /// Those of its parts that were asked for.
    pub parts: BTreeMap<PartName, Vec<u8>>,
}

/// An entity record, and the version that a write must name.
#[derive(Clone, Debug)]
pub struct Versioned {
    /// The version that was read or written.
    pub version: Version,
    /// The record.
    pub record: EntityRecord,
}

/// What became of a write.
#[derive(Debug)]
pub enum Written {
    /// It exists now.
    Won(Slot),
    /// Another was faster; this exists instead.
    Lost(Slot),
}

impl Slot {
    const fn new(key: String, found: Option<Versioned>) -> Self {
        Self { key, found, parts: BTreeMap::new() }
    }

    /// The record that exists there.
    pub fn record(&self) -> Option<&EntityRecord> {
        self.found.as_ref().map(|found| &found.record)
    }

    /// Whether these of its parts were read.
    pub fn has_parts(&self, names: &BTreeSet<PartName>) -> bool {
        names.iter().all(|name| self.parts.contains_key(name))
    }

    fn version(&self) -> Option<Version> {
        self.found.as_ref().map(|found| found.version)
    }
}

impl<W> Clone for Repository<'_, W> {
    fn clone(&self) -> Self {
        Self { counts: Arc::clone(&self.counts), ..*self }
    }
}

impl Counts {
    fn add_reads(&self, count: usize) {
        self.reads.fetch_add(count, Ordering::Relaxed);
    }

    fn add_writes(&self, count: usize) {
        self.writes.fetch_add(count, Ordering::Relaxed);
    }
}

impl<'a, W: World> Repository<'a, W> {
    /// Access that has read and written nothing yet.
    pub fn new(world: &'a W, seal: &'a Seal, reader: Reader, deadline: Deadline) -> Self {
        Self { world, seal, reader, deadline, counts: Arc::default() }
    }

    /// Reads what exists under a subject's key.
    ///
    /// # Errors
    /// If the store does not answer in time, or what exists is unusable.
    pub async fn read(&self, subject: &Subject) -> Result<Slot, Failure> {
        self.read_key(subject.key()).await
    }

    /// Reads what exists under a key that an agenda named.
    ///
    /// # Errors
    /// If the store does not answer in time, or what exists is unusable.
    pub async fn read_key(&self, key: String) -> Result<Slot, Failure> {
        self.counts.add_reads(1);
        let standing = self.get(&key).await?;
        let is_sealed = standing.as_ref().is_some_and(|it| Seal::is_sealed(&it.bytes));
        let slot = self.open(key, standing)?;
        if is_sealed {
            self.opened().await?;
        }
        Ok(slot)
    }

    /// Writes a record over what was read, in one conditional write.
    ///
    /// # Errors
    /// If the outcome is unknown, or the record is too large.
    pub async fn write(&self, slot: &Slot, record: EntityRecord) -> Result<Written, Failure> {
        let due = record.due(self.reader, self.world.now()).map(|at| (Queue::Due, at));
        let dead = || record.dead().map(|at| (Queue::Dead, at));
        let value = self.sealed(&slot.key, &record.to_bytes()?)?;
        let value = Value { agenda: due.or_else(dead), ..value };
        let key = slot.key.clone();
        self.counts.add_writes(1);
        match self.put(&slot.key, &value, slot.version()).await? {
            Put::Won => {
                let found = Some(Versioned { version: value.version, record });
                Ok(Written::Won(Slot::new(key, found)))
            }
            Put::Lost(faster) => self.open(key, faster).map(Written::Lost),
        }
    }

    /// Rests after a lost race, before it is decided again on what exists.
    ///
    /// # Errors
    /// If no time is left for another try.
    pub async fn rest(&self) -> Result<(), Failure> {
        let [least, most] = REST_AFTER_RACE;
        let drawn = u64::from(u16::from_le_bytes(self.world.random()));
        let span = Duration::from_millis(least + drawn % (most - least));
        if self.deadline.left(self.world) <= span {
            return Err(Failure::Contended);
        }
        self.world.pause(span).await;
        Ok(())
    }

    /// Deletes what was read, and at once: a callback may write there next. What another wrote over
    /// it since then stays.
    ///
    /// # Errors
    /// If the outcome is unknown.
    pub async fn delete(&self, slot: &Slot) -> Result<(), Failure> {
        let Some(over) = slot.version() else { return Ok(()) };
        self.counts.add_writes(1);
        let expires = Some(self.world.now());
        let value = Value { version: self.version(), bytes: Vec::new(), agenda: None, expires };
        self.put(&slot.key, &value, Some(over)).await.map(drop)
    }

    fn version(&self) -> Version {
        Version(self.world.random())
    }

    /// Reads a value, and beside the first one of a process the store's mark.
    async fn get(&self, key: &str) -> Result<Option<Stored>, Failure> {
        let (proven, found) = future::join(self.prove(), self.look_up(key)).await;
        proven?;
        found
    }

    async fn look_up(&self, key: &str) -> Result<Option<Stored>, Failure> {
        let get = self.world.store().get(key, self.world.now());
        let left = self.deadline.left(self.world);
        Ok(self.world.within(left, get).await.ok_or(Failure::OutOfTime)??)
    }

    /// Puts a mark that expires, over absence; whether it was ours to put.
    ///
    /// # Errors
    /// Where the outcome is unknown.
    pub async fn mark(&self, key: &str, expires: UnixMillis) -> Result<bool, Failure> {
        self.counts.add_writes(1);
        let value = Value { expires: Some(expires), ..self.sealed(key, b"")? };
        Ok(self.put(key, &value, None).await? == Put::Won)
    }

    fn open(&self, key: String, stored: Option<Stored>) -> Result<Slot, Failure> {
        let Some(Stored { version, bytes }) = stored else { return Ok(Slot::new(key, None)) };
        let record = EntityRecord::from_bytes(&self.seal.open(&key, &bytes)?)?;
        Ok(Slot::new(key, Some(Versioned { version, record })))
    }

    fn sealed(&self, key: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let bytes = self.seal.seal(key, bytes, self.world.random())?;
        Ok(Value { version: self.version(), bytes, agenda: None, expires: None })
    }

    async fn put(&self, key: &str, value: &Value, over: Option<Version>) -> Result<Put, Failure> {
        self.prove().await?;
        self.put_unproven(key, value, over).await
    }

    /// Writes, and writes again under the same version if no reply came: the write that is found
    /// under it is our own.
    async fn put_unproven(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
    ) -> Result<Put, Failure> {
        let mut outcome = Err(Unavailable);
        for _ in 0..=MAX_RESENDS {
            let put = self.world.store().put(key, value, over, self.world.now());
            let left = self.deadline.left(self.world);
            outcome = self.world.within(left, put).await.ok_or(Failure::OutOfTime)?;
            if outcome.is_ok() {
                break;
            }
        }
        match outcome? {
            Put::Lost(Some(standing)) if standing.version == value.version => Ok(Put::Won),
            put => Ok(put),
        }
    }
}
