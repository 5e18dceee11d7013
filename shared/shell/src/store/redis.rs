//! Redis, from version 5, and servers that speak its protocol: a single server or a cluster, with
//! or without TLS.
//!
//! A value is one hash under one key. A write is one script, so that it compares the version,
//! writes, and moves its entries on the agenda and in the catalogue in one step. Keys are spread over
//! 16 shards by the first hex digit of their SHA-256; this never changes. Each shard has separate agendas and a separate
//! catalogue, and its mark `{…}` keeps it on one node of a cluster. The keys in a server are
//! `koohook:{7}:kept:KEY`, `koohook:{7}:agenda:due`, the same with `dead`, `sweep` and `usage`, and
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
mod grade;
mod grading;
mod open_error;
mod operations;
#[cfg(feature = "scan")]
mod scan;

use std::sync::Mutex;

use redis::{Pipeline, RedisError, Script, Value as Answer};

use self::connection::RedisConnection;
use self::fence::Fence;
use super::agenda::shard_byte;
use super::troubles::StoreTroubles;
use super::{Durability, Queue};

pub use self::grade::Grade;
pub use self::open_error::RedisOpenError;

/// A store in a Redis server or cluster.
pub struct Redis {
    connection: RedisConnection,
    prefix: String,
    put: Script,
    fence: Option<Fence>,
    durability: Durability,
    /// The grade of the server, after it has answered.
    grade: Mutex<Option<Grade>>,
    troubles: StoreTroubles,
}

/// Whether commands may be sent a second time.
#[derive(Clone, Copy)]
enum Resend {
    Allowed,
    Never,
}

impl Redis {
    fn kept(&self, shard: char, key: &str) -> String {
        format!("{}:{{{shard}}}:kept:{key}", self.prefix)
    }

    fn agenda_of(&self, shard: char, queue: Queue) -> String {
        format!("{}:{{{shard}}}:agenda:{}", self.prefix, queue.as_str())
    }

    /// The names of a value, of its shard's agendas and of its shard's catalogue, in the order of the
    /// scripts.
    fn names(&self, shard: char, key: &str) -> [String; 6] {
        let [due, dead, sweep, usage] = Queue::ALL.map(|queue| self.agenda_of(shard, queue));
        [self.kept(shard, key), due, dead, sweep, usage, self.catalogue_of(shard)]
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

/// The first hex digit of the key's SHA-256.
fn shard(key: &str) -> char {
    char::from_digit(u32::from(shard_byte(key) >> 4), 16).unwrap_or('0')
}

/// Logs why an operation failed.
fn log(error: &RedisError, repeated: Option<u64>) {
    let advice = format!("redis {}", advice::of(error));
    tracing::error!(fault = connection::word(error), advice, repeated, "redis failed");
}

/// Logs that the server answers again.
fn log_end(count: u64) {
    tracing::info!(count, "redis answers again");
}

/// The script of a write. Its text is sent once to each server that does not have it.
const PUT: &str = include_str!("redis/put.lua");

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
