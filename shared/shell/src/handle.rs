//! The path of one believed callback, once, for every function: parse, recall, decide, commit,
//! reply. (`door.rs` receives and verifies before, and signs after.)

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use marketplace::decide::{Verdict, decide};
use marketplace::entity::{Entity, Kept, Subject};
use marketplace::message::{Fields, Malformed, Purpose, Reply};
use marketplace::notice::Reader;
use marketplace::page::{Change, Look, Visit};
use marketplace::refusal::Refusal;
use marketplace::result_code::ResultCode;
use marketplace::signature::{TOLERANCE_MILLIS, Verified};

use crate::failure::Failure;
use crate::line::Line;
use crate::store::{Put, Queue, Store, Stored, Unavailable, Value, Version};
use crate::vault::Vault;
use crate::world::{Deadline, World};

/// How often a lost race is decided again on what stands (decision C2).
const MAX_RACES_LOST: usize = 3;
/// How often a write without a reply is sent again, under the same version.
const MAX_RESENDS: usize = 2;
/// How many instances of a query are read at once (decision D8).
const READS_AT_ONCE: usize = 8;
/// How long a used signature is remembered. Longer than it could be used again: a call is
/// believed from one tolerance before its signed time to one after.
const REMEMBERED: Duration = Duration::from_secs(150);
const _: () =
    assert!(Duration::from_millis(2 * TOLERANCE_MILLIS).as_nanos() < REMEMBERED.as_nanos());

/// One believed callback on its way.
pub(crate) struct Call<'a, W> {
    pub world: &'a W,
    pub vault: &'a Vault,
    pub reader: Reader,
    pub verified: &'a Verified,
    pub deadline: Deadline,
    pub line: Line,
}

/// A callback that has been carried out, or not.
pub(crate) struct Handled {
    pub reply: Result<Reply, Trouble>,
    pub line: Line,
}

/// Why a believed callback was not carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// No function here serves this activity.
    ActivityUnknown,
    /// The request is not as the guide says.
    Malformed(Malformed),
    /// The rules say no.
    Refused(Refusal),
    /// An answer with credentials was given to this signature before.
    UsedBefore,
    /// Something on our side.
    Failed(Failure),
}

impl From<Trouble> for ResultCode {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::ActivityUnknown => Self::InvalidParameter,
            Trouble::Malformed(malformed) => malformed.into(),
            Trouble::Refused(refusal) => refusal.into(),
            Trouble::UsedBefore => Self::AuthenticationFailed,
            Trouble::Failed(failure) => failure.into(),
        }
    }
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<F: Into<Failure>> From<F> for Trouble {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl<'p, 'a: 'p, W: World> Visit<'p> for Call<'a, W> {
    type Output = BoxFuture<'p, Handled>;

    fn change<P: Change>(mut self, page: &'p P) -> Self::Output {
        Box::pin(async move {
            Handled {
                reply: self.carry_out(page).await,
                line: self.line,
            }
        })
    }

    fn look<P: Look>(mut self, page: &'p P) -> Self::Output {
        Box::pin(async move {
            Handled {
                reply: self.look_up(page).await,
                line: self.line,
            }
        })
    }

    fn nowhere(self) -> Self::Output {
        Box::pin(async move {
            Handled {
                reply: Err(Trouble::ActivityUnknown),
                line: self.line,
            }
        })
    }
}

/// A kept value as it was read: to be written over, or not at all.
struct Recalled {
    key: String,
    version: Option<Version>,
    kept: Option<Kept>,
}

