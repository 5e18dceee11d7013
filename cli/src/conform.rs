//! `koohook conform`: the marketplace's calls against any address, before the marketplace makes
//! them.

mod presence;
mod report;

use std::process::ExitCode;

use clap::Args;
use presence::{Pair, Presence};
use report::ConformReport;
use simulator::scenario::Step;

use crate::demo::{self, Only};
use crate::error::CommandError;
use crate::options::{self, Unit};
use crate::output::errln;
use crate::play::{Player, Rules, Seller};
use crate::wire;

/// Arguments of `koohook conform`.
#[derive(Args)]
#[command(after_help = "\
Run `koohook dev` and paste the export lines that it prints into a second terminal. Then these work
as they are:

  koohook conform                  the rehearsals of the debugging page: they leave no trace
  koohook conform --lives          whole lives: make, change and release instances
  koohook conform --only v2 >report.txt
  koohook conform \"$KOOHOOK_ADDRESS\" --key \"$KOOHOOK_BASE_KEY\"

The address may be any server's. If a gateway routes each activity to its own function, write
{function} for its name: 'https://seller.example.com/{function}/saasproduce'.

The report goes to the standard output, and progress to the standard error. Each line ends with:
  ok          the marketplace goes on
  remark      it works, and the end of the report says what is worth knowing
  not served  not every product needs this activity, or this contract: a contract is not served
              if the server answers HTTP 404, 405 or 501
  FAILED      the marketplace counts a failed call; what was seen, and what the guide wants
The exit code is 0 if no line says FAILED. A contract fails if all its calls fail alike, by a wrong
key too: play a server of one contract with --only. The kit fails if its key is given and neither
contract of it is served.

Whole lives are for an installation on trial, never for a live one. They need access data at once:
from a template, or from a product that answers with it.")]
pub struct ConformArguments {
    /// The production address.
    #[arg(env = "KOOHOOK_ADDRESS")]
    address: Option<String>,
    /// The access key of the base interfaces.
    #[arg(long, env = "KOOHOOK_BASE_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The access key of the kit; without it the kit is not played.
    #[arg(long, env = "KOOHOOK_KIT_KEY", hide_env_values = true)]
    kit_key: Option<String>,
    /// A client secret sealed with the seller's public key, as `koohook keys seal` makes it;
    /// without it the kit is not played.
    #[arg(long, value_name = "BASE64", env = "KOOHOOK_SEALED_SECRET", hide_env_values = true)]
    sealed_secret: Option<String>,
    /// Play whole lives, not only rehearsals: for an installation on trial, never a live one.
    #[arg(long)]
    lives: bool,
    /// Play one contract alone, and expect it to be served.
    #[arg(long, value_name = "CONTRACT")]
    only: Option<Only>,
    /// The unit of V2's timestamp: the international guide says seconds.
    #[arg(
        long,
        value_name = "UNIT",
        env = "KOOHOOK_TIMESTAMP_UNIT",
        default_value = "milliseconds"
    )]
    timestamp_unit: Unit,
}

/// Plays, reports, and says whether nothing failed.
pub fn run(arguments: &ConformArguments) -> Result<ExitCode, CommandError> {
    let address = arguments.address.as_deref().filter(|address| !address.is_empty());
    let address = address.ok_or(
        "address is missing: give it, or set KOOHOOK_ADDRESS; koohook's own is \
         http://127.0.0.1:8000/saasproduce",
    )?;
    wire::check_address(address)?;
    let key = options::key(arguments.key.as_deref(), "KOOHOOK_BASE_KEY", "--key")?;
    let kit_key = options::key_if_any(arguments.kit_key.as_deref(), "KOOHOOK_KIT_KEY")?;
    let sealed_secret = arguments.sealed_secret.as_deref().filter(|secret| !secret.is_empty());
    let seller = Seller {
        address,
        access_key: &key,
        kit_key: kit_key.as_deref().unwrap_or_default(),
        sealed_secret: sealed_secret.unwrap_or_default(),
        unit: arguments.timestamp_unit.into(),
    };
    reach(address)?;
    let mut report = ConformReport::begin(address, arguments.lives, arguments.only);
    play(arguments, seller, &Pair::base(demo::lives(arguments.only)), &mut report);
    if kit_key.is_some() && sealed_secret.is_some() {
        play(arguments, seller, &Pair::kit(demo::enterprises(arguments.only)), &mut report);
    } else if kit_key.is_some() {
        errln!(
            "koohook: the kit is not played: set KOOHOOK_SEALED_SECRET or give --sealed-secret, \
             which koohook keys seal makes"
        );
    }
    Ok(report.conclude())
}

/// Plays both contracts of the base interfaces, or of the kit. Of two, one may be not served.
fn play(arguments: &ConformArguments, seller: Seller, pair: &Pair, report: &mut ConformReport) {
    let expects_all = arguments.only.is_some();
    let presences = pair.lives.iter().map(|life| {
        if expects_all { Presence::Served } else { presence::look(seller, life, report) }
    });
    let presences: Vec<Presence> = presences.collect();
    let is_none_served = presences.iter().all(Presence::is_absent);
    for (life, presence) in pair.lives.iter().zip(&presences) {
        match presence {
            Presence::Served => play_life(arguments, seller, life, report),
            Presence::Absent(seen) if is_none_served => report.missing(life, seen, pair.name),
            Presence::Absent(seen) => report.absent(life, &seen.text),
            Presence::Failing(seen) => report.failing(life, seen),
        }
    }
}

fn play_life(
    arguments: &ConformArguments,
    seller: Seller,
    life: &[Step],
    report: &mut ConformReport,
) {
    let played = |step: &&Step| arguments.lives || step.is_rehearsal();
    let steps: Vec<&Step> = life.iter().filter(played).collect();
    let mut player = Player::new(seller, Rules::Guides);
    report.start(&steps);
    for step in steps {
        // Without a purchase there is nothing to call about.
        if step.needs_instance() && player.instance_id().is_empty() {
            report.unplayed(step);
            continue;
        }
        report.line(&player.act(step));
        if player.is_given_up() {
            report.given_up(life);
            break;
        }
    }
    if !player.is_any_served() {
        report.unserved(life);
    }
    report.add_calls(player.calls());
}

/// Whether a server is there, before a hundred lines say that none is. It need not answer: a call
/// of no contract may be dropped.
fn reach(address: &str) -> Result<(), CommandError> {
    let request = http::Request::get(address.replace("{function}", "receive")).body(Vec::new())?;
    match wire::send(&wire::client(), request) {
        Err(unanswered) if unanswered.is_no_server() => Err(unanswered.into()),
        _ => Ok(()),
    }
}
