//! Opens the store of the setting, if the program was built with it.

use thiserror::Error;

use super::any::AnyStore;
#[cfg(feature = "dynamodb")]
use super::dynamodb::Dynamodb;
use super::memory::Memory;
#[cfg(feature = "redis")]
use super::redis::{Redis, RedisOpenError};
use super::setting::{Durability, StoreSetting};
#[cfg(feature = "sqlite")]
use super::sqlite::{self, Sqlite, SqliteOpenError};
#[cfg(feature = "dynamodb")]
use crate::aws::{AwsCredentials, AwsCredentialsError};

/// Why a store cannot be opened.
#[derive(Debug, Error)]
pub enum StoreOpenError {
    /// The program was built without the store.
    #[error(
        "KOOHOOK_STORE: this program was built without this store; set another store, or build it with \
         --features {0}"
    )]
    NotCompiledIn(&'static str),
    /// The file does not exist.
    #[error(
        "KOOHOOK_STORE: the file does not exist; correct the path; if the file was lost, restore \
             it before you start koohook, which would create an empty store"
    )]
    NoFile,
    /// A function platform deletes the disk of a function with the function.
    #[error(
        "KOOHOOK_STORE: a function platform deletes the sqlite file with the host; use an external \
             store, or add ?durability=any for a trial"
    )]
    NotDurable,
    /// The SQLite file cannot be used.
    #[cfg(feature = "sqlite")]
    #[error("KOOHOOK_STORE: {0}")]
    Sqlite(#[from] SqliteOpenError),
    /// The Redis server cannot be used.
    #[cfg(feature = "redis")]
    #[error("KOOHOOK_STORE: {0}")]
    Redis(#[from] RedisOpenError),
    /// There are no AWS credentials.
    #[cfg(feature = "dynamodb")]
    #[error("KOOHOOK_STORE: {0}")]
    Dynamodb(#[from] AwsCredentialsError),
}

impl StoreSetting {
    /// Checks that a store in a file exists. Opening would create the file, and a command that only
    /// reads would show an empty store.
    ///
    /// # Errors
    /// If the file does not exist.
    pub fn must_exist(&self) -> Result<(), StoreOpenError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } if !path.as_path().exists() => {
                // If the folder is missing, too, the error must report that.
                sqlite::check(path.as_path())?;
                Err(StoreOpenError::NoFile)
            }
            Self::Memory | Self::Sqlite { .. } | Self::Redis(_) | Self::Dynamodb(_) => Ok(()),
        }
    }

    /// Opens the store only to read it. The user need not have write permission.
    ///
    /// # Errors
    /// See [`StoreOpenError`].
    pub async fn open_to_read(&self) -> Result<AnyStore, StoreOpenError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } => {
                Ok(AnyStore::Sqlite(Sqlite::open_to_read(path.as_path())?))
            }
            other => other.open(false).await,
        }
    }

    /// Opens the store of a process that serves. An external store that does not answer now is only
    /// a warning.
    ///
    /// # Errors
    /// See [`StoreOpenError`].
    pub async fn open_to_serve(
        &self,
        on_function_platform: bool,
    ) -> Result<AnyStore, StoreOpenError> {
        match self {
            #[cfg(feature = "redis")]
            Self::Redis(setting) => {
                Ok(AnyStore::Redis(Box::new(Redis::open_to_serve(setting).await?)))
            }
            other => other.open(on_function_platform).await,
        }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// See [`StoreOpenError`].
    pub async fn open(&self, on_function_platform: bool) -> Result<AnyStore, StoreOpenError> {
        match self {
            Self::Memory => {
                if on_function_platform {
                    tracing::warn!(advice = EXTERNAL, "store is lost with the instance");
                }
                Ok(AnyStore::Memory(Memory::new()))
            }
            Self::Sqlite { durability: Durability::Required, .. } if on_function_platform => {
                Err(StoreOpenError::NotDurable)
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } => Ok(AnyStore::Sqlite(Sqlite::open(path.as_path())?)),
            #[cfg(not(feature = "sqlite"))]
            Self::Sqlite { .. } => Err(StoreOpenError::NotCompiledIn("sqlite")),
            #[cfg(feature = "redis")]
            Self::Redis(setting) => Ok(AnyStore::Redis(Box::new(Redis::open(setting).await?))),
            #[cfg(not(feature = "redis"))]
            Self::Redis(_) => Err(StoreOpenError::NotCompiledIn("redis")),
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(setting) => {
                let store = Dynamodb::new(setting, AwsCredentials::from_env()?);
                Ok(AnyStore::Dynamodb(Box::new(store)))
            }
            #[cfg(not(feature = "dynamodb"))]
            Self::Dynamodb(_) => Err(StoreOpenError::NotCompiledIn("dynamodb")),
        }
    }
}

const EXTERNAL: &str = "set KOOHOOK_STORE to an external store; every instance has a memory of its own, which ends with it";
