//! `koohook serve`: the bundle on any machine, for real: nothing is made up.

use std::process::ExitCode;

use clap::Args;
use shell::host;

use crate::Error;
use crate::bundle::Everything;

/// Arguments of `koohook serve`.
#[derive(Args)]
#[command(after_help = "Examples:
  KOOHOOK_BASE_KEY_FILE=base.key KOOHOOK_APP_INFO_FILE=app-info.json \\
  KOOHOOK_STORE=sqlite:/var/lib/koohook/koohook.db koohook serve

Every KOOHOOK_… variable is honoured and none is made up: what is missing refuses the start. The
kit is served where KOOHOOK_KIT_KEY is set. Put a TLS proxy before it that leaves headers alone.")]
pub struct Arguments {}

/// Serves until the process is asked to stop.
pub fn run(_: &Arguments) -> Result<ExitCode, Error> {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let with_kit = is_set("KOOHOOK_KIT_KEY") || is_set("KOOHOOK_KIT_KEY_FILE");
    Ok(if with_kit { host::serve::<Everything>() } else { host::serve::<receive::Function>() })
}
