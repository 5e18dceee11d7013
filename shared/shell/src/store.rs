//! Stores: values under keys, each with a version.
//!
//! A store contains bytes and versions, and has no notion of instances. There is no unconditional
//! write and no delete. A writer names the version that it read, and loses if another writer was
//! faster.

mod agenda;
mod any;
mod backend;
mod catalogue;
#[cfg(any(feature = "dynamodb", feature = "redis"))]
mod catalogue_text;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod memory;
mod open;
#[cfg(feature = "redis")]
pub mod redis;
mod right;
mod rights_check;
#[cfg(feature = "scan")]
mod scan;
mod setting;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod troubles;

use std::ops::RangeInclusive;

use domain::catalogue::{CatalogueEntry, CatalogueList};
use protocol::time::UnixMillis;
use thiserror::Error;

pub use self::agenda::{Entry, Queue};
pub use self::any::AnyStore;
pub use self::catalogue::{CatalogueItem, CataloguePlace};
pub use self::open::StoreOpenError;
pub use self::right::{Right, RightError, RightProof};
#[cfg(feature = "scan")]
pub use self::scan::{Scan, ScanPage, ScanPlace, ScannedValue};
pub use self::setting::{Durability, DynamodbSetting, RedisSetting, SqlitePath, StoreSetting};

/// A key-value store.
pub trait Store: Send + Sync + 'static {
    /// Reads the value under a key, strongly consistent. An expired value does not exist.
    ///
    /// # Errors
    /// If the store does not answer.
    fn get(
        &self,
        key: &str,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Stored>, Unavailable>> + Send;

    /// Writes a value over the version that was read, or over absence.
    ///
    /// # Errors
    /// If the outcome is unknown: the value may have been written or not.
    fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Put, Unavailable>> + Send;

    /// Returns keys whose work is due within a span of time, the earliest first. Keys of the same
    /// time are in the order of their bytes. The result is a hint; `get` decides.
    ///
    /// # Errors
    /// If the store does not answer.
    fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Entry>, Unavailable>> + Send;

    /// Returns the entries of a list of the catalogue, the newest change first. Entries of the same
    /// time are in the reverse order of the bytes of their keys. `after` is the last entry of the
    /// previous page. The result is a hint; `get` decides.
    ///
    /// # Errors
    /// If the store does not answer.
    fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<CatalogueItem>, Unavailable>> + Send;

    /// Whether the store is empty, if one cheap operation can find out. Expired values and other
    /// programs' keys may count.
    ///
    /// # Errors
    /// If the store does not answer.
    fn is_empty(&self) -> impl Future<Output = Result<Option<bool>, Unavailable>> + Send {
        std::future::ready(Ok(None))
    }

    /// Finds a value whose bytes begin with a certain byte, if the store can search cheaply.
    ///
    /// # Errors
    /// If the store does not answer.
    fn find(&self, _first: u8) -> impl Future<Output = Result<Search, Unavailable>> + Send {
        std::future::ready(Ok(Search::Unsupported))
    }

    /// The time of the store's clock when this machine's clock shows `now`, if the store reports
    /// its time.
    fn clock(&self, _now: UnixMillis) -> impl Future<Output = Option<UnixMillis>> + Send {
        std::future::ready(None)
    }
}

/// A unique token of one write. A writer whose reply was lost recognises its own write by it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Version(pub [u8; 16]);

/// A value to write.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Value {
    /// The version: a unique token of this write.
    pub version: Version,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The agenda that contains the value, and the time of its entry.
    pub agenda: Option<(Queue, UnixMillis)>,
    /// The entry of the catalogue, if the value has one.
    pub catalogue: Option<CatalogueEntry>,
    /// When the value expires, if it does.
    pub expires: Option<UnixMillis>,
}

/// A stored value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// The version: the token of the write that made it.
    pub version: Version,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The outcome of a write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Put {
    /// The value is written.
    Won,
    /// Another writer was faster; this is the current value.
    Lost(Option<Stored>),
}

/// The result of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Search {
    /// The store cannot search cheaply.
    Unsupported,
    /// No value begins with this byte.
    Nothing,
    /// One such value.
    Found {
        /// Its key.
        key: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// The store did not answer, or its answer does not show what happened.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("store unavailable")]
pub struct Unavailable;
