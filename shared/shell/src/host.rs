//! Where functions run: AWS Lambda, or plain HTTP (FunctionGraph's HTTP functions, and here).

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "lambda")]
pub mod lambda;
mod log;
mod machine;

use std::process::ExitCode;
use std::sync::Arc;

use marketplace::page::{Bundle, Unfit};
use thiserror::Error;

pub use machine::Machine;

use crate::config::{self, Config};
use crate::door::Door;
use crate::store::{AnyStore, OpenError};

/// The door of a function on a real machine.
pub type MachineDoor<B> = Door<B, Machine<AnyStore>>;

/// Why a function does not start, or stops.
#[derive(Debug, Error)]
pub enum Error {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] Unfit),
    /// The store does not open.
    #[error("KOOHOOK_STORE: {0}")]
    Store(#[from] OpenError),
    /// The address cannot be listened on.
    #[error("KOOHOOK_LISTEN wants a free address like 127.0.0.1:8000: {0}")]
    Listen(std::io::Error),
    /// The host's runtime fails.
    #[error("host fails: {0}")]
    Io(#[from] std::io::Error),
    /// Lambda's runtime gives up.
    #[error("lambda runtime fails: {0}")]
    Lambda(String),
    /// The program was built for another host.
    #[error("this program was built without the feature `{0}`")]
    NotCompiledIn(&'static str),
}

/// Serves a bundle until the host ends it. The host is chosen at start: where Lambda says it is
/// Lambda, it is; else plain HTTP.
pub fn serve<B: Bundle>() -> ExitCode {
    match try_serve::<B>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "start refused");
            // Where the settings were unusable there may be no log yet; a start that fails must
            // not fail in silence.
            eprint(&error);
            ExitCode::FAILURE
        }
    }
}

fn try_serve<B: Bundle>() -> Result<(), Error> {
    let config = Config::from_env()?;
    start_log(&config);
    if B::KEEPS_SECRETS && !config.vault.seals() {
        let wants = "is required: this function keeps secrets".to_owned();
        return Err(Unfit { setting: "KOOHOOK_SEAL_KEY", wants }.into());
    }
    let on_lambda = std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listen = config.listen.clone();
    let door = runtime.block_on(open::<B>(config, on_lambda))?;
    if on_lambda {
        #[cfg(feature = "lambda")]
        return runtime.block_on(lambda::serve(door));
        #[cfg(not(feature = "lambda"))]
        return Err(Error::NotCompiledIn("lambda"));
    }
    #[cfg(feature = "http")]
    return runtime.block_on(http::serve(door, &listen));
    #[cfg(not(feature = "http"))]
    {
        let _ = (runtime, door, listen);
        Err(Error::NotCompiledIn("http"))
    }
}

/// Starts the log, once per process, and says which settings nobody reads.
pub fn start_log(config: &Config) {
    log::start(&config.log);
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in config::strangers(names) {
        tracing::warn!(name, "setting unknown");
    }
}

/// Opens the store and puts the door before it.
///
/// # Errors
/// Where the store does not open, or a page cannot work under the settings.
pub async fn open<B: Bundle>(
    config: Config,
    on_function_platform: bool,
) -> Result<Arc<MachineDoor<B>>, Error> {
    let store = config.store.open(on_function_platform).await?;
    Ok(Arc::new(Door::new(config.door, config.vault, Machine::new(store))?))
}

#[expect(clippy::print_stderr, reason = "the one message of a start that has no log yet")]
fn eprint(error: &Error) {
    eprintln!("koohook does not start: {error}");
}
