//! `koohook serve`: runs koohook in production on one machine. It generates no setting.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::page::Row;
use shell::config::Config;
use shell::host::{self, MetricsListener, RelayHere, StartFacts};

use crate::bundle::open;
use crate::error::CommandError;
use crate::output::errln;

/// Arguments of `koohook serve`.
#[derive(Args)]
#[command(after_help = "Examples:
  KOOHOOK_BASE_KEY_FILE=base.key KOOHOOK_APP_INFO_FILE=app-info.json \\
  KOOHOOK_STORE=sqlite:/var/lib/koohook/koohook.db koohook serve

serve reads every KOOHOOK_… setting and generates none. If a required setting is missing, it does
not start. It serves the kit if KOOHOOK_KIT_KEY is set. It also runs the relay. Put a TLS proxy in
front of it. The proxy must not change header names or bodies.")]
pub struct ServeArguments {}

/// Serves until the process gets a signal to stop.
pub fn run(_: &ServeArguments) -> Result<ExitCode, CommandError> {
    let config = Config::from_env()?;
    host::start_log(&config.log);
    if let Some(missing) = missing_setting(&config) {
        return Err(missing.into());
    }
    host::check_machine_metrics(&config.context.metrics).map_err(|fault| fault.to_string())?;
    if config.endpoint.base_keys.is_none() {
        errln!("koohook: {NO_BASE_KEY}");
    }
    serve(config)
}

/// The callbacks that the settings allow: the kit only if it has a key.
pub fn rows() -> Vec<Row> {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let has_kit = is_set("KOOHOOK_KIT_KEY") || is_set("KOOHOOK_KIT_KEY_FILE");
    if has_kit { functions::everything() } else { functions::BASE.to_vec() }
}

/// What is missing, if each setting is valid by itself and koohook cannot serve.
pub fn missing_setting(config: &Config) -> Option<&'static str> {
    if rows().iter().any(|row| row.keeps_secrets) && !config.context.seal.seals() {
        return Some(
            "KOOHOOK_SEAL_KEY is missing, and the kit stores secrets; generate a key with \
             koohook keys secret seal",
        );
    }
    let serves_nothing = config.endpoint.base_keys.is_none() && config.endpoint.kit_keys.is_none();
    serves_nothing.then_some(
        "KOOHOOK_BASE_KEY is missing; set it, or set KOOHOOK_KIT_KEY to serve only the kit",
    )
}

fn serve(config: Config) -> Result<ExitCode, CommandError> {
    let rows = rows();
    let (listen, max_connections) = (config.listen.clone(), config.max_connections);
    let facts = StartFacts::of(&config);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (endpoint, context) = runtime.block_on(open(config, &rows))?;
    let listener = runtime.block_on(host::http::bind(&listen))?;
    let metrics = runtime.block_on(MetricsListener::bind(&context.settings.metrics))?;
    runtime.block_on(host::start_probing(Arc::clone(&context)));
    facts.log(&context, RelayHere::Yes, Some(&listener.local_addr()?.to_string()));
    runtime.block_on(async { metrics.start(&context) })?;
    runtime.spawn(host::keep_relaying(context));
    runtime.block_on(host::http::serve_on(endpoint, listener, max_connections))?;
    Ok(ExitCode::SUCCESS)
}

/// The warning of a koohook that serves only the kit.
pub const NO_BASE_KEY: &str =
    "KOOHOOK_BASE_KEY is not set; koohook answers 404 to the base interfaces";
