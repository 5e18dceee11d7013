//! Reads and writes records within a deadline. It decrypts what it reads and encrypts what it writes,
//! and it writes over the version that was read.
//!
//! - `slot`: what was read under a key. `stored_record`: the records that are whole values.
//! - `update`: the loop of entity records. `parts`: the parts of an entity. `usage`: the usage of an
//!   instance, and the loop of records without parts.
//! - `catalogue_mark`, `seal_mark`: the marks of the store. `reseal`: seals a value with the current key.

mod catalogue_mark;
mod parts;
#[cfg(feature = "scan")]
mod reseal;
mod seal_mark;
mod slot;
mod stored_record;
mod update;
mod usage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use domain::entity::Subject;
use domain::outbox::Reader;
use futures_util::{FutureExt, future};
use protocol::time::UnixMillis;

pub use self::catalogue_mark::mark_new_catalogue;
#[cfg(feature = "scan")]
pub use self::reseal::Resealed;
pub use self::slot::{Slot, UsageSlot, Versioned, Written};
pub use self::stored_record::StoredRecord;
pub use self::update::{Start, Update, Updated};
pub use self::usage::{RecordUpdate, UsageUpdate};
use crate::failure::Failure;
use crate::metrics::{Metrics, StoreStep};
use crate::seal::Seal;
use crate::store::{Put, Store, Stored, Unavailable, Value, Version};
use crate::world::{Deadline, World};

/// How many times koohook repeats a write that got no reply, with the same version.
const MAX_RESENDS: usize = 2;
/// The shortest and the longest pause after a lost race, in milliseconds. The pause is random, so
/// that the writers do not collide again.
const REST_AFTER_RACE: [u64; 2] = [2, 40];

/// Reads and writes records until a deadline.
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
    /// Where operations of the store are counted, if they are.
    pub metrics: Option<&'a Metrics>,
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
        Self { world, seal, reader, deadline, metrics: None, counts: Arc::default() }
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
        self.read_record(key).await
    }

    /// Reads the record under a key whose values are records of one type.
    ///
    /// # Errors
    /// If the store does not answer in time, or the stored value is unusable.
    pub async fn read_record<R: StoredRecord>(&self, key: String) -> Result<Slot<R>, Failure> {
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
    pub async fn write<R: StoredRecord>(
        &self,
        slot: &Slot<R>,
        record: R,
    ) -> Result<Written<R>, Failure> {
        let now = self.world.now();
        let record = record.written_over(slot.record(), now);
        let value = self.sealed(&slot.key, &record.bytes()?)?;
        let agenda = record.agenda_entry(self.reader, now);
        let value = Value { agenda, catalogue: record.catalogue_entry(now), ..value };
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
    pub async fn delete<R: StoredRecord>(&self, slot: &Slot<R>) -> Result<(), Failure> {
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
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Stored>, Failure> {
        let (checked, found) = future::join(self.check_keys(), self.look_up(key)).await;
        checked?;
        found
    }

    async fn look_up(&self, key: &str) -> Result<Option<Stored>, Failure> {
        // The future of a store is large and deep. Boxed, it is neither inside the callers' futures.
        let get = self.world.store().get(key, self.world.now()).boxed();
        let (left, began) = (self.deadline.left(self.world), self.world.elapsed());
        let found = self.world.within(left, get).await;
        self.count_operation(StoreStep::Read, began, matches!(found, Some(Ok(_))));
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
    pub fn slot<R: StoredRecord>(&self, key: String, stored: Stored) -> Result<Slot<R>, Failure> {
        self.open(key, Some(stored))
    }

    fn open<R: StoredRecord>(
        &self,
        key: String,
        stored: Option<Stored>,
    ) -> Result<Slot<R>, Failure> {
        let Some(Stored { version, bytes }) = stored else { return Ok(Slot::new(key, None)) };
        let record = R::parse(&key, &self.decrypt(&key, &bytes)?)?;
        Ok(Slot::new(key, Some(Versioned { version, record })))
    }

    /// Decrypts the bytes under a key of the store, and counts which seal key it took.
    fn decrypt(&self, key: &str, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let opened = self.seal.open_with_key(key, bytes);
        let (sealed_by, bytes) = opened.inspect_err(|_| self.seal.mark.doubt())?;
        if let (Some(metrics), Some(is_current)) = (self.metrics, sealed_by.is_current()) {
            metrics.key_matched("seal", is_current);
        }
        Ok(bytes)
    }

    fn count_operation(&self, step: StoreStep, began: Duration, is_answered: bool) {
        let took = self.world.elapsed().saturating_sub(began);
        self.counts.add_store_time(took);
        if let Some(metrics) = self.metrics {
            metrics.store_took(step, took, !is_answered);
        }
    }

    pub(crate) fn sealed(&self, key: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let bytes = self.seal.seal(key, bytes, self.world.random())?;
        Ok(Value { version: self.version(), bytes, ..Value::default() })
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
    ) -> Result<Put, Failure> {
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
            let put = self.world.store().put(key, value, over, self.world.now()).boxed();
            let (left, began) = (self.deadline.left(self.world), self.world.elapsed());
            let done = self.world.within(left, put).await;
            self.count_operation(StoreStep::Write, began, matches!(done, Some(Ok(_))));
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
