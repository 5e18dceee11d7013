//! The records that are whole values of the store: how they are stored, and on which agenda and in
//! which list of the catalogue their values are.

use std::collections::BTreeMap;
use std::fmt;

use domain::alarm::AlarmState;
use domain::catalogue::CatalogueEntry;
use domain::kit_list::PartName;
use domain::outbox::Reader;
use domain::record::{EntityRecord, RecordError};
use domain::store_keys::usage_key;
use domain::usage::{InstanceUsage, SendingState};
use protocol::time::UnixMillis;

use crate::store::Queue;

/// A record that is the whole value of a key.
pub trait StoredRecord: Clone + Send + Sized + Sync {
    /// What a slot keeps beside the record: the parts of an entity, or `()`.
    type Parts: Clone + Default + fmt::Debug + Send + Sync;

    /// Parses the decrypted bytes of a key's value.
    ///
    /// # Errors
    /// If a newer koohook wrote them, or they are not the record of this key.
    fn parse(key: &str, bytes: &[u8]) -> Result<Self, RecordError>;

    /// The bytes to encrypt and store.
    ///
    /// # Errors
    /// If they are longer than a value may be.
    fn bytes(&self) -> Result<Vec<u8>, RecordError>;

    /// The record as it is written over another one, or over absence.
    #[must_use]
    fn written_over(self, _before: Option<&Self>, _now: UnixMillis) -> Self {
        self
    }

    /// The value's entry on an agenda.
    fn agenda_entry(&self, _reader: Reader, _now: UnixMillis) -> Option<(Queue, UnixMillis)> {
        None
    }

    /// The value's entry in the catalogue.
    fn catalogue_entry(&self, _now: UnixMillis) -> Option<CatalogueEntry> {
        None
    }
}

impl StoredRecord for EntityRecord {
    type Parts = BTreeMap<PartName, Vec<u8>>;

    fn parse(_: &str, bytes: &[u8]) -> Result<Self, RecordError> {
        Self::from_bytes(bytes)
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordError> {
        self.to_bytes()
    }

    fn written_over(self, before: Option<&Self>, now: UnixMillis) -> Self {
        self.succeeding(before, now)
    }

    fn agenda_entry(&self, reader: Reader, now: UnixMillis) -> Option<(Queue, UnixMillis)> {
        let due = self.due(reader, now).map(|at| (Queue::Due, at));
        due.or_else(|| self.dead().map(|at| (Queue::Dead, at)))
    }

    fn catalogue_entry(&self, now: UnixMillis) -> Option<CatalogueEntry> {
        self.catalogue(now)
    }
}

impl StoredRecord for InstanceUsage {
    type Parts = ();

    /// The key contains only a digest. If the value names another instance, its usage would be
    /// billed to the wrong customer.
    fn parse(key: &str, bytes: &[u8]) -> Result<Self, RecordError> {
        let usage = Self::from_bytes(bytes)?;
        if usage_key(&usage.instance_id) == key { Ok(usage) } else { Err(RecordError::Unreadable) }
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordError> {
        self.to_bytes()
    }

    fn agenda_entry(&self, _: Reader, _: UnixMillis) -> Option<(Queue, UnixMillis)> {
        self.due().map(|at| (Queue::Usage, at))
    }
}

impl StoredRecord for SendingState {
    type Parts = ();

    fn parse(_: &str, bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(Self::from_bytes(bytes))
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordError> {
        self.to_bytes()
    }
}

impl StoredRecord for AlarmState {
    type Parts = ();

    fn parse(_: &str, bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(Self::from_bytes(bytes))
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordError> {
        self.to_bytes()
    }
}
