//! Where functions run: AWS Lambda, or plain HTTP (FunctionGraph's HTTP functions, Vercel, and any
//! machine).

mod functiongraph;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "lambda")]
pub mod lambda;
mod log;
mod machine;
mod opening;
mod platform;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::page::{Pages, Row};
use domain::settings::SettingError;
use thiserror::Error;

pub use machine::Machine;
pub use opening::{Finding, examine, look_for_seal, open_to_read, open_to_write};
use platform::Platform;

use crate::config::{self, Config, ConfigError};
use crate::context::{Context, ContextSettings};
use crate::endpoint::Endpoint;
use crate::endpoint::app_info::AppInfoEndpoint;
use crate::endpoint::callbacks::CallbackEndpoint;
#[cfg(feature = "http")]
use crate::endpoint::relay::RelayEndpoint;
use crate::relay::Relay;
use crate::seal::Seal;
use crate::store::{AnyStore, Right, StoreOpenError, StoreSetting};
use crate::world::World;

/// The endpoint of a function on a real machine.
pub type MachineEndpoint = CallbackEndpoint<Machine<AnyStore>>;
/// The context behind it.
pub type MachineContext = Context<Machine<AnyStore>>;

/// Why a function does not start, or stops.
#[derive(Debug, Error)]
pub enum HostError {
    /// Settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A page cannot work under the settings.
    #[error(transparent)]
    Page(#[from] SettingError),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// The store refuses what koohook does in it.
    #[error("KOOHOOK_STORE: the right to {} is missing: {text}", right.as_str())]
    Right {
        /// What it refuses.
        right: Right,
        /// Why, and what to do.
        text: String,
    },
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
    #[error("this program was built for another platform: build it with --features {0}")]
    NotCompiledIn(&'static str),
}

/// Serves the pages of rows until the host ends it. The host is chosen at start, by what the platform
/// sets.
pub fn serve(rows: &[Row]) -> ExitCode {
    ended(serve_endpoint(async |config: Config, on_platform| {
        if Pages::new(rows, &config.endpoint.pages)?.keep_secrets() {
            sealing(&config.context.seal)?;
        }
        open(config, rows, on_platform).await
    }))
}

/// Serves app info, the product's own way in, as [`serve`] does pages.
pub fn serve_app_info() -> ExitCode {
    ended(serve_endpoint(async |config: Config, on_platform| {
        if config.context.product.is_none() {
            let wants = "is required: without a product nobody tells us anything".to_owned();
            return Err(SettingError { setting: "KOOHOOK_PRODUCT_URL", wants }.into());
        }
        let context = open_context(config.context, &config.store, on_platform).await?;
        Ok(AppInfoEndpoint::new(context))
    }))
}

/// Delivers what is due whenever the host's timer says so: Lambda's schedule, FunctionGraph's timer
/// trigger, or an HTTP timer that knows a secret.
pub fn relay() -> ExitCode {
    ended(try_relay())
}

fn try_relay() -> Result<(), HostError> {
    let config = Config::from_env()?;
    start_log(&config.log);
    sealing(&config.context.seal)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Config { context, store, listen, max_connections, relay_secret: secret, .. } = config;
    let platform = Platform::here();
    let context = runtime.block_on(open_proven_context(context, &store, platform.loses_files()))?;
    match platform {
        #[cfg(feature = "lambda")]
        Platform::Lambda => runtime.block_on(lambda::relay(context)),
        #[cfg(not(feature = "lambda"))]
        Platform::Lambda => Err(HostError::NotCompiledIn("aws")),
        Platform::FunctionGraph { runtime: Some(address) } => {
            runtime.block_on(functiongraph::relay(&context, &address))
        }
        #[cfg(feature = "http")]
        Platform::FunctionGraph { runtime: None } | Platform::Vercel | Platform::Machine => {
            let wants = "is required: it lets a timer start the relay".to_owned();
            let secret = secret.ok_or(SettingError { setting: "KOOHOOK_RELAY_SECRET", wants })?;
            runtime.block_on(http::serve(
                Arc::new(RelayEndpoint::new(context, secret)),
                &listen,
                max_connections,
            ))
        }
        #[cfg(not(feature = "http"))]
        Platform::FunctionGraph { runtime: None } | Platform::Vercel | Platform::Machine => {
            let _ = (listen, max_connections, secret);
            Err(HostError::NotCompiledIn("functiongraph"))
        }
    }
}

fn serve_endpoint<F: Endpoint>(
    open: impl AsyncFnOnce(Config, bool) -> Result<F, HostError>,
) -> Result<(), HostError> {
    let config = Config::from_env()?;
    start_log(&config.log);
    let platform = Platform::here();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (listen, max_connections) = (config.listen.clone(), config.max_connections);
    let endpoint = Arc::new(runtime.block_on(open(config, platform.loses_files()))?);
    match platform {
        #[cfg(feature = "lambda")]
        Platform::Lambda => runtime.block_on(lambda::serve(endpoint)),
        #[cfg(not(feature = "lambda"))]
        Platform::Lambda => Err(HostError::NotCompiledIn("aws")),
        #[cfg(feature = "http")]
        Platform::FunctionGraph { .. } | Platform::Vercel | Platform::Machine => {
            runtime.block_on(http::serve(endpoint, &listen, max_connections))
        }
        #[cfg(not(feature = "http"))]
        Platform::FunctionGraph { .. } | Platform::Vercel | Platform::Machine => {
            let _ = (endpoint, listen, max_connections);
            Err(HostError::NotCompiledIn("functiongraph"))
        }
    }
}

fn sealing(seal: &Seal) -> Result<(), SettingError> {
    if seal.seals() {
        return Ok(());
    }
    let wants =
        "is required: this function keeps secrets; koohook keys secret seal makes one".to_owned();
    Err(SettingError { setting: "KOOHOOK_SEAL_KEY", wants })
}

fn ended(served: Result<(), HostError>) -> ExitCode {
    match served {
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

/// Does what a timer does on a function platform, for as long as the process lives.
pub async fn keep_relaying(context: Arc<MachineContext>) {
    let (mut assessed, mut looked) = (Instant::now(), Instant::now());
    let mut is_failing = false;
    loop {
        if looked.elapsed() >= LOOKED_EVERY {
            opening::look_for_seal(&context).await;
            looked = Instant::now();
        }
        let outcome = Relay::new(&context, RUN).run().await;
        match &outcome {
            Ok(report) => report.log(),
            // It is tried every second: one line says so until it succeeds.
            Err(_) if is_failing => {}
            Err(fault) => tracing::error!(fault = %fault, "relay failed"),
        }
        is_failing = outcome.is_err();
        if assessed.elapsed() >= ASSESSED_EVERY {
            context.world.store().reassess().await;
            assessed = Instant::now();
        }
        tokio::time::sleep(REST).await;
    }
}

/// How long one run of the relay lasts at most.
const RUN: Duration = Duration::from_mins(1);
/// How long it rests: the first failure is tried again after five seconds.
const REST: Duration = Duration::from_secs(1);
/// How often it looks whether the store is still as durable as at the start.
const ASSESSED_EVERY: Duration = Duration::from_mins(5);

/// How often a process without a seal key looks whether another one has sealed its store.
const LOOKED_EVERY: Duration = Duration::from_mins(1);

/// Starts the log, once per process, and says which settings nobody reads.
pub fn start_log(targets: &str) {
    start_log_on(targets, log::Stream::Output);
}

/// Starts the log of a command that prints data: on the standard error.
pub fn start_log_aside(targets: &str) {
    start_log_on(targets, log::Stream::Aside);
}

fn start_log_on(targets: &str, stream: log::Stream) {
    log::start(targets, stream);
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, nearest) in config::unknown_settings(names) {
        tracing::warn!(name, nearest, "setting unknown");
    }
}

/// Opens the store and puts the endpoint before it.
///
/// # Errors
/// Where the store does not open, or a page cannot work under the settings.
pub async fn open(
    config: Config,
    rows: &[Row],
    on_function_platform: bool,
) -> Result<MachineEndpoint, HostError> {
    let Config { endpoint, context, store, .. } = config;
    let context = open_context(context, &store, on_function_platform).await?;
    Ok(CallbackEndpoint::new(endpoint, rows, context)?)
}

/// Opens the store and sets a context before it, for a function: it proves nothing at its start, but
/// that a store which it would leave in clear is not sealed.
///
/// # Errors
/// Where the store does not open.
pub async fn open_context(
    settings: ContextSettings,
    store: &StoreSetting,
    on_function_platform: bool,
) -> Result<Arc<MachineContext>, HostError> {
    let machine = machine(store.open(on_function_platform).await?, &settings);
    let context = Context::new(settings, machine);
    if !context.settings.seal.seals() {
        opening::prove_keys(&context.world, &context.settings.seal).await?;
    }
    Ok(Arc::new(context))
}

/// Opens the store and sets a context before it, for what relays: it proves its keys and its rights.
///
/// # Errors
/// If the store does not open, or refuses what will not heal.
pub async fn open_proven_context(
    settings: ContextSettings,
    store: &StoreSetting,
    on_function_platform: bool,
) -> Result<Arc<MachineContext>, HostError> {
    let store = store.open(on_function_platform).await?;
    let machine = machine(store, &settings);
    let context = Context::new(settings, machine);
    opening::prove(&context.world, &context.settings.seal).await?;
    Ok(Arc::new(context))
}

/// The machine, with a guard before what calls the product.
fn machine(store: AnyStore, settings: &ContextSettings) -> Machine<AnyStore> {
    let machine = Machine::new(store);
    let Some(product) = &settings.product else { return machine };
    if product.is_told_in_clear() {
        tracing::warn!("product is called over http: credentials cross that network in clear");
    }
    machine.guarded(&product.guard)
}

#[expect(clippy::print_stderr, reason = "the one message of a start that has no log yet")]
fn eprint(error: &HostError) {
    eprintln!("koohook does not start: {error}");
}
