//! Why a Redis is not accepted as a store.

use thiserror::Error;

/// Why a server is not accepted as a store. Names no address.
#[derive(Debug, Error)]
pub enum RedisOpenError {
    /// The setting names no server.
    #[error(
        "the address is not one of a Redis; write redis://USER:PASSWORD@HOST:PORT/DATABASE, and percent-encode @ : / ? # % and blanks in user and password"
    )]
    Address,
    /// The authority that should vouch for it cannot.
    #[error(
        "the file behind ca= cannot be read, or holds no certificate; name a PEM file that this user may read"
    )]
    Authority,
    /// There is no answer, or a refusal.
    #[error("redis {0}")]
    Unanswered(String),
    /// It accepts no writes.
    #[error("the Redis at this address is a replica; name its master")]
    Replica,
    /// It may lose what it acknowledged.
    #[error("redis may lose what it acknowledged: {0}; or say durability=any for a trial")]
    NotDurable(&'static str),
    /// It does not let us wait for its replicas.
    #[error(
        "redis refuses what wait=N needs ({0}): let its user WAIT, and PUBLISH to the channel \
             PREFIX:fence; or leave wait=N out"
    )]
    NoWait(String),
    /// Too few replicas would acknowledge.
    #[error(
        "fewer than {0} replicas of redis acknowledge, as wait={0} wants: connect more replicas to \
             this server, or lower N, or leave wait=N out (then a failover may lose the newest writes)"
    )]
    TooFewReplicas(u8),
}
