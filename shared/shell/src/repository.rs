//! One kept value at a time: read and opened, sealed and written over the version that was read,
//! within a deadline.

mod mark;
mod parts;

use std::time::Duration;

use domain::entity::{EntityRecord, Subject};
use domain::outbox::Reader;
use futures_util::future;
use protocol::time::UnixMillis;

pub use self::mark::Mark;
pub use self::parts::{part_key, part_owner};
use crate::failure::Failure;
use crate::seal::Seal;
use crate::store::{Put, Queue, Store, Stored, Unavailable, Value, Version};
use crate::world::{Deadline, World};

/// How often a write without a reply is sent again, under the same version.
const MAX_RESENDS: usize = 2;
/// How long a lost race rests at least and at most, in milliseconds, before it is decided again:
/// those who raced come back apart.
const REST_AFTER_RACE: [u64; 2] = [2, 40];

/// Access to kept values for as long as a deadline allows.
#[derive(Clone, Copy)]
pub struct Repository<'a, W> {
    /// Whose store, clock and chance.
    pub world: &'a W,
    /// What seals and opens.
    pub seal: &'a Seal,
    /// Who reads the notices: decides what is due.
    pub reader: Reader,
    /// By when.
    pub deadline: Deadline,
}

/// A kept value as it was read: to be written over, or not at all.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// Where it stands.
    pub key: String,
    /// The version that was read; `None` is absence.
    pub version: Option<Version>,
    /// What stands there.
    pub kept: Option<EntityRecord>,
}

/// What became of a write.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and what stands is used")]
pub enum Written {
    /// It stands, under this version.
    Won(Version),
    /// Another was faster; this stands instead.
    Lost(Recalled),
}

impl<W: World> Repository<'_, W> {
    /// Reads what is kept of a subject.
    ///
    /// # Errors
    /// Where the store does not answer in time, or what stands is unusable.
    pub async fn read(&self, subject: &Subject) -> Result<Recalled, Failure> {
        self.read_key(subject.key()).await
    }

    /// Reads what stands under a key that an agenda named.
    ///
    /// # Errors
    /// Where the store does not answer in time, or what stands is unusable.
    pub async fn read_key(&self, key: String) -> Result<Recalled, Failure> {
        let standing = self.get(&key).await?;
        let is_sealed = standing.as_ref().is_some_and(|it| Seal::is_sealed(&it.bytes));
        let recalled = self.open(key, standing)?;
        if is_sealed {
            self.opened().await?;
        }
        Ok(recalled)
    }

    /// Writes a value over what was recalled, in one conditional write.
    ///
    /// # Errors
    /// Where the outcome is unknown, or the value is too large.
    pub async fn write(
        &self,
        recalled: &Recalled,
        kept: &EntityRecord,
    ) -> Result<Written, Failure> {
        let due = kept.due(self.reader, self.world.now()).map(|at| (Queue::Due, at));
        let dead = || kept.dead().map(|at| (Queue::Dead, at));
        let value = self.sealed(&recalled.key, &kept.to_bytes()?)?;
        let value = Value { agenda: due.or_else(dead), ..value };
        match self.put(&recalled.key, &value, recalled.version).await? {
            Put::Won => Ok(Written::Won(value.version)),
            Put::Lost(standing) => self.open(recalled.key.clone(), standing).map(Written::Lost),
        }
    }

    /// Rests after a lost race, before it is decided again on what stands.
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

    /// Deletes what was recalled, as [`Self::let_go`] does a part, but at once: a callback may
    /// write there next. What another wrote over it since then stays.
    ///
    /// # Errors
    /// If the outcome is unknown.
    pub async fn delete(&self, recalled: &Recalled) -> Result<(), Failure> {
        let Some(over) = recalled.version else { return Ok(()) };
        let expires = Some(self.world.now());
        let value = Value { version: self.version(), bytes: Vec::new(), agenda: None, expires };
        self.put(&recalled.key, &value, Some(over)).await.map(drop)
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
        let value = Value { expires: Some(expires), ..self.sealed(key, b"")? };
        Ok(self.put(key, &value, None).await? == Put::Won)
    }

    fn open(&self, key: String, standing: Option<Stored>) -> Result<Recalled, Failure> {
        let version = standing.as_ref().map(|stored| stored.version);
        let kept = match standing {
            Some(stored) => Some(EntityRecord::from_bytes(&self.seal.open(&key, &stored.bytes)?)?),
            None => None,
        };
        Ok(Recalled { key, version, kept })
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
