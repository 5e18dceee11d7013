//! What the commands share that read or repair the store: the settings, the open store, and the
//! advice on a failure.

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

/// An open store, for as long as a command runs.
pub struct Session {
    /// What waits for the store.
    pub runtime: Runtime,
    /// The machine and the store.
    pub world: MachineWorld<AnyStore>,
    seal: Seal,
}

impl Session {
    /// Opens a store.
    ///
    /// # Errors
    /// If the store does not open.
    pub fn open(
        config: StoreConfig,
        open: impl AsyncFnOnce(&StoreConfig) -> Result<MachineWorld<AnyStore>, CommandError>,
    ) -> Result<Self, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let world = runtime.block_on(open(&config))?;
        Ok(Self { runtime, world, seal: config.seal })
    }

    /// Access to stored values, each within the same time.
    pub fn repository(&self, reader: Reader) -> Repository<'_, MachineWorld<AnyStore>> {
        let deadline = Deadline::after(self.world.elapsed(), BUDGET);
        Repository::new(&self.world, &self.seal, reader, deadline)
    }
}

/// The environment; a store in this folder if it names none.
pub fn setting(name: &str) -> Option<String> {
    let file = || std::env::var_os(format!("{name}_FILE"));
    let default =
        || (name == "KOOHOOK_STORE" && file().is_none()).then(|| DEFAULT_STORE.to_owned());
    config::variable(name).or_else(default)
}

/// Reads the settings, and starts the log: why an external store does not answer is in it alone.
/// The log goes to the standard error, so that a pipe gets data and nothing else.
///
/// # Errors
/// The settings that cannot be used.
pub fn settings() -> Result<StoreConfig, CommandError> {
    let config = StoreConfig::read(&setting)?;
    if ["KOOHOOK_STORE", "KOOHOOK_STORE_FILE"]
        .into_iter()
        .all(|name| std::env::var_os(name).is_none())
    {
        errln!("koohook: KOOHOOK_STORE is not set: the store is koohook.db in this folder");
    }
    if !config.store.is_local() {
        host::start_log_aside(&config.log);
    }
    Ok(config)
}

/// A failure, and what to do about it.
pub fn advised(failure: Failure) -> CommandError {
    let advice = match failure {
        Failure::Unopened | Failure::SealedElsewhere => {
            return "a value was sealed by another key: set KOOHOOK_SEAL_KEY, or …_PREVIOUS, to that one"
                .into();
        }
        Failure::StoreUnavailable | Failure::OutOfTime => {
            "check that the server runs and that KOOHOOK_STORE names it"
        }
        Failure::Contended => "others write the same value all the time; run this again",
        Failure::Value(RecordError::NewerSchema) => "use the koohook that serves, or a newer one",
        Failure::Value(RecordError::Unreadable) => {
            "check that KOOHOOK_STORE names koohook's own store"
        }
        Failure::Value(RecordError::TooLarge) | Failure::List(_) | Failure::Panicked => {
            return failure.into();
        }
    };
    format!("{failure}: {advice}").into()
}

/// How long one value may take.
const BUDGET: Duration = Duration::from_secs(10);

const DEFAULT_STORE: &str = "sqlite:koohook.db";
