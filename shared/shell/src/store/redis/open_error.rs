//! Why koohook does not accept a Redis server as a store.

use thiserror::Error;

/// Why koohook does not accept a server as a store. No text contains an address.
#[derive(Debug, Error)]
pub enum RedisOpenError {
    /// The setting is not an address.
    #[error(
        "the address is not a Redis address; write redis://USER:PASSWORD@HOST:PORT/DATABASE, and percent-encode @ : / ? # % and blanks in user and password"
    )]
    Address,
    /// The file with the authority's certificate cannot be used.
    #[error(
        "the file of ca= cannot be read, or contains no certificate; name a PEM file that this user may read"
    )]
    Authority,
    /// The server does not answer, or rejects a command.
    #[error("redis {0}")]
    Unanswered(String),
    /// The server is a replica, which accepts no writes.
    #[error("the Redis server at this address is a replica; name its master")]
    Replica,
    /// The server may lose acknowledged writes.
    #[error("redis may lose acknowledged writes: {0}; or add durability=any for a trial")]
    NotDurable(&'static str),
    /// The server does not allow its user to wait for replicas.
    #[error(
        "redis rejects a command that wait=N needs ({0}); allow its user WAIT, and PUBLISH to the channel \
             PREFIX:fence; or remove wait=N"
    )]
    NoWait(String),
    /// Too few replicas acknowledge.
    #[error(
        "fewer than {0} replicas of redis acknowledge, but wait={0} is set; connect more replicas to \
             this server, or lower N, or remove wait=N (then a failover may lose the newest writes)"
    )]
    TooFewReplicas(u8),
}
