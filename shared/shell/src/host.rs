//! The hosts that run functions: AWS Lambda, Vercel, or plain HTTP (FunctionGraph's HTTP functions, and
//! any machine). `serving` chooses the host of a platform.

#[cfg(any(feature = "http", feature = "vercel"))]
mod arrival;
mod error;
mod functiongraph;
#[cfg(any(feature = "http", feature = "vercel"))]
mod header_origin;
#[cfg(feature = "http")]
pub mod http;
mod keep_probing;
mod keep_relaying;
#[cfg(feature = "lambda")]
pub mod lambda;
mod log;
mod log_layer;
mod machine;
#[cfg(feature = "http")]
mod metrics_listener;
mod metrics_place;
mod opening;
mod origin;
mod platform;
mod rejected_request;
mod serving;
mod start_check;
mod start_line;
mod store_check;
#[cfg(feature = "vercel")]
mod vercel;

use std::process::ExitCode;
use std::sync::Arc;

use domain::page::Row;
use domain::settings::SettingError;
use protocol::signature::Interface;
use tokio::runtime::Runtime;

pub use self::error::HostError;
pub use self::keep_probing::start_probing;
pub use self::keep_relaying::keep_relaying;
pub use self::log::{log_lines, start_log, start_log_aside};
pub use self::machine::MachineWorld;
#[cfg(feature = "http")]
pub use self::metrics_listener::MetricsListener;
pub use self::metrics_place::check_machine_metrics;
use self::metrics_place::check_metrics;
pub use self::opening::{
    MachineContext, MachineEndpoint, open, open_context, open_proven_context, open_to_read,
    open_to_write,
};
use self::origin::name_function;
pub use self::origin::serving_process;
use self::platform::Platform;
use self::serving::Serving;
pub use self::start_check::look_for_seal;
pub use self::start_line::{RelayHere, StartFacts};
pub use self::store_check::{StoreCheck, check_store};
use crate::config::{Config, read_aws_secrets};
use crate::endpoint::Endpoint;
use crate::endpoint::app_info::AppInfoEndpoint;
use crate::endpoint::callbacks::CallbackSettings;
use crate::endpoint::usage::UsageEndpoint;
use crate::seal::Seal;

/// Serves the pages of `rows` until the host ends the process. At start it chooses the host by the
/// variables that the platform sets. `function` is the name of the program, for the log.
pub fn serve(function: &'static str, rows: &[Row]) -> ExitCode {
    name_function(function);
    ended(serve_endpoint(async |config: Config, on_platform| {
        require_key(&config.endpoint, rows)?;
        if rows.iter().any(|row| row.keeps_secrets) {
            require_seal(&config.context.seal)?;
        }
        let endpoint = open(config, rows, on_platform).await?;
        let context = Arc::clone(endpoint.context());
        Ok((endpoint, context))
    }))
}

/// Serves the product's app-info calls, as [`serve`] serves pages.
pub fn serve_app_info() -> ExitCode {
    serve_product("app-info", AppInfoEndpoint::new)
}

/// Serves the product's usage calls, as [`serve`] serves pages.
pub fn serve_usage() -> ExitCode {
    serve_product("usage", UsageEndpoint::new)
}

/// Serves calls that only the product sends.
fn serve_product<F: Endpoint>(
    function: &'static str,
    endpoint: impl Fn(Arc<MachineContext>) -> F,
) -> ExitCode {
    name_function(function);
    ended(serve_endpoint(async |config: Config, on_platform| {
        if config.context.product.is_none() {
            let problem = "is required; this function only serves calls of the product";
            return Err(SettingError::new("KOOHOOK_PRODUCT_URL", problem).into());
        }
        let context = open_context(config.context, &config.store, on_platform).await?;
        Ok((endpoint(Arc::clone(&context)), context))
    }))
}

/// Runs the relay whenever the host's timer starts it: Lambda's schedule, FunctionGraph's timer
/// trigger, or an HTTP timer that sends the secret.
pub fn relay() -> ExitCode {
    name_function("relay");
    ended(try_relay())
}

fn try_relay() -> Result<(), HostError> {
    let (runtime, mut config, platform) = start()?;
    require_seal(&config.context.seal)?;
    let serving = Serving::of(&mut config, platform);
    let Config { context, store, .. } = config;
    let loses_files = serving.platform.loses_files();
    let context = runtime.block_on(open_proven_context(context, &store, loses_files))?;
    runtime.block_on(serving.relay(context))
}

fn serve_endpoint<F: Endpoint>(
    open: impl AsyncFnOnce(Config, bool) -> Result<(F, Arc<MachineContext>), HostError>,
) -> Result<(), HostError> {
    let (runtime, mut config, platform) = start()?;
    let serving = Serving::of(&mut config, platform);
    let (endpoint, context) = runtime.block_on(open(config, serving.platform.loses_files()))?;
    runtime.block_on(serving.serve(Arc::new(endpoint), context))
}

/// Reads the settings and starts the log.
fn start() -> Result<(Runtime, Config, Platform), HostError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(read_aws_secrets());
    let config = Config::from_env()?;
    start_log(&config.log);
    let platform = Platform::here();
    check_metrics(&config.context.metrics, &platform)?;
    Ok((runtime, config, platform))
}

/// A function without the key of its activities would answer all their calls with 404.
fn require_key(settings: &CallbackSettings, rows: &[Row]) -> Result<(), SettingError> {
    let key = |interface| match interface {
        Interface::Base => ("KOOHOOK_BASE_KEY", settings.base_keys.is_some()),
        Interface::Kit => ("KOOHOOK_KIT_KEY", settings.kit_keys.is_some()),
    };
    let lacking = rows.iter().map(|row| key(row.activity.interface())).find(|(_, is_set)| !is_set);
    let problem = "is required by this function; copy the access key from the seller's console";
    lacking.map_or(Ok(()), |(setting, _)| Err(SettingError::new(setting, problem)))
}

fn require_seal(seal: &Seal) -> Result<(), SettingError> {
    if seal.seals() {
        return Ok(());
    }
    let problem = "is required, because this function stores secrets; generate one with koohook keys secret seal";
    Err(SettingError::new("KOOHOOK_SEAL_KEY", problem))
}

fn ended(served: Result<(), HostError>) -> ExitCode {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the settings are unusable, the log is not started yet. A platform's alarm reads the log,
            // and an operator the standard error.
            log::start_if_unstarted();
            tracing::error!(error = %error, "cannot start");
            eprint(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the only message of a start that has no log yet")]
fn eprint(error: &HostError) {
    eprintln!("koohook does not start: {error}");
}