impl<W: World> Call<'_, W> {
    async fn carry_out<P: Change>(&mut self, page: &P) -> Result<Reply, Trouble> {
        if self.purpose()? == Purpose::Rehearsal {
            return Ok(page.rehearse(self.verified)?);
        }
        let request = page.read(self.verified)?;
        let mut recalled = self.recall(&page.subject(&request)).await?;
        for _ in 0..=MAX_RACES_LOST {
            let now = self.world.now();
            let verdict = decide(page, &request, recalled.kept.clone(), self.reader, now)?;
            self.line.decided(&verdict);
            let Verdict {
                write: Some(kept),
                reply,
                ..
            } = verdict
            else {
                return Ok(verdict.reply);
            };
            match self.commit(&recalled, &kept).await? {
                Put::Won => return Ok(reply),
                Put::Lost(standing) => recalled = self.open(recalled.key, standing)?,
            }
        }
        Err(Failure::Contended.into())
    }

    async fn look_up<P: Look>(&mut self, page: &P) -> Result<Reply, Trouble> {
        if self.purpose()? == Purpose::Rehearsal {
            return Ok(page.rehearse(self.verified)?);
        }
        let request = page.read(self.verified)?;
        if page.discloses(self.verified) {
            self.remember_signature().await?;
        }
        let subjects = page.subjects(&request);
        self.line.reads += subjects.len();
        let reads: Vec<_> = subjects
            .into_iter()
            .map(|subject| self.entity(subject))
            .collect();
        let found: Vec<_> = stream::iter(reads).buffered(READS_AT_ONCE).collect().await;
        let found: Vec<_> = found.into_iter().collect::<Result<_, _>>()?;
        Ok(page.reply(&request, &found)?)
    }

    fn purpose(&mut self) -> Result<Purpose, Malformed> {
        let purpose = Fields::of(self.verified).purpose()?;
        self.line.rehearsal = purpose == Purpose::Rehearsal;
        Ok(purpose)
    }

    /// One read; one more where the purchase was made elsewhere.
    async fn recall(&mut self, subject: &Subject) -> Result<Recalled, Trouble> {
        let recalled = self.read(subject.key()).await?;
        let moved = recalled
            .kept
            .as_ref()
            .and_then(|kept| subject.follow(&kept.entity));
        match moved {
            Some(subject) => self.read(subject.key()).await,
            None => Ok(recalled),
        }
    }

    async fn read(&mut self, key: String) -> Result<Recalled, Trouble> {
        self.line.reads += 1;
        let standing = self.get(&key).await?;
        self.open(key, standing)
    }

    async fn entity(&self, subject: Subject) -> Result<Option<Entity>, Trouble> {
        let key = subject.key();
        let standing = self.get(&key).await?;
        let now = self.world.now();
        let kept = self.open(key, standing)?.kept;
        Ok(kept.map(|kept| kept.pass(self.reader, now).0.entity))
    }

    async fn get(&self, key: &str) -> Result<Option<Stored>, Failure> {
        let get = self.world.store().get(key, self.world.now());
        let left = self.deadline.left(self.world);
        Ok(self
            .world
            .within(left, get)
            .await
            .ok_or(Failure::OutOfTime)??)
    }

    fn open(&self, key: String, standing: Option<Stored>) -> Result<Recalled, Trouble> {
        let version = standing.as_ref().map(|stored| stored.version);
        let kept = match standing {
            Some(stored) => {
                let bytes = self
                    .vault
                    .open(&key, &stored.bytes)
                    .map_err(Failure::from)?;
                Some(Kept::from_bytes(&bytes).map_err(Failure::from)?)
            }
            None => None,
        };
        Ok(Recalled { key, version, kept })
    }

    async fn commit(&mut self, recalled: &Recalled, kept: &Kept) -> Result<Put, Trouble> {
        let bytes = kept.to_bytes().map_err(Failure::from)?;
        let due = kept.due(self.reader, self.world.now());
        let value = self.value(&recalled.key, &bytes)?;
        let value = Value {
            agenda: due.map(|at| (Queue::Due, at)),
            ..value
        };
        Ok(self.put(&recalled.key, &value, recalled.version).await?)
    }

    fn value(&self, key: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let bytes = self.vault.seal(key, bytes, self.world.random())?;
        let version = Version(self.world.random());
        Ok(Value {
            version,
            bytes,
            agenda: None,
            expires: None,
        })
    }

    /// Writes, and writes again under the same version where no reply came: the write that is
    /// found standing under it is our own.
    async fn put(
        &mut self,
        key: &str,
        value: &Value,
        over: Option<Version>,
    ) -> Result<Put, Failure> {
        let mut outcome = Err(Unavailable);
        for _ in 0..=MAX_RESENDS {
            self.line.writes += 1;
            let put = self.world.store().put(key, value, over, self.world.now());
            let left = self.deadline.left(self.world);
            outcome = self
                .world
                .within(left, put)
                .await
                .ok_or(Failure::OutOfTime)?;
            if outcome.is_ok() {
                break;
            }
        }
        match outcome? {
            Put::Lost(Some(standing)) if standing.version == value.version => Ok(Put::Won),
            put => Ok(put),
        }
    }

    /// Remembers that this very signature was answered (decision B8): an answer with credentials
    /// in clear is given once.
    async fn remember_signature(&mut self) -> Result<(), Trouble> {
        let key = format!("used:{}", hex::encode(self.verified.signature()));
        let value = self.value(&key, b"")?;
        let expires = self.world.now().after(REMEMBERED);
        let value = Value {
            expires: Some(expires),
            ..value
        };
        match self.put(&key, &value, None).await? {
            Put::Won => Ok(()),
            Put::Lost(_) => Err(Trouble::UsedBefore),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ActivityUnknown => formatter.write_str("activity unknown"),
            Self::Malformed(malformed) => malformed.fmt(formatter),
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::UsedBefore => formatter.write_str("signature used before"),
            Self::Failed(failure) => failure.fmt(formatter),
        }
    }
}
