//! `koohook status`: whether a running server and its store are well.

mod server;
mod store;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use shell::config::variable;
use shell::host::open_to_read;

use crate::dev;
use crate::error::CommandError;
use crate::findings::{Finding, Findings};
use crate::output_format::FormatArgument;
use crate::session::{Session, settings};

/// Arguments of `koohook status`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook status
  koohook status https://koohook.example.com
  koohook status -o json

The command asks the server for /healthz and /readyz, and reads the store of KOOHOOK_STORE with the
keys of KOOHOOK_SEAL_KEY. It writes nothing. The exit code is 1 if a line says failed: the server
does not answer or is not ready, the store does not answer, a notice or usage has been due for more
than 10 minutes, a purchase has waited for access data for more than 90 minutes, or usage misses its
deadline that koohook accepted in time.")]
pub struct StatusArguments {
    /// The address of the server [default: the address in KOOHOOK_LISTEN].
    url: Option<String>,
    #[command(flatten)]
    format: FormatArgument,
}

/// Prints about ten lines about the server and its store.
pub fn run(arguments: &StatusArguments) -> Result<ExitCode, CommandError> {
    let config = settings()?;
    let origin = origin(arguments.url.as_deref())?;
    let mut findings = Findings::new(arguments.format);
    server::check(&origin, &mut findings);
    let place = config.store.place();
    let opened = config.store.must_exist().map_err(|fault| fault.to_string());
    let opened = opened.and_then(|()| {
        Session::open(config, async |config| Ok(open_to_read(config).await?))
            .map_err(|fault| fault.to_string())
    });
    match opened {
        Ok(session) => store::check(&session, &place, &mut findings),
        Err(text) => findings.print("store", &Finding::failed(text)),
    }
    Ok(findings.end(WELL))
}

/// The scheme, the host and the port of the server.
fn origin(url: Option<&str>) -> Result<String, CommandError> {
    if let Some(url) = url {
        crate::wire::check_address(url)?;
        let uri: http::Uri = url.parse()?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        return Ok(format!("{}://{authority}", uri.scheme_str().unwrap_or("http")));
    }
    let listen = variable("KOOHOOK_LISTEN").unwrap_or_else(|| DEFAULT.to_owned());
    let address = listen.parse::<SocketAddr>();
    Ok(address.map_or_else(|_| format!("http://{listen}"), |listen| dev::address(listen, "")))
}

const DEFAULT: &str = "127.0.0.1:8000";
const WELL: &str = "the server and its store are well";
