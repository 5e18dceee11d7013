//! One kept value at a time: read and opened, sealed and written over the version that was read,
//! within a deadline.

use marketplace::entity::{Kept, Subject};
use marketplace::notice::Reader;
use marketplace::time::UnixMillis;

use crate::failure::Failure;
use crate::store::{Put, Queue, Store, Stored, Unavailable, Value, Version};
use crate::vault::Vault;
use crate::world::{Deadline, World};

/// How often a write without a reply is sent again, under the same version.
const MAX_RESENDS: usize = 2;

/// Access to kept values for as long as a deadline allows.
#[derive(Clone, Copy)]
pub struct Shelf<'a, W> {
    /// Whose store, clock and chance.
    pub world: &'a W,
    /// What seals and opens.
    pub vault: &'a Vault,
    /// Who reads the notices: decides what is due.
    pub reader: Reader,
    /// By when.
    pub deadline: Deadline,
}

/// A kept value as it was read: to be written over, or not at all.
#[derive(Debug)]
pub struct Recalled {
    /// Where it stands.
    pub key: String,
    /// The version that was read; `None` is absence.
    pub version: Option<Version>,
    /// What stands there.
    pub kept: Option<Kept>,
}

/// What became of a write.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and what stands is used")]
pub enum Written {
    /// It stands.
    Won,
    /// Another was faster; this stands instead.
    Lost(Recalled),
}

impl<W: World> Shelf<'_, W> {
    /// Reads what is kept of a subject.
    ///
    /// # Errors
    /// Where the store does not answer in time, or what stands is unusable.
    pub async fn read(&self, subject: &Subject) -> Result<Recalled, Failure> {
        let key = subject.key();
        let get = self.world.store().get(&key, self.world.now());
        let left = self.deadline.left(self.world);
        let standing = self.world.within(left, get).await.ok_or(Failure::OutOfTime)??;
        self.open(key, standing)
    }

    /// Writes a value over what was recalled, in one conditional write.
    ///
    /// # Errors
    /// Where the outcome is unknown, or the value is too large.
    pub async fn write(&self, recalled: &Recalled, kept: &Kept) -> Result<Written, Failure> {
        let due = kept.due(self.reader, self.world.now());
        let value = self.sealed(&recalled.key, &kept.to_bytes()?)?;
        let value = Value { agenda: due.map(|at| (Queue::Due, at)), ..value };
        match self.put(&recalled.key, &value, recalled.version).await? {
            Put::Won => Ok(Written::Won),
            Put::Lost(standing) => self.open(recalled.key.clone(), standing).map(Written::Lost),
        }
    }

    /// Puts a mark that expires, over absence; whether it was ours to put.
    ///
    /// # Errors
    /// Where the outcome is unknown.
    pub async fn mark(&self, key: &str, expires: UnixMillis) -> Result<bool, Failure> {
        let value = Value { expires: Some(expires), ..self.sealed(key, b"")? };
        Ok(self.put(key, &value, None).await? == Put::Won)
    }

    fn open(&self, key: String, standing: Option<Stored>) -> Result<Recalled, Failure> {
        let version = standing.as_ref().map(|stored| stored.version);
        let kept = match standing {
            Some(stored) => Some(Kept::from_bytes(&self.vault.open(&key, &stored.bytes)?)?),
            None => None,
        };
        Ok(Recalled { key, version, kept })
    }

    fn sealed(&self, key: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let bytes = self.vault.seal(key, bytes, self.world.random())?;
        let version = Version(self.world.random());
        Ok(Value { version, bytes, agenda: None, expires: None })
    }

    /// Writes, and writes again under the same version where no reply came: the write that is
    /// found standing under it is our own.
    async fn put(&self, key: &str, value: &Value, over: Option<Version>) -> Result<Put, Failure> {
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
