//! Reads and writes the usage of instances, and other records without parts.

use domain::store_keys::usage_key;
use domain::usage::InstanceUsage;
use protocol::message::InstanceId;

use super::{Repository, Slot, StoredRecord, Updated, UsageSlot, Written};
use crate::failure::Failure;
use crate::world::World;

/// A decision on the current record of a key.
pub enum RecordUpdate<R, T> {
    /// Write nothing.
    Leave(T),
    /// Write this record over the current value.
    Write(R, T),
}

/// A decision on the usage of an instance.
pub type UsageUpdate<T> = RecordUpdate<InstanceUsage, T>;

impl<W: World> Repository<'_, W> {
    /// Reads the usage of an instance.
    ///
    /// # Errors
    /// If the store does not answer in time, or the stored value is unusable.
    pub async fn read_usage(&self, instance: &InstanceId) -> Result<UsageSlot, Failure> {
        self.read_usage_key(usage_key(instance)).await
    }

    /// Reads the usage under a key, for example from the agenda.
    ///
    /// # Errors
    /// If the store does not answer in time, or the stored value is unusable.
    pub async fn read_usage_key(&self, key: String) -> Result<UsageSlot, Failure> {
        self.read_record(key).await
    }

    /// Writes the usage of an instance over the version that was read, once.
    ///
    /// # Errors
    /// If the outcome is unknown, or the usage is too large.
    pub async fn write_usage(
        &self,
        slot: &UsageSlot,
        usage: InstanceUsage,
    ) -> Result<Written<InstanceUsage>, Failure> {
        self.write(slot, usage).await
    }

    /// Decides on the usage of an instance, and writes the decision: see [`Self::update_record`].
    ///
    /// # Errors
    /// See [`Self::update_record`].
    pub async fn update_usage<T, E: From<Failure>>(
        &self,
        slot: UsageSlot,
        decide: impl FnMut(&UsageSlot) -> Result<UsageUpdate<T>, E>,
    ) -> Result<Updated<T, InstanceUsage>, E> {
        self.update_record(slot, decide).await
    }

    /// Decides on the value that was read, and writes the decision over its version. If another
    /// write was faster, it pauses and decides on the new value, until the deadline.
    ///
    /// # Errors
    /// If `decide` fails, the store does not answer in time, the stored value is unusable, or the
    /// deadline has passed.
    pub async fn update_record<R: StoredRecord, T, E: From<Failure>>(
        &self,
        mut slot: Slot<R>,
        mut decide: impl FnMut(&Slot<R>) -> Result<RecordUpdate<R, T>, E>,
    ) -> Result<Updated<T, R>, E> {
        loop {
            let (record, decided) = match decide(&slot)? {
                RecordUpdate::Leave(decided) => return Ok(Updated { slot, decided }),
                RecordUpdate::Write(record, decided) => (record, decided),
            };
            match self.write(&slot, record).await? {
                Written::Won(slot) => return Ok(Updated { slot, decided }),
                Written::Lost(faster) => slot = faster,
            }
            self.rest().await?;
        }
    }
}
