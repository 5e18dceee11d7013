//! `koohook dev`: the bundle on this machine, for as long as the seller develops.

mod kept;
mod pasted;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use clap::Args;
use kept::KeptKeys;
use pasted::Pasted;
use shell::config::{self, Config};
use shell::host;
use shell::store::StoreSetting;

use crate::bundle::{Everything, open};
use crate::error::CommandError;
use crate::made_up;
use crate::output::{errln, outln};

/// Arguments of `koohook dev`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  koohook dev
  KOOHOOK_LISTEN=127.0.0.1:9000 KOOHOOK_STORE=memory: koohook dev
  KOOHOOK_APP_INFO='{\"frontEndUrl\":\"https://app.example.com\"}' koohook dev

It honours every KOOHOOK_… setting and makes up what is missing. State stays in koohook.db in this
folder unless KOOHOOK_STORE says otherwise. Made-up keys stay beside it, in koohook.db.keys and
koohook.db.application.pem, so that a restart has the same ones. With memory: nothing is kept.

It prints export lines. Paste them into a second terminal, then play the marketplace there:
  koohook conform --lives
  koohook send --v2 newInstance orderId=CS1 orderLineId=CS1-000001")]
pub struct DevArguments {
    /// Print nothing to paste.
    #[arg(long)]
    quiet: bool,
}

/// Serves until the process is asked to stop.
pub fn run(arguments: &DevArguments) -> Result<ExitCode, CommandError> {
    let made_up = MadeUp::new()?;
    let config = Config::read(&|name| made_up.lookup(name))?;
    host::start_log(&config.log);
    let (listen, base_path) = (config.listen.clone(), config.endpoint.base_path.clone());
    let max_connections = config.max_connections;
    made_up.announce();
    if !config.context.seal.seals() {
        errln!("KOOHOOK_SEAL_KEY is not set: stored values, client secrets too, are in clear");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (front, context) = runtime.block_on(open::<Everything>(config))?;
    let listener = runtime.block_on(host::http::bind(&listen))?;
    let address = address(listener.local_addr()?, &base_path);
    if !arguments.quiet {
        Pasted { address: &address, made_up: &made_up }.print();
    }
    runtime.spawn(host::keep_relaying(context));
    runtime.block_on(host::http::serve_on(front, listener, max_connections))?;
    Ok(ExitCode::SUCCESS)
}

/// Settings that are not set, and what stands in for them.
pub struct MadeUp {
    settings: BTreeMap<&'static str, String>,
    kept: Option<KeptKeys>,
}

impl MadeUp {
    fn new() -> Result<Self, CommandError> {
        let mut settings = BTreeMap::new();
        if !is_set("KOOHOOK_STORE") {
            settings.insert("KOOHOOK_STORE", "sqlite:koohook.db".to_owned());
        }
        if !is_set("KOOHOOK_APP_INFO") && !is_set("KOOHOOK_PRODUCT_URL") {
            settings.insert("KOOHOOK_APP_INFO", made_up::APP_INFO.to_owned());
        }
        let store = settings.get("KOOHOOK_STORE").cloned().or_else(|| set("KOOHOOK_STORE"));
        let store = store.and_then(|store| StoreSetting::parse(&store).ok());
        let missing: Vec<_> = kept::NAMES.into_iter().filter(|name| is_wanted(name)).collect();
        let mut kept = None;
        if !missing.is_empty() {
            let keys = KeptKeys::beside(store.as_ref())?;
            for name in missing {
                settings.insert(name, keys.get(name)?);
            }
            kept = Some(keys);
        }
        Ok(Self { settings, kept })
    }

    /// A setting as it is set, or as it was made up.
    pub fn lookup(&self, name: &str) -> Option<String> {
        config::variable(name).or_else(|| self.settings.get(name).cloned())
    }

    /// A setting that was made up.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Where made-up keys are kept, if they are.
    pub const fn kept(&self) -> Option<&KeptKeys> {
        self.kept.as_ref()
    }

    /// Says what was made up, but for the keys: the lines to paste have them.
    fn announce(&self) {
        let plain = self.settings.iter().filter(|(name, _)| !kept::NAMES.contains(name));
        for (name, value) in plain {
            outln!("{name} is not set: {value}");
        }
    }
}

/// Whether a key is to be made up.
fn is_wanted(name: &str) -> bool {
    let has_product = name != "KOOHOOK_PRODUCT_SECRET" || is_set("KOOHOOK_PRODUCT_URL");
    has_product && !is_set(name)
}

/// A setting that is set, by itself or by a file that can be read.
pub fn set(name: &str) -> Option<String> {
    let by_file = || {
        let text = std::fs::read_to_string(std::env::var_os(format!("{name}_FILE"))?).ok()?;
        Some(text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']).to_owned())
    };
    config::variable(name).or_else(by_file)
}

/// Whether a setting is set, by itself or by a file.
pub fn is_set(name: &str) -> bool {
    [name, &format!("{name}_FILE")].into_iter().any(|name| std::env::var_os(name).is_some())
}

/// The production address on this machine: the loopback reaches a listener on any interface.
fn address(listen: SocketAddr, base_path: &str) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}{base_path}", SocketAddr::new(ip, listen.port()))
}
