//! The stores that are compiled in, and the setting that picks one.

use std::ops::RangeInclusive;

use protocol::time::UnixMillis;
use thiserror::Error;

use super::dynamodb;
#[cfg(feature = "dynamodb")]
use super::dynamodb::{AwsCredentials, Dynamodb};
use super::memory::Memory;
use super::proof::{self, RightsProof};
#[cfg(feature = "redis")]
use super::redis::{Redis, RedisRefusal};
use super::redis_setting::RedisSetting;
#[cfg(feature = "sqlite")]
use super::sqlite::{self, Sqlite};
use super::sqlite_setting::{SqlitePath, UNSEEN, is_unseen};
use super::{Entry, Put, Queue, Search, Store, Stored, Unavailable, Value, Version};

/// One of the stores.
#[derive(Debug)]
pub enum AnyStore {
    /// For tests and trials.
    Memory(Memory),
    /// For one machine.
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
    /// For many, beyond this machine.
    #[cfg(feature = "redis")]
    Redis(Box<Redis>),
    /// For AWS.
    #[cfg(feature = "dynamodb")]
    Dynamodb(Box<Dynamodb>),
}

/// `KOOHOOK_STORE`, read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreSetting {
    /// `memory:`
    Memory,
    /// `sqlite:PATH`
    Sqlite {
        /// The file.
        path: SqlitePath,
        /// Whether the seller takes what the platform's disk is worth.
        durability: Durability,
    },
    /// `redis://…` and its kin.
    Redis(RedisSetting),
    /// `dynamodb://TABLE?region=…`
    Dynamodb(dynamodb::Setting),
}

/// How much a seller asks of a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// That it outlives its host.
    Required,
    /// `?durability=any`: whatever it is.
    Any,
}

