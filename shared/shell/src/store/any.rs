//! All stores that are compiled in, as one type.

use std::ops::RangeInclusive;

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;

#[cfg(feature = "dynamodb")]
use super::dynamodb::Dynamodb;
use super::memory::Memory;
#[cfg(feature = "redis")]
use super::redis::{Grade, Redis};
#[cfg(feature = "sqlite")]
use super::sqlite::Sqlite;
use super::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, RightProof, Search, Store, Stored,
    Unavailable, Value, Version,
};
#[cfg(feature = "scan")]
use super::{Scan, ScanPage, ScanPlace};
use crate::store::rights_check::ProveRights;

/// One of the stores.
#[derive(Debug)]
pub enum AnyStore {
    /// For tests and trials.
    Memory(Memory),
    /// For one machine.
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
    /// For several machines.
    #[cfg(feature = "redis")]
    Redis(Box<Redis>),
    /// For AWS.
    #[cfg(feature = "dynamodb")]
    Dynamodb(Box<Dynamodb>),
}

const UNKNOWN: &str = "unknown";

/// Calls a method of the store that this is.
macro_rules! delegate {
    ($any:expr, $store:ident => $call:expr) => {
        match $any {
            AnyStore::Memory($store) => $call.await,
            #[cfg(feature = "sqlite")]
            AnyStore::Sqlite($store) => $call.await,
            #[cfg(feature = "redis")]
            AnyStore::Redis($store) => $call.await,
            #[cfg(feature = "dynamodb")]
            AnyStore::Dynamodb($store) => $call.await,
        }
    };
}

impl AnyStore {
    /// The kinds of the stores that are compiled in.
    pub const KINDS: &'static [&'static str] = &[
        "memory",
        #[cfg(feature = "sqlite")]
        "sqlite",
        #[cfg(feature = "redis")]
        "redis",
        #[cfg(feature = "dynamodb")]
        "dynamodb",
    ];

    /// Tries every operation that koohook needs in a store, and leaves nothing behind.
    pub async fn prove(&self, drawn: [Version; 2], now: UnixMillis) -> Vec<RightProof> {
        delegate!(self, store => store.prove_rights(drawn, now))
    }

    /// The letter of the durability grade of a Redis; `unknown` if it has not answered yet.
    pub fn grade(&self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "redis")]
            Self::Redis(store) => Some(store.grade().map_or(UNKNOWN, Grade::as_str)),
            _ => None,
        }
    }

    /// Whether the store did not answer when it was opened, and has not answered since.
    pub fn is_unanswered(&self) -> bool {
        self.grade() == Some(UNKNOWN)
    }

    /// Whether the store's provider bills each write.
    pub const fn bills_writes(&self) -> bool {
        #[cfg(feature = "dynamodb")]
        return matches!(self, Self::Dynamodb(_));
        #[cfg(not(feature = "dynamodb"))]
        false
    }

    /// Reads again how durable the store is, and logs a change. A process that relays calls it
    /// every few minutes. Only the durability of a Redis can change.
    pub async fn reassess(&self) {
        #[cfg(feature = "redis")]
        if let Self::Redis(store) = self {
            store.reassess().await;
        }
    }
}

impl Store for AnyStore {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        delegate!(self, store => store.get(key, now))
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        delegate!(self, store => store.put(key, value, over, now))
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        delegate!(self, store => store.agenda(queue, span, limit))
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        delegate!(self, store => store.catalogue(list, after, limit))
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        delegate!(self, store => store.is_empty())
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        delegate!(self, store => store.find(first))
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        delegate!(self, store => store.clock(now))
    }
}

#[cfg(feature = "scan")]
impl Scan for AnyStore {
    async fn scan(&self, after: Option<&ScanPlace>, limit: usize) -> Result<ScanPage, Unavailable> {
        delegate!(self, store => store.scan(after, limit))
    }
}
