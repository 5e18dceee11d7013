//! One kept value at a time: read and opened, sealed and written over the version that was read,
//! within a deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use marketplace::directory::PartName;
use marketplace::entity::{Kept, REST, Subject};
use marketplace::outbox::Reader;
use marketplace::time::UnixMillis;

use crate::failure::Failure;
use crate::store::{Put, Queue, Store, Stored, Unavailable, Value, Version};
use crate::vault::Vault;
use crate::world::{Deadline, World};

/// How many parts are read or written at once.
const AT_ONCE: usize = 8;
/// How often a write without a reply is sent again, under the same version.
const MAX_RESENDS: usize = 2;
/// How often a part is read and written again because another was faster. It has few writers, and
/// each leaves it as the next one wants it.
const MAX_PART_RACES_LOST: usize = 8;
/// How long a lost race rests at least and at most, in milliseconds, before it is decided again:
/// those who raced come back apart.
const REST_AFTER_RACE: [u64; 2] = [2, 40];

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
#[derive(Clone, Debug)]
pub struct Recalled {
    /// Where it stands.
    pub key: String,
    /// The version that was read; `None` is absence.
    pub version: Option<Version>,
    /// What stands there.
    pub kept: Option<Kept>,
}

/// Where a part of an entity stands. The owner's key is part of it, so that whoever finds a part
/// on the agenda finds its owner.
pub fn part_key(owner: &str, name: PartName) -> String {
    format!("part:{name}:{owner}")
}

/// The part and its owner that a key names, if it is a part's.
pub fn part_owner(key: &str) -> Option<(PartName, &str)> {
    let (name, owner) = key.strip_prefix("part:")?.split_once(':')?;
    Some((PartName::try_from(name.to_owned()).ok()?, owner))
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

impl<W: World> Shelf<'_, W> {
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
        self.open(key, standing)
    }

    /// Writes a value over what was recalled, in one conditional write.
    ///
    /// # Errors
    /// Where the outcome is unknown, or the value is too large.
    pub async fn write(&self, recalled: &Recalled, kept: &Kept) -> Result<Written, Failure> {
        let due = kept.due(self.reader, self.world.now()).map(|at| (Queue::Due, at));
        let dead = || kept.dead().map(|at| (Queue::Dead, at));
        let value = self.sealed(&recalled.key, &kept.to_bytes()?)?;
        let value = Value { agenda: due.or_else(dead), ..value };
        match self.put(&recalled.key, &value, recalled.version).await? {
            Put::Won => Ok(Written::Won(value.version)),
            Put::Lost(standing) => self.open(recalled.key.clone(), standing).map(Written::Lost),
        }
    }

    /// Reads parts of an entity; `None` where one of them was let go.
    ///
    /// # Errors
    /// Where the store does not answer in time, or a part does not open.
    pub async fn read_parts(
        &self,
        owner: &str,
        names: BTreeSet<PartName>,
    ) -> Result<Option<BTreeMap<PartName, Vec<u8>>>, Failure> {
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
        Ok(Some((name, self.vault.open(&key, &stored.bytes)?)))
    }

    /// Writes parts of an entity over absence, each on the agenda for when it has rested: until
    /// its owner refers to it nobody else knows of it.
    ///
    /// # Errors
    /// Where one of the outcomes is unknown; the parts that stand are then nobody's.
    pub async fn write_parts(
        &self,
        owner: &str,
        parts: BTreeMap<PartName, Vec<u8>>,
    ) -> Result<(), Failure> {
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
            // Its name is random: whoever has it already is not of this world.
            Put::Lost(_) => Err(Failure::Contended),
        }
    }

    /// Takes a part that is referred to off the agenda.
    ///
    /// # Errors
    /// If the outcome is unknown, or others were faster again and again.
    pub async fn settle_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        self.rewrite_part(owner, name, |value| value).await
    }

    /// Lets a part rest once more: nobody can say now whether anything refers to it.
    ///
    /// # Errors
    /// If the outcome is unknown, or others were faster again and again.
    pub async fn rest_part(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        let agenda = Some((Queue::Sweep, self.world.now().after(REST)));
        self.rewrite_part(owner, name, |value| Value { agenda, ..value }).await
    }

    /// Lets a part go: an empty value that expires, since a store deletes nothing.
    ///
    /// # Errors
    /// If the outcome is unknown, or others were faster again and again.
    pub async fn let_go(&self, owner: &str, name: PartName) -> Result<(), Failure> {
        let expires = Some(self.world.now().after(REST));
        self.rewrite_part(owner, name, |value| Value { bytes: Vec::new(), expires, ..value }).await
    }

    /// Writes a part anew, off the agenda, unless it was let go. Who loses a race looks again: a
    /// part that its loser believed gone would stay for ever.
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

    async fn get(&self, key: &str) -> Result<Option<Stored>, Failure> {
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
            Some(stored) => Some(Kept::from_bytes(&self.vault.open(&key, &stored.bytes)?)?),
            None => None,
        };
        Ok(Recalled { key, version, kept })
    }

    fn sealed(&self, key: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let bytes = self.vault.seal(key, bytes, self.world.random())?;
        Ok(Value { version: self.version(), bytes, agenda: None, expires: None })
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
