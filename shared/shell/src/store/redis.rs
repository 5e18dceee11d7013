//! Redis and what speaks its protocol, from version 5: one server or a cluster, over TLS or not.
//!
//! A value is one hash under one key; a write is one script, so that comparing the version,
//! writing, and moving the agenda's entry are one step. Keys are spread over 16 shards, for ever,
//! by the first hex digit of their SHA-256; each shard has its own agendas, and its mark `{…}`
//! keeps it on one node of a cluster. What is in a server reads
//! `koohook:{7}:kept:KEY`, `koohook:{7}:agenda:due`, and `dead` and `sweep` beside it.
//!
//! With `wait=N` an answer counts once N replicas have acknowledged what it rests on: see `fence`.
//!
//! Expiry is judged by the caller's clock. The server's own expiry only frees memory, later.

mod advice;
mod answer;
mod connection;
mod durability;
mod fence;
mod open_error;
mod operations;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::{Pipeline, RedisError, Script, Value as Answer};

use self::connection::RedisConnection;
use self::fence::Fence;
use super::agenda::shard_byte;
use super::{Durability, Queue, RedisSetting};

pub use self::durability::Grade;
pub use self::open_error::RedisOpenError;

/// A store in a server that others share.
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
    /// Connects to a server, and refuses one that may lose what it acknowledged.
    ///
    /// # Errors
    /// As [`RedisOpenError`] says.
    pub async fn open(setting: &RedisSetting) -> Result<Self, RedisOpenError> {
        let connection = RedisConnection::new(setting)?;
        let fence = setting.wait.map(|replicas| Fence::new(replicas, &setting.prefix));
        let found = find(&connection, fence.is_some()).await.map_err(RedisOpenError::Unanswered)?;
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

    /// Reads again what the server says of itself, which may change while this runs, and says in
    /// the log if the grade did. No answer is no change, nor is the answer of a
    /// replica.
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

    /// Sends commands; with `wait=N` their answers count once so many replicas know what they rest
    /// on.
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

/// What the masters say of themselves, within the time of a start; or one word for why not.
async fn find(
    connection: &RedisConnection,
    waits: bool,
) -> Result<durability::FoundDurability, String> {
    let advice = match tokio::time::timeout(START, durability::find(connection, waits)).await {
        Ok(Ok(found)) => return Ok(found),
        Ok(Err(fault)) => advice::of(&fault),
        Err(_) => advice::SILENT.to_owned(),
    };
    Err(if connection.is_cluster() && advice == advice::SILENT {
        advice::NO_CLUSTER.to_owned()
    } else {
        advice
    })
}

/// The first hex digit of the key's SHA-256.
fn shard(key: &str) -> char {
    char::from_digit(u32::from(shard_byte(key) >> 4), 16).unwrap_or('0')
}

/// Logs why an operation failed.
fn log(error: &RedisError) {
    tracing::error!(fault = connection::word(error), "redis failed");
}

/// What a write does. Its text is sent once to each server that does not know it.
const PUT: &str = include_str!("redis/put.lua");
/// How long a start may take to find the server and read what it is.
const START: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests begin as NIST's examples and `sha256sum` say.
    #[test]
    fn shards_are_what_they_have_always_been() {
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