/// Why a store does not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The program was built without it.
    #[error("KOOHOOK_STORE: this program was built without the feature `{0}`")]
    NotCompiledIn(&'static str),
    /// There is nothing to look at.
    #[error(
        "KOOHOOK_STORE: the file does not exist; the first koohook that serves makes it: correct \
             the path, or start one"
    )]
    NoFile,
    /// A function's disk dies with the function.
    #[error(
        "KOOHOOK_STORE: sqlite on a function platform loses its file with the host; use an external \
             store, or add ?durability=any for a trial"
    )]
    NotDurable,
    /// The file is missing, or not fit.
    #[cfg(feature = "sqlite")]
    #[error("KOOHOOK_STORE: {0}")]
    Sqlite(#[from] sqlite::SqliteRefusal),
    /// The server is not there, or not fit.
    #[cfg(feature = "redis")]
    #[error("KOOHOOK_STORE: {0}")]
    Redis(#[from] RedisRefusal),
    /// Nobody can sign.
    #[cfg(feature = "dynamodb")]
    #[error("KOOHOOK_STORE: {0}")]
    Dynamodb(#[from] dynamodb::AwsCredentialsError),
}

impl StoreSetting {
    /// Reads the setting; the error says what is wrong with it and not what it is.
    ///
    /// # Errors
    /// Where the scheme is unknown, or what follows it is not as the scheme wants.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.chars().any(is_unseen) {
            return Err(UNSEEN);
        }
        if text.trim() != text {
            return Err("has a blank around it; remove it");
        }
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        if let Some(setting) = RedisSetting::parse(text) {
            return setting.map(Self::Redis);
        }
        if let Some(rest) = text.strip_prefix("dynamodb://") {
            return dynamodb::Setting::parse(rest).map(Self::Dynamodb);
        }
        let Some(rest) = text.strip_prefix("sqlite:") else {
            return Err("is not a store; write memory:, sqlite:PATH, redis://HOST:PORT or \
                 dynamodb://TABLE?region=REGION");
        };
        let (path, durability) = SqlitePath::parse(rest)?;
        Ok(Self::Sqlite { path, durability })
    }

    /// Whether the store's bytes never leave this machine.
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Memory | Self::Sqlite { .. } => true,
            Self::Redis(_) | Self::Dynamodb(_) => false,
        }
    }

    /// Refuses a store in a file that is not there: opening it would make it, and whoever only
    /// looks would find nothing and believe it.
    ///
    /// # Errors
    /// Where there is no file.
    pub fn must_stand(&self) -> Result<(), OpenError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } if !path.as_path().exists() => {
                // If its folder is missing, too, the path is wrong.
                sqlite::check(path.as_path())?;
                Err(OpenError::NoFile)
            }
            Self::Memory | Self::Sqlite { .. } | Self::Redis(_) | Self::Dynamodb(_) => Ok(()),
        }
    }

    /// Opens the store to read it, which its user need not be allowed to write.
    ///
    /// # Errors
    /// As [`OpenError`] says.
    pub async fn open_to_read(&self) -> Result<AnyStore, OpenError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } => {
                Ok(AnyStore::Sqlite(Sqlite::open_to_read(path.as_path())?))
            }
            other => other.open(false).await,
        }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// As [`OpenError`] says.
    pub async fn open(&self, on_function_platform: bool) -> Result<AnyStore, OpenError> {
        match self {
            Self::Memory => Ok(AnyStore::Memory(Memory::new())),
            Self::Sqlite { durability: Durability::Required, .. } if on_function_platform => {
                Err(OpenError::NotDurable)
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } => Ok(AnyStore::Sqlite(Sqlite::open(path.as_path())?)),
            #[cfg(not(feature = "sqlite"))]
            Self::Sqlite { .. } => Err(OpenError::NotCompiledIn("sqlite")),
            #[cfg(feature = "redis")]
            Self::Redis(setting) => Ok(AnyStore::Redis(Box::new(Redis::open(setting).await?))),
            #[cfg(not(feature = "redis"))]
            Self::Redis(_) => Err(OpenError::NotCompiledIn("redis")),
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(setting) => {
                let store = Dynamodb::new(setting, AwsCredentials::from_env()?);
                Ok(AnyStore::Dynamodb(Box::new(store)))
            }
            #[cfg(not(feature = "dynamodb"))]
            Self::Dynamodb(_) => Err(OpenError::NotCompiledIn("dynamodb")),
        }
    }
}

impl AnyStore {
    /// Tries what koohook does in a store, and leaves nothing behind.
    pub async fn prove(&self, drawn: [Version; 2], now: UnixMillis) -> Vec<RightsProof> {
        match self {
            Self::Memory(store) => proof::prove(store, drawn, now).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => proof::prove(store, drawn, now).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => proof::prove(&**store, drawn, now).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(store) => store.prove(drawn, now).await,
        }
    }

    /// Reads again how durable the store is, and logs a change. A process that relays calls it
    /// every few minutes. Only a Redis can change.
    pub async fn reassess(&self) {
        #[cfg(feature = "redis")]
        if let Self::Redis(store) = self {
            store.reassess().await;
        }
    }
}

impl Store for AnyStore {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        match self {
            Self::Memory(store) => store.get(key, now).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.get(key, now).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.get(key, now).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(store) => store.get(key, now).await,
        }
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        match self {
            Self::Memory(store) => store.put(key, value, over, now).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.put(key, value, over, now).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.put(key, value, over, now).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(store) => store.put(key, value, over, now).await,
        }
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        match self {
            Self::Memory(store) => store.agenda(queue, span, limit).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.agenda(queue, span, limit).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.agenda(queue, span, limit).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(store) => store.agenda(queue, span, limit).await,
        }
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        match self {
            Self::Memory(store) => store.is_empty().await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.is_empty().await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.is_empty().await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(store) => store.is_empty().await,
        }
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        match self {
            Self::Memory(store) => store.find(first).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.find(first).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.find(first).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(store) => store.find(first).await,
        }
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        match self {
            Self::Memory(store) => store.clock(now).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.clock(now).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.clock(now).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(store) => store.clock(now).await,
        }
    }
}
