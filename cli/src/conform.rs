//! `koohook conform`: the marketplace's calls against any address, before the marketplace makes
//! them.

mod probe;
mod report;

use std::process::ExitCode;

use clap::Args;
use simulator::scenario::Step;

use self::probe::{ContractStatus, probe};
use self::report::ConformReport;
use crate::error::CommandError;
use crate::options::{AccessGuide, SigningArguments};
use crate::output::errln;
use crate::player::{AnswerRules, Player, Seller};
use crate::{scenario, wire};

/// Arguments of `koohook conform`.
#[derive(Args)]
#[command(mut_arg("kit_key", |arg| arg.help(KIT_KEY_HELP)))]
#[command(after_help = "\
Run `koohook dev` and paste the export lines that it prints into a second terminal. Then these work
as they are:

  koohook conform                  the rehearsals of the debugging page: they leave no trace
  koohook conform --lives          whole scenarios: make, change and release instances
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

Whole scenarios are for an installation on trial, never for a live one. They need access data at
once: from a template, or from a product that answers with it.")]
pub struct ConformArguments {
    /// The production address.
    #[arg(env = "KOOHOOK_ADDRESS")]
    address: Option<String>,
    #[command(flatten)]
    signing: SigningArguments,
    /// A client secret sealed with the seller's public key, as `koohook keys seal` makes it;
    /// without it the kit is not played.
    #[arg(long, value_name = "BASE64", env = "KOOHOOK_SEALED_SECRET", hide_env_values = true)]
    sealed_secret: Option<String>,
    /// Play whole scenarios, not only rehearsals: for an installation on trial, never a live one.
    #[arg(long = "lives")]
    whole_scenarios: bool,
    /// Play one contract alone, and expect it to be served.
    #[arg(long, value_name = "CONTRACT")]
    only: Option<AccessGuide>,
}

/// The interfaces of one type: a scenario for each contract.
struct Interfaces {
    name: &'static str,
    scenarios: Vec<Vec<Step>>,
}

impl ConformArguments {
    fn address(&self) -> Result<&str, CommandError> {
        let address = self.address.as_deref().filter(|address| !address.is_empty());
        address.ok_or_else(|| {
            "address is missing: give it, or set KOOHOOK_ADDRESS; koohook's own is \
             http://127.0.0.1:8000/saasproduce"
                .into()
        })
    }
}

/// Plays and reports. The exit code is 0 if nothing failed.
pub fn run(arguments: &ConformArguments) -> Result<ExitCode, CommandError> {
    let address = arguments.address()?;
    wire::check_address(address)?;
    let key = arguments.signing.key()?;
    let kit_key = arguments.signing.kit_key_if_any()?;
    let sealed_secret = arguments.sealed_secret.as_deref().filter(|secret| !secret.is_empty());
    let seller = Seller {
        address,
        access_key: &key,
        kit_key: kit_key.as_deref().unwrap_or_default(),
        sealed_secret: sealed_secret.unwrap_or_default(),
        unit: arguments.signing.timestamp_unit.into(),
    };
    reach(address)?;
    let only = arguments.only;
    let mut report = ConformReport::begin(address, arguments.whole_scenarios, only);
    let base = Interfaces { name: "base interfaces", scenarios: scenario::purchases(only) };
    play(arguments, seller, &base, &mut report);
    if kit_key.is_some() && sealed_secret.is_some() {
        let kit = Interfaces { name: "kit", scenarios: scenario::enterprises(only) };
        play(arguments, seller, &kit, &mut report);
    } else if kit_key.is_some() {
        errln!(
            "koohook: the kit is not played: set KOOHOOK_SEALED_SECRET or give --sealed-secret, \
             which koohook keys seal makes"
        );
    }
    Ok(report.conclude())
}

/// Plays both contracts of the base interfaces, or of the kit. Of two, one may be not served.
fn play(
    arguments: &ConformArguments,
    seller: Seller,
    interfaces: &Interfaces,
    report: &mut ConformReport,
) {
    let mut statuses = Vec::new();
    for scenario in &interfaces.scenarios {
        if arguments.only.is_some() {
            statuses.push(ContractStatus::Served);
            continue;
        }
        let probe = probe(seller, scenario);
        report.add_calls(probe.calls);
        statuses.push(probe.status);
    }
    let is_none_served = statuses.iter().all(ContractStatus::is_absent);
    for (scenario, status) in interfaces.scenarios.iter().zip(&statuses) {
        match status {
            ContractStatus::Served => play_scenario(arguments, seller, scenario, report),
            ContractStatus::Absent(seen) if is_none_served => {
                report.missing(scenario, seen, interfaces.name);
            }
            ContractStatus::Absent(seen) => report.absent(scenario, &seen.text),
            ContractStatus::Failing(seen) => report.failing(scenario, seen),
        }
    }
}

fn play_scenario(
    arguments: &ConformArguments,
    seller: Seller,
    scenario: &[Step],
    report: &mut ConformReport,
) {
    let is_played = |step: &&Step| arguments.whole_scenarios || step.is_rehearsal();
    let steps: Vec<&Step> = scenario.iter().filter(is_played).collect();
    let mut player = Player::new(seller, AnswerRules::Guides);
    report.start(&steps);
    for step in steps {
        // Without a purchase there is no instance to call about.
        if step.needs_instance() && player.instance_id().is_empty() {
            report.unplayed(step);
            continue;
        }
        report.played(&player.play_step(step));
        if player.is_given_up() {
            report.given_up(scenario);
            break;
        }
    }
    if !player.is_any_served() {
        report.unserved(scenario);
    }
    report.add_calls(player.calls());
}

/// Checks that a server listens, before a hundred lines say that none does. It need not answer: it
/// may drop a call of no contract.
fn reach(address: &str) -> Result<(), CommandError> {
    let request = http::Request::get(address.replace("{function}", "receive")).body(Vec::new())?;
    match wire::send(&wire::client(), request) {
        Err(unanswered) if unanswered.is_no_server() => Err(unanswered.into()),
        _ => Ok(()),
    }
}

const KIT_KEY_HELP: &str = "The access key of the kit; without it the kit is not played";
