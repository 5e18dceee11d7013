//! The one loop that reads, decides, writes, and decides anew on what another wrote. A decision is
//! data: it says what to read beside the record, and what to write; it does neither.

use std::collections::{BTreeMap, BTreeSet};

use domain::entity::Subject;
use domain::kit_list::PartName;
use domain::record::{EntityRecord, RecordError};

use super::{Repository, Slot, Written};
use crate::failure::Failure;
use crate::world::World;

/// Where the loop begins.
#[expect(clippy::large_enum_variant, reason = "one lives at a time")]
pub enum Start<'a> {
    /// With a read of a subject; a purchase that was imported is found under its older ID.
    Subject(&'a Subject),
    /// With what was read already.
    Slot(Slot),
}

/// What is decided on what exists.
pub enum Update<T> {
    /// Leave it as it is.
    Leave(T),
    /// Write over it.
    Write(Write<T>),
    /// Read these parts of it, and decide again. They are added to those that were read.
    Read(BTreeSet<PartName>),
}

/// What to write.
pub struct Write<T> {
    record: Box<EntityRecord>,
    parts: BTreeMap<PartName, Vec<u8>>,
    decided: T,
}

/// How the loop ended.
#[derive(Debug)]
pub struct Updated<T> {
    /// What exists now.
    pub slot: Slot,
    /// What was decided on it.
    pub decided: T,
}

impl<T> Update<T> {
    /// Write this record.
    pub fn write(record: EntityRecord, decided: T) -> Self {
        Self::write_with_parts(record, BTreeMap::new(), decided)
    }

    /// Write these parts over absence, and then the record that refers to them: an interruption
    /// leaves the old record whole.
    pub fn write_with_parts(
        record: EntityRecord,
        parts: BTreeMap<PartName, Vec<u8>>,
        decided: T,
    ) -> Self {
        Self::Write(Write { record: Box::new(record), parts, decided })
    }
}

impl<W: World> Repository<'_, W> {
    /// Decides on what exists and writes the decision over the version that was read. If another
    /// write was faster, it rests and decides on what exists then, until the deadline.
    ///
    /// # Errors
    /// As `decide` says; or if the store does not answer in time, what exists is unusable, or the
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
                // Nothing new to read: without a rest the loop would not end.
                Update::Read(names) if slot.has_parts(&names) => None,
                Update::Read(names) => match self.read_parts(&slot.key, names).await? {
                    Some(parts) => {
                        slot.parts.extend(parts);
                        continue;
                    }
                    // A part was deleted: the record that referred to it exists no longer.
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
            // A record that does not fit is refused before any part of it is written.
            record.to_bytes()?;
            self.write_parts(&slot.key, parts).await?;
        }
        self.write(slot, record).await
    }

    /// One read; one more if the purchase was made elsewhere.
    async fn find(&self, subject: &Subject) -> Result<Slot, Failure> {
        let slot = self.read(subject).await?;
        self.followed(subject, slot).await
    }

    /// Follows a pointer, once. What won a race is read by the same rules as what was found first
    /// (decision C2): an import may have put a pointer there meanwhile. A record of another kind is
    /// never taken for absence: it would be written over.
    async fn followed(&self, subject: &Subject, slot: Slot) -> Result<Slot, Failure> {
        let Some(record) = slot.record() else { return Ok(slot) };
        if !subject.holds(&record.entity) {
            return Err(Failure::Value(RecordError::Unreadable));
        }
        let Some(moved) = subject.follow(&record.entity) else { return Ok(slot) };
        let slot = self.read(&moved).await?;
        match slot.record().map(|record| &record.entity) {
            Some(entity) if subject.is_led_to(entity) => Ok(slot),
            // An import that is half done: a purchase made here now would lie under another's ID.
            Some(_) | None => Err(Failure::Value(RecordError::Unreadable)),
        }
    }
}
