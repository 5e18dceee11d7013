//! Redis, from version 5, and servers that speak its protocol: a single server or a cluster, with
//! or without TLS.
//!
//! A value is one hash under one key. A write is one script, so that it compares the version,
//! writes, and moves its entries on the agenda and in the catalogue in one step. Keys are spread over 16 shards by the first hex
//! digit of their SHA-256; this never changes. Each shard has separate agendas and a separate
//! catalogue, and its mark `{…}` keeps it on one node of a cluster. The keys in a server are
//! `koohook:{7}:kept:KEY`, `koohook:{7}:agenda:due`, the same with `dead` and `sweep`, and
//! `koohook:{7}:catalogue`.
//!
//! With `wait=N`, koohook accepts an answer only after N replicas have acknowledged the data behind
//! it: see `fence`.
//!
//! The caller's clock decides whether a value has expired. The server's own expiry only frees
//! memory, later.

mod advice;
mod answer;
mod catalogue;
mod connection;
mod durability;
mod fence;
mod open_error;
mod operations;
#[cfg(feature = "scan")]
mod scan;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::{Pipeline, RedisError, Script, Value as Answer};

use self::connection::RedisConnection;
use self::fence::Fence;
use super::agenda::shard_byte;
use super::{Durability, Queue, RedisSetting};

pub use self::durability::Grade;
pub use self::open_error::RedisOpenError;

/// A store in a Redis server or cluster.
pub struct Redis {
    connection: RedisConnection,
    prefix: String,
    put: Script,
    fence: Option<Fence>,
    grade: Mutex<Grade>,
}

/// Whether commands may be sent a second time.
#[derive(Clone, Copy)]
enum Resend {
    Allowed,
    Never,
}

impl Redis {
    /// Connects to a server, and rejects a server that may lose acknowledged writes.
    ///
    /// # Errors
    /// See [`RedisOpenError`].
    pub async fn open(setting: &RedisSetting) -> Result<Self, RedisOpenError> {
        let connection = RedisConnection::new(setting)?;
        let fence = setting.wait.map(|replicas| Fence::new(replicas, &setting.prefix));
        let found = match find(&connection, fence.is_some()).await {
            Err(advice) if setting.cluster && advice == advice::SILENT => {
                return Err(RedisOpenError::Unanswered(why_no_cluster(setting).await));
            }
            found => found.map_err(RedisOpenError::Unanswered)?,
        };
        let grade = found.grade();
        grade.log(&found);
        if found.is_replica() {
            return Err(RedisOpenError::Replica);
        }
        if let Some(fence) = &fence {
            fence.prove(&connection).await?;
        }
        match grade {
            Grade::C(reason) if setting.durability == Durability::Required => {
                Err(RedisOpenError::NotDurable(reason))
            }
            Grade::APlus | Grade::A | Grade::B(_) | Grade::C(_) => {
                let prefix = setting.prefix.clone();
                Ok(Self {
                    connection,
                    prefix,
                    put: Script::new(PUT),
                    fence,
                    grade: Mutex::new(grade),
                })
            }
        }
    }

    /// Reads the server's durability settings again, since they may change, and logs a changed
    /// grade. Does nothing if the server does not answer, or is a replica.
    pub async fn reassess(&self) {
        let Ok(found) = find(&self.connection, self.fence.is_some()).await else { return };
        if found.is_replica() {
            return;
        }
        let grade = found.grade();
        let before = {
            let mut known = self.grade.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, grade)
        };
        grade.log_change(before, &found);
    }

    fn kept(&self, shard: char, key: &str) -> String {
        format!("{}:{{{shard}}}:kept:{key}", self.prefix)
    }

    fn agenda_of(&self, shard: char, queue: Queue) -> String {
        format!("{}:{{{shard}}}:agenda:{}", self.prefix, queue.as_str())
    }

    /// The names of a value, of its shard's agendas and of its shard's catalogue, in the order of the
    /// scripts.
    fn names(&self, shard: char, key: &str) -> [String; 5] {
        let [due, dead, sweep] = Queue::ALL.map(|queue| self.agenda_of(shard, queue));
        [self.kept(shard, key), due, dead, sweep, self.catalogue_of(shard)]
    }

    /// Sends commands. With `wait=N` the answers are accepted only after N replicas have
    /// acknowledged the data behind them.
    async fn fenced(
        &self,
        mut commands: Pipeline,
        resend: Resend,
    ) -> Result<Vec<Answer>, RedisError> {
        if let Some(fence) = &self.fence {
            fence.append_to(&mut commands);
        }
        let mut answers = match resend {
            Resend::Allowed => self.connection.read(&commands).await?,
            Resend::Never => self.connection.send(&commands).await?,
        };
        if let Some(fence) = &self.fence {
            fence.check(&mut answers)?;
        }
        Ok(answers)
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Reads the durability settings of all masters, within the time limit of a start. The error states
/// what is wrong and what to do.
async fn find(
    connection: &RedisConnection,
    waits: bool,
) -> Result<durability::FoundDurability, String> {
    match tokio::time::timeout(START, durability::find(connection, waits)).await {
        Ok(found) => found.map_err(|fault| advice::of(&fault)),
        Err(_) => Err(advice::SILENT.to_owned()),
    }
}

/// Why the cluster's client reached no cluster. That client tries again until the time is over, and
/// does not report the server's answer. So a client for a single server asks.
async fn why_no_cluster(setting: &RedisSetting) -> String {
    let single = RedisSetting { cluster: false, ..setting.clone() };
    let Ok(connection) = RedisConnection::new(&single) else { return advice::SILENT.to_owned() };
    let mut commands = Pipeline::new();
    commands.cmd("CLUSTER").arg("SLOTS");
    advice::of_cluster(&connection.send(&commands).await)
}

/// The first hex digit of the key's SHA-256.
fn shard(key: &str) -> char {
    char::from_digit(u32::from(shard_byte(key) >> 4), 16).unwrap_or('0')
}

/// Logs why an operation failed.
fn log(error: &RedisError) {
    let advice = format!("redis {}", advice::of(error));
    tracing::error!(fault = connection::word(error), advice, "redis failed");
}

/// The script of a write. Its text is sent once to each server that does not have it.
const PUT: &str = include_str!("redis/put.lua");
/// How long a start may take to reach the server and read its settings.
const START: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected digits are from NIST's examples and `sha256sum`.
    #[test]
    fn the_shard_of_a_key_never_changes() {
        let known = [
            ("", 'e'),
            ("abc", 'b'),
            ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", '2'),
            ("a", 'c'),
            ("😀", 'f'),
        ];
        for (key, expected) in known {
            assert_eq!(shard(key), expected, "{key:?}");
        }
    }
}
