//! `koohook check`: checks everything that `koohook serve` needs, with the same settings.

mod alarms;
pub mod clock;
mod notices;
mod orders;
mod product;
mod settings;
mod store;
mod usage;

use std::process::ExitCode;

use clap::Args;
use shell::host::MachineWorld;
use shell::store::AnyStore;
use shell::store::memory::Memory;

use crate::error::CommandError;
use crate::findings::Findings;
use crate::output::outln;
use crate::output_format::FormatArgument;

/// Arguments of `koohook check`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook check
  koohook check -o json

The command reads the same settings as koohook serve, and prints one line for each check:
  settings     every wrong setting
  store …      each operation of koohook in the store, and the seal
  clock        this machine's clock, compared with the store's and the product's
  product      sends a signed test.ping; a status from 200 to 299 passes. A second test.ping has a
               wrong signature; the product must reject it
  order query  queries a mock order of the marketplace, if KOOHOOK_OPENAPI_AK is set
  notices      how many notices wait after failed attempts
  usage        how many windows of pay-per-use instances wait, and whether one is late, as in
               koohook status
  alarms       whether a robot is set that tells people what is wrong; koohook alarms test posts

It writes only the proof of its permissions in the store. Like a start, it adds the new columns to a
SQLite file of an older version, which then refuses the file. You can run it beside a running server. The
exit code is 1 if a check fails.")]
pub struct CheckArguments {
    #[command(flatten)]
    format: FormatArgument,
}

/// Runs every check, and prints a line for each.
pub fn run(arguments: &CheckArguments) -> Result<ExitCode, CommandError> {
    let mut findings = Findings::new(arguments.format);
    let Some(config) = settings::check(&mut findings) else {
        return Ok(findings.end(WELL));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        store::check(&config, &mut findings).await;
        let product = config.context.product.as_ref();
        let world = MachineWorld::new(AnyStore::Memory(Memory::new()));
        findings.print("order query", &orders::check(&world, config.context.orders.as_ref()).await);
        let (finding, date) = product::check(world, product).await;
        findings.print("product", &finding);
        if let Some(date) = date {
            findings.print("clock product", &clock::compare("the product", date));
        }
    });
    notices::check(&mut findings);
    usage::check(&mut findings);
    findings.print("alarms", &alarms::check(config.context.alarms.as_ref()));
    let code = findings.end(WELL);
    if !arguments.format.is_json() {
        outln!("{NOT_CHECKED}");
    }
    Ok(code)
}

const WELL: &str = "koohook can serve with these settings";
const NOT_CHECKED: &str = "not checked: TLS proxy and Body-Sign (docs/deploy/machine.md), the alarm robot (koohook alarms test), backup";
