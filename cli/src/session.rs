//! Shared by the commands that read or write the store: the settings, the open store, and the advice on a
//! failure.

use std::time::Duration;

use domain::outbox::Reader;
use domain::record::RecordError;
use shell::config::{self, StoreConfig};
use shell::failure::Failure;
use shell::host::{self, MachineWorld};
use shell::repository::Repository;
use shell::seal::Seal;
use shell::store::AnyStore;
use shell::world::{Deadline, World};
use tokio::runtime::Runtime;

use crate::error::CommandError;
use crate::output::errln;

/// The open store of a command.
pub struct Session {
    /// The runtime that waits for the store.
    pub runtime: Runtime,
    /// The store, the clock and the network.
    pub world: MachineWorld<AnyStore>,
    /// The seal of the store.
    pub seal: Seal,
}

impl Session {
    /// Opens a store.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub fn open(
        config: StoreConfig,
        open: impl AsyncFnOnce(&StoreConfig) -> Result<MachineWorld<AnyStore>, CommandError>,
    ) -> Result<Self, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Self::open_on(runtime, config, open)
    }

    /// Opens a store on a runtime.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub fn open_on(
        runtime: Runtime,
        config: StoreConfig,
        open: impl AsyncFnOnce(&StoreConfig) -> Result<MachineWorld<AnyStore>, CommandError>,
    ) -> Result<Self, CommandError> {
        let world = runtime.block_on(open(&config))?;
        Ok(Self { runtime, world, seal: config.seal })
    }

    /// The repository, with a new deadline.
    pub fn repository(&self, reader: Reader) -> Repository<'_, MachineWorld<AnyStore>> {
        let deadline = Deadline::after(self.world.elapsed(), BUDGET);
        Repository::new(&self.world, &self.seal, reader, deadline)
    }

    /// A failure, then what to do. Only the store knows why it failed, if it is a file.
    pub fn advised(&self, failure: Failure) -> CommandError {
        match (failure, self.world.store()) {
            (Failure::StoreUnavailable | Failure::OutOfTime, AnyStore::Sqlite(file)) => {
                let reason = file.last_fault();
                format!("{failure}: {}", reason.as_deref().unwrap_or(SLOW_FILE)).into()
            }
            _ => advised(failure),
        }
    }
}

/// Reads a setting from the environment. The default store is a file in this folder.
pub fn setting(name: &str) -> Option<String> {
    let file = || std::env::var_os(format!("{name}_FILE"));
    let default =
        || (name == "KOOHOOK_STORE" && file().is_none()).then(|| DEFAULT_STORE.to_owned());
    config::variable(name).or_else(default)
}

/// Reads the settings and starts the log, because only the log says why an external store does not
/// answer. The log goes to the standard error, so that a pipe gets only data.
///
/// # Errors
/// If a setting cannot be used.
pub fn settings() -> Result<StoreConfig, CommandError> {
    let config = StoreConfig::read(&setting)?;
    if ["KOOHOOK_STORE", "KOOHOOK_STORE_FILE"]
        .into_iter()
        .all(|name| std::env::var_os(name).is_none())
    {
        errln!("koohook: KOOHOOK_STORE is not set; the store is koohook.db in this folder");
    }
    if !config.store.is_local() {
        host::start_log_aside(&config.log);
    }
    Ok(config)
}

/// A failure, then what to do.
fn advised(failure: Failure) -> CommandError {
    let advice = match failure {
        Failure::Unopened | Failure::SealedElsewhere => {
            return "a value was sealed with another key; set KOOHOOK_SEAL_KEY, or \
                    KOOHOOK_SEAL_KEY_PREVIOUS, to that key"
                .into();
        }
        Failure::StoreUnavailable | Failure::OutOfTime => {
            "check that the server of the store runs, and that KOOHOOK_STORE is its address"
        }
        Failure::MarkLost => "the store was emptied or replaced; restore a backup into it",
        Failure::Contended => {
            "other programs write the same value again and again; run this command again"
        }
        Failure::Value(RecordError::NewerSchema) => {
            "use the version of koohook that wrote it, or a newer one"
        }
        Failure::Value(RecordError::Unreadable) => "check that KOOHOOK_STORE is a store of koohook",
        Failure::Value(RecordError::TooLarge) | Failure::List(_) | Failure::Panicked => {
            return failure.into();
        }
    };
    format!("{failure}; {advice}").into()
}

/// The text if SQLite reported no fault.
const SLOW_FILE: &str =
    "the file did not answer in time; check the disk, then run this command again";

/// The most time for one stored value.
const BUDGET: Duration = Duration::from_secs(10);

const DEFAULT_STORE: &str = "sqlite:koohook.db";
