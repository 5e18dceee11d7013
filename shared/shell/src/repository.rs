//! Reads and writes entity records within a deadline. It decrypts what it reads and encrypts what
//! it writes, and it writes over the version that was read.

mod catalogue_mark;
mod parts;
mod seal_mark;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use domain::entity::Subject;
use domain::kit_list::PartName;
use domain::outbox::Reader;
use domain::record::EntityRecord;
use futures_util::future;
use protocol::time::UnixMillis;

pub use self::catalogue_mark::mark_new_catalogue;
pub use self::update::{Start, Update, Updated};
use crate::failure::Failure;
use crate::seal::Seal;
use crate::store::{Put, Queue, Store, Stored, Unavailable, Value, Version};
use crate::world::{Deadline, World};

/// How many times koohook repeats a write that got no reply, with the same version.
const MAX_RESENDS: usize = 2;
/// The shortest and the longest pause after a lost race, in milliseconds. The pause is random, so
/// that the writers do not collide again.
const REST_AFTER_RACE: [u64; 2] = [2, 40];

/// Reads and writes entity records until a deadline.
pub struct Repository<'a, W> {
    /// The world, with the store, the clock and randomness.
    pub world: &'a W,
    /// Encrypts and decrypts stored values.
    pub seal: &'a Seal,
    /// The reader of the notices: the product or the operator. It determines which entities are
    /// due.
    pub reader: Reader,
    /// When all reads and writes must have ended.
    pub deadline: Deadline,
    /// How many records and parts were read and written.
    pub counts: Arc<Counts>,
}

/// How many records and parts were read and written, and how long the store took, for the call log.
#[derive(Debug, Default)]
pub struct Counts {
    /// The number of reads.
    pub reads: AtomicUsize,
    /// The number of writes, including those that lost a race.
    pub writes: AtomicUsize,
    store_micros: AtomicU64,
}

/// A key of the store, and the value that was read there. A write replaces only this version.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The store's key.
    pub key: String,
    /// The record with its version; `None` if there is no value.
    pub found: Option<Versioned>,
    /// The parts of the entity that were read.
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

/// The outcome of a write.
#[derive(Debug)]
pub enum Written {
    /// The record was written; this is the value now.
    Won(Slot),
    /// Another writer was faster; this is the value now.
    Lost(Slot),
}

impl Slot {
    const fn new(key: String, found: Option<Versioned>) -> Self {
        Self { key, found, parts: BTreeMap::new() }
    }

    /// The record, if there is a value.
    pub fn record(&self) -> Option<&EntityRecord> {
        self.found.as_ref().map(|found| &found.record)
    }

    /// Whether all these parts of the entity were read.
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

    fn add_store_time(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.store_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The time that all reads and writes took, added up.
    pub fn store_time(&self) -> Duration {
        Duration::from_micros(self.store_micros.load(Ordering::Relaxed))
    }
}

impl<'a, W: World> Repository<'a, W> {
    /// Makes a repository whose counts are zero.
    pub fn new(world: &'a W, seal: &'a Seal, reader: Reader, deadline: Deadline) -> Self {
        Self { world, seal, reader, deadline, counts: Arc::default() }
    }

    /// Reads the record under a subject's key.
    ///
    /// # Errors
    /// If the store does not answer in time, or the stored value is unusable.
    pub async fn read(&self, subject: &Subject) -> Result<Slot, Failure> {
        self.read_key(subject.key()).await
    }

    /// Reads the record under a key, for example from the agenda.
    ///
    /// # Errors
    /// If the store does not answer in time, or the stored value is unusable.
    pub async fn read_key(&self, key: String) -> Result<Slot, Failure> {
        self.counts.add_reads(1);
        let stored = self.get(&key).await?;
        let is_sealed = stored.as_ref().is_some_and(|it| Seal::is_sealed(&it.bytes));
        let slot = self.open(key, stored)?;
        if is_sealed {
            self.put_missing_mark().await?;
        }
        Ok(slot)
    }

