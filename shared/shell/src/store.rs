//! Where state lives: values under keys, each with a version.
//!
//! A store knows bytes and versions, not instances. There is no unconditional write and no
//! delete: a writer names the version that it read, and loses if another writer was faster.

mod agenda;
mod any;
mod backend;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod memory;
mod open;
#[cfg(feature = "redis")]
pub mod redis;
mod right;
mod rights_check;
mod setting;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::ops::RangeInclusive;

use protocol::time::UnixMillis;
use thiserror::Error;

pub use self::agenda::{Entry, Queue};
pub use self::any::AnyStore;
pub use self::open::StoreOpenError;
pub use self::right::{Right, RightError, RightProof};
pub use self::setting::{Durability, DynamodbSetting, RedisSetting, SqlitePath, StoreSetting};

/// A key-value store.
pub trait Store: Send + Sync + 'static {
    /// Reads the value under a key; a strong read. An expired value does not exist.
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

    /// Keys with work that is due within a span of time, the earliest first; of one time, in the
    /// order of their bytes. A hint: `get` decides.
    ///
    /// # Errors
    /// If the store does not answer.
    fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Entry>, Unavailable>> + Send;

    /// Whether nothing was ever written, if one cheap operation tells. What has expired may count,
    /// and what other programs keep there.
    ///
    /// # Errors
    /// If the store does not answer.
    fn is_empty(&self) -> impl Future<Output = Result<Option<bool>, Unavailable>> + Send {
        std::future::ready(Ok(None))
    }

    /// A value whose bytes begin with a certain one, if the store can look for it cheaply.
    ///
    /// # Errors
    /// If the store does not answer.
    fn find(&self, _first: u8) -> impl Future<Output = Result<Search, Unavailable>> + Send {
        std::future::ready(Ok(Search::Unsupported))
    }

    /// What the store's own clock shows when this machine's clock shows `now`, if the store has a
    /// clock and tells its time.
    fn clock(&self, _now: UnixMillis) -> impl Future<Output = Option<UnixMillis>> + Send {
        std::future::ready(None)
    }
}

/// A token that names one write for ever, so that a writer whose reply was lost recognises its
/// own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version(pub [u8; 16]);

/// What is to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Value {
    /// The name of this write.
    pub version: Version,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The agenda that the value is on, and its time there.
    pub agenda: Option<(Queue, UnixMillis)>,
    /// When the value stops existing, if ever.
    pub expires: Option<UnixMillis>,
}

/// What was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// The name of the write that made it.
    pub version: Version,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What became of a write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Put {
    /// The value is written.
    Won,
    /// Another writer was faster; this is what exists.
    Lost(Option<Stored>),
}

/// What a look for a value found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Search {
    /// The store cannot look cheaply.
    Unsupported,
    /// No value begins so.
    Nothing,
    /// One of them.
    Found {
        /// Its key.
        key: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// The store did not answer, or not in a way that says what happened.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("store unavailable")]
pub struct Unavailable;
