//! Opens the store that the setting names, if the program was built with it.

use thiserror::Error;

use super::any::AnyStore;
#[cfg(feature = "dynamodb")]
use super::dynamodb::{AwsCredentials, AwsCredentialsError, Dynamodb};
use super::memory::Memory;
#[cfg(feature = "redis")]
use super::redis::{Redis, RedisOpenError};
use super::setting::{Durability, StoreSetting};
#[cfg(feature = "sqlite")]
use super::sqlite::{self, Sqlite, SqliteOpenError};

/// Why a store does not open.
#[derive(Debug, Error)]
pub enum StoreOpenError {
    /// The program was built without the store.
    #[error("KOOHOOK_STORE: this program was built without the feature `{0}`")]
    NotCompiledIn(&'static str),
    /// The file does not exist.
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
    Sqlite(#[from] SqliteOpenError),
    /// The server is not there, or not fit.
    #[cfg(feature = "redis")]
    #[error("KOOHOOK_STORE: {0}")]
    Redis(#[from] RedisOpenError),
    /// There are no keys to sign with.
    #[cfg(feature = "dynamodb")]
    #[error("KOOHOOK_STORE: {0}")]
    Dynamodb(#[from] AwsCredentialsError),
}

impl StoreSetting {
    /// Refuses a store in a file that does not exist. Opening would make the file, and a command
    /// that only reads would show an empty store.
    ///
    /// # Errors
    /// If there is no file.
    pub fn must_exist(&self) -> Result<(), StoreOpenError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } if !path.as_path().exists() => {
                // If its folder is missing, too, the path is wrong.
                sqlite::check(path.as_path())?;
                Err(StoreOpenError::NoFile)
            }
            Self::Memory | Self::Sqlite { .. } | Self::Redis(_) | Self::Dynamodb(_) => Ok(()),
        }
    }

    /// Opens the store to read it, which its user need not be allowed to write.
    ///
    /// # Errors
    /// As [`StoreOpenError`] says.
    pub async fn open_to_read(&self) -> Result<AnyStore, StoreOpenError> {
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
    /// As [`StoreOpenError`] says.
    pub async fn open(&self, on_function_platform: bool) -> Result<AnyStore, StoreOpenError> {
        match self {
            Self::Memory => Ok(AnyStore::Memory(Memory::new())),
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