    /// Writes a record over the version that was read, in one conditional write.
    ///
    /// # Errors
    /// If the outcome is unknown, or the record is too large.
    pub async fn write(&self, slot: &Slot, record: EntityRecord) -> Result<Written, Failure> {
        let now = self.world.now();
        let record = record.succeeding(slot.record(), now);
        let due = record.due(self.reader, now).map(|at| (Queue::Due, at));
        let dead = || record.dead().map(|at| (Queue::Dead, at));
        let value = self.sealed(&slot.key, &record.to_bytes()?)?;
        let value = Value { agenda: due.or_else(dead), catalogue: record.catalogue(now), ..value };
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

    /// Pauses after a lost race, before the caller decides again on the current value.
    ///
    /// # Errors
    /// If the time is too short to try again.
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

    /// Deletes the value that was read. It expires immediately, so that a callback may write there
    /// next. A value that another writer has put there since then stays.
    ///
    /// # Errors
    /// If the outcome is unknown.
    pub async fn delete(&self, slot: &Slot) -> Result<(), Failure> {
        let Some(over) = slot.version() else { return Ok(()) };
        self.counts.add_writes(1);
        let expires = Some(self.world.now());
        let value = Value { version: self.version(), expires, ..Value::default() };
        self.put(&slot.key, &value, Some(over)).await.map(drop)
    }

    fn version(&self) -> Version {
        Version(self.world.random())
    }

    /// Reads a value. The first read of a process also checks the store's seal mark, concurrently.
    async fn get(&self, key: &str) -> Result<Option<Stored>, Failure> {
        let (checked, found) = future::join(self.check_keys(), self.look_up(key)).await;
        checked?;
        found
    }

    async fn look_up(&self, key: &str) -> Result<Option<Stored>, Failure> {
        let get = self.world.store().get(key, self.world.now());
        let (left, began) = (self.deadline.left(self.world), self.world.elapsed());
        let found = self.world.within(left, get).await;
        self.counts.add_store_time(self.world.elapsed().saturating_sub(began));
        Ok(found.ok_or(Failure::OutOfTime)??)
    }

    /// Puts an empty value that expires over absence. Returns `true` if the value did not exist
    /// before.
    ///
    /// # Errors
    /// If the outcome is unknown.
    pub async fn mark(&self, key: &str, expires: UnixMillis) -> Result<bool, Failure> {
        self.counts.add_writes(1);
        let value = Value { expires: Some(expires), ..self.sealed(key, b"")? };
        Ok(self.put(key, &value, None).await? == Put::Won)
    }

    /// The record of a value that a scan has read.
    ///
    /// # Errors
    /// If the value is unusable.
    #[cfg(feature = "scan")]
    pub fn slot(&self, key: String, stored: Stored) -> Result<Slot, Failure> {
        self.open(key, Some(stored))
    }

    fn open(&self, key: String, stored: Option<Stored>) -> Result<Slot, Failure> {
        let Some(Stored { version, bytes }) = stored else { return Ok(Slot::new(key, None)) };
        let record = EntityRecord::from_bytes(&self.seal.open(&key, &bytes)?)?;
        Ok(Slot::new(key, Some(Versioned { version, record })))
    }

    fn sealed(&self, key: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let bytes = self.seal.seal(key, bytes, self.world.random())?;
        Ok(Value { version: self.version(), bytes, ..Value::default() })
    }

    async fn put(&self, key: &str, value: &Value, over: Option<Version>) -> Result<Put, Failure> {
        self.check_keys().await?;
        self.put_unchecked(key, value, over).await
    }

    /// Writes a value. If there is no reply, it writes again with the same version. A value with
    /// this version is then its own earlier write.
    async fn put_unchecked(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
    ) -> Result<Put, Failure> {
        let mut outcome = Err(Unavailable);
        for _ in 0..=MAX_RESENDS {
            let put = self.world.store().put(key, value, over, self.world.now());
            let (left, began) = (self.deadline.left(self.world), self.world.elapsed());
            let done = self.world.within(left, put).await;
            self.counts.add_store_time(self.world.elapsed().saturating_sub(began));
            outcome = done.ok_or(Failure::OutOfTime)?;
            if outcome.is_ok() {
                break;
            }
        }
        match outcome? {
            Put::Lost(Some(stored)) if stored.version == value.version => Ok(Put::Won),
            put => Ok(put),
        }
    }
}
