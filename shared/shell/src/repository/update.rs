//! The loop that reads, decides and writes, and decides again if another write was faster. A
//! decision is data: it names the parts to read and the record to write. It does no I/O itself.

use std::collections::{BTreeMap, BTreeSet};

use domain::entity::Subject;
use domain::kit_list::PartName;
use domain::record::{EntityRecord, RecordError};

use super::{Repository, Slot, StoredRecord, Written};
use crate::failure::Failure;
use crate::world::World;

/// How the loop starts.
#[expect(clippy::large_enum_variant, reason = "only one exists at a time")]
pub enum Start<'a> {
    /// Read the subject's record. An imported purchase is found under its older ID.
    Subject(&'a Subject),
    /// Use what was read already.
    Slot(Slot),
}

/// A decision on the current value.
pub enum Update<T> {
    /// Write nothing.
    Leave(T),
    /// Write over the current value.
    Write(Write<T>),
    /// Read these parts of the entity and decide again. They are added to the parts that were read.
    Read(BTreeSet<PartName>),
}

/// The record and the parts to write, and the result of the decision.
pub struct Write<T> {
    record: Box<EntityRecord>,
    parts: BTreeMap<PartName, Vec<u8>>,
    decided: T,
}

/// The result of an update.
#[derive(Debug)]
pub struct Updated<T, R: StoredRecord = EntityRecord> {
    /// The current value.
    pub slot: Slot<R>,
    /// The result of the decision.
    pub decided: T,
}

impl<T> Update<T> {
    /// Write this record.
    pub fn write(record: EntityRecord, decided: T) -> Self {
        Self::write_with_parts(record, BTreeMap::new(), decided)
    }

    /// Write these parts over absence, and then the record that refers to them. An interruption
    /// leaves the old record complete.
    pub fn write_with_parts(
        record: EntityRecord,
        parts: BTreeMap<PartName, Vec<u8>>,
        decided: T,
    ) -> Self {
        Self::Write(Write { record: Box::new(record), parts, decided })
    }
}

impl<W: World> Repository<'_, W> {
    /// Decides on the current value and writes the decision over the version that was read. If
    /// another write was faster, it pauses and decides on the new value, until the deadline.
    ///
    /// # Errors
    /// If `decide` fails, the store does not answer in time, the stored value is unusable, or the
    /// deadline has passed.
    pub async fn update<T, E: From<Failure>>(
        &self,
        start: Start<'_>,
        mut decide: impl FnMut(&Slot) -> Result<Update<T>, E>,
    ) -> Result<Updated<T>, E> {
        let (subject, mut slot) = match start {
            Start::Subject(subject) => (Some(subject), self.find(subject).await?),
            Start::Slot(slot) => (None, slot),
        };
        loop {
            let faster = match decide(&slot)? {
                Update::Leave(decided) => return Ok(Updated { slot, decided }),
                // The parts were read already: without a pause the loop would spin.
                Update::Read(names) if slot.has_parts(&names) => None,
                Update::Read(names) => match self.read_parts(&slot.key, names).await? {
                    Some(parts) => {
                        slot.parts.extend(parts);
                        continue;
                    }
                    // A part was deleted, so the record has changed: read it again.
                    None => None,
                },
                Update::Write(Write { record, parts, decided }) => {
                    match self.write_all(&slot, *record, parts).await? {
                        Written::Won(slot) => return Ok(Updated { slot, decided }),
                        Written::Lost(faster) => Some(faster),
                    }
                }
            };
            self.rest().await?;
            slot = match (faster, subject) {
                (Some(faster), Some(subject)) => self.followed(subject, faster).await?,
                (Some(faster), None) => faster,
                (None, Some(subject)) => self.find(subject).await?,
                (None, None) => self.read_key(slot.key).await?,
            };
        }
    }

    async fn write_all(
        &self,
        slot: &Slot,
        record: EntityRecord,
        parts: BTreeMap<PartName, Vec<u8>>,
    ) -> Result<Written, Failure> {
        if !parts.is_empty() {
            // A record that is too large is rejected before any part is written (decision C2).
            record.to_bytes()?;
            self.write_parts(&slot.key, parts).await?;
        }
        self.write(slot, record).await
    }

    /// Finds the subject's record: one read, or two if the purchase was imported.
    async fn find(&self, subject: &Subject) -> Result<Slot, Failure> {
        let slot = self.read(subject).await?;
        self.followed(subject, slot).await
    }

    /// Follows a pointer, once. The record that won a race is checked by the same rules as the
    /// first record (decision C2): an import may have put a pointer there meanwhile. A record of
    /// another kind is an error. If this function returned an empty slot, the caller would
    /// overwrite that record.
    async fn followed(&self, subject: &Subject, slot: Slot) -> Result<Slot, Failure> {
        let Some(record) = slot.record() else { return Ok(slot) };
        if !subject.holds(&record.entity) {
            return Err(Failure::Value(RecordError::Unreadable));
        }
        let Some(moved) = subject.follow(&record.entity) else { return Ok(slot) };
        let slot = self.read(&moved).await?;
        match slot.record().map(|record| &record.entity) {
            Some(entity) if subject.is_led_to(entity) => Ok(slot),
            // The import is incomplete. A purchase written here would get another instance's ID.
            Some(_) | None => Err(Failure::Value(RecordError::Unreadable)),
        }
    }
}
