//! Why a Redis is not accepted as a store.

use thiserror::Error;

/// Why a server is not taken as a store. Names no address.
#[derive(Debug, Error)]
pub enum Refused {
    /// The setting names no server.
    #[error("the address of redis cannot be read")]
    Address,
    /// The authority that should vouch for it cannot.
    #[error("the file behind ca= cannot be read, or holds no certificate")]
    Authority,
    /// There is no answer, or a no.
    #[error(
        "redis does not answer as it should: {0}; check that it runs, and that KOOHOOK_STORE names \
             its address, user and password"
    )]
    Unanswered(String),
    /// It takes no writes.
    #[error("redis is a replica here: name its master")]
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
