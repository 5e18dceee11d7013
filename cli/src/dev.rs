//! `koohook dev`: runs koohook on one machine while the seller develops.
//!
//! - `keys`: the generated keys. `settings`: the settings. `export_lines`: what the second terminal
//!   needs. `usage`: where usage goes.

mod export_lines;
mod keys;
mod settings;
mod usage;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use shell::config::Config;
use shell::host::{self, MetricsListener, RelayHere, StartFacts};

use self::export_lines::ExportLines;
use self::settings::DevSettings;
use self::usage::UsageRoute;
use crate::bundle::open;
use crate::error::CommandError;
use crate::output::errln;

/// Arguments of `koohook dev`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  koohook dev
  KOOHOOK_LISTEN=127.0.0.1:9000 KOOHOOK_STORE=memory: koohook dev
  KOOHOOK_APP_INFO='{\"frontEndUrl\":\"https://app.example.com\"}' koohook dev

dev reads every KOOHOOK_… setting and generates the missing keys, but no KOOHOOK_SEAL_KEY. If
KOOHOOK_STORE is not set, the store is koohook.db in this folder. If neither KOOHOOK_APP_INFO nor
KOOHOOK_PRODUCT_URL is set, dev uses an example of KOOHOOK_APP_INFO. It also runs the relay.

If KOOHOOK_OPENAPI_HOST is not set, dev never sends usage to the real marketplace. With a generated base
key, and with the default store or a memory: store, it sends usage to a simulated marketplace and prints
what that receives. Otherwise usage waits.

The generated keys of a SQLite store are next to its file, in koohook.db.keys and
koohook.db.application.pem. The next start uses them again. With another store the generated keys are
only for this run. A memory: store is lost when dev ends.

dev prints export lines. Paste them into a second terminal, then play the marketplace there:
  koohook conform --scenarios
  koohook send --v2 newInstance orderId=CS1 orderLineId=CS1-000001")]
pub struct DevArguments {
    /// Do not print the export lines.
    #[arg(long)]
    quiet: bool,
}

/// Serves until the process gets a signal to stop.
pub fn run(arguments: &DevArguments) -> Result<ExitCode, CommandError> {
    let settings = DevSettings::read()?;
    let mut config = Config::read(&|name| settings.lookup(name))?;
    host::check_machine_metrics(&config.context.metrics).map_err(|fault| fault.to_string())?;
    let route = UsageRoute::of(&settings, &config.store);
    host::start_log(&config.log);
    let (listen, base_path) = (config.listen.clone(), config.endpoint.base_path.clone());
    let max_connections = config.max_connections;
    let facts = StartFacts::of(&config);
    let product = config.context.product.as_ref().and_then(|product| product.address.host());
    settings.announce(&config.store, product);
    if product.is_some() {
        route.announce();
    }
    let store = config.store.clone();
    if !config.context.seal.seals() {
        errln!("koohook: {UNENCRYPTED}");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(route.start(&mut config.context.usage))?;
    let (endpoint, context) = runtime.block_on(open(config, &functions::everything()))?;
    let listener = runtime.block_on(host::http::bind(&listen))?;
    let metrics = runtime.block_on(MetricsListener::bind(&context.settings.metrics))?;
    let address = address(listener.local_addr()?, &base_path);
    if !arguments.quiet {
        let listen = listener.local_addr()?;
        ExportLines { address: &address, settings: &settings, store: &store, listen }.print();
    }
    runtime.block_on(host::start_probing(Arc::clone(&context)));
    facts.log(&context, RelayHere::Yes, Some(&listener.local_addr()?.to_string()));
    runtime.block_on(async { metrics.start(&context) })?;
    runtime.spawn(host::keep_relaying(context));
    runtime.block_on(host::http::serve_on(endpoint, listener, max_connections))?;
    Ok(ExitCode::SUCCESS)
}

/// The production address on this machine. If koohook listens on all interfaces, this is the
/// loopback address.
pub fn address(listen: SocketAddr, base_path: &str) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}{base_path}", SocketAddr::new(ip, listen.port()))
}

const UNENCRYPTED: &str =
    "KOOHOOK_SEAL_KEY is not set; stored values are unencrypted, and so are client secrets";
