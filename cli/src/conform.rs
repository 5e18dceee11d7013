//! `koohook conform`: sends the marketplace's calls to any server before the marketplace does.

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
Run `koohook dev` and paste its export lines into a second terminal. There you can run:

  koohook conform                  send the rehearsals of the debugging page; they change no data
  koohook conform --scenarios      also create, change and release instances
  koohook conform --only v2 >report.txt
  koohook conform \"$KOOHOOK_ADDRESS\" --key \"$KOOHOOK_BASE_KEY\"

The server need not be koohook. If a gateway routes each activity to its own function, write
{function} for the function's name: 'https://seller.example.com/{function}/saasproduce'.

The report goes to the standard output. Progress goes to the standard error. Each line ends with:
  ok          the answer is right
  remark      the answer works; the end of the report explains the remark
  not served  HTTP 404, 405 or 501, or 000002 or 000005, for an activity that not every product
              needs; check whether your product needs it
  skipped     the call needs an instance ID, and no answer contained one
  FAILED      the marketplace would count a failed call; the line shows the fault and the rule
The exit code is 0 if no line says FAILED.

A server may serve only one contract. If it answers the other contract with HTTP 404, 405 or 501,
that contract is not served. If all calls of a contract fail in another way, the contract fails. The
reason may be a wrong key. If your product uses only one contract, give --only. If the kit's key and
a client secret are given, the server must serve the kit under at least one contract.

Run --scenarios only against a test installation: it creates and releases instances. The server must
return access data immediately: from KOOHOOK_APP_INFO, or from a product that answers with appInfo.")]
pub struct ConformArguments {
    /// The production address of the server.
    #[arg(env = "KOOHOOK_ADDRESS", hide_env_values = true)]
    address: Option<String>,
    #[command(flatten)]
    signing: SigningArguments,
    /// A client secret from `koohook keys seal`. Without it the kit is not played.
    #[arg(long, value_name = "BASE64", env = "KOOHOOK_SEALED_SECRET", hide_env_values = true)]
    sealed_secret: Option<String>,
    /// Play whole scenarios, not only rehearsals. Use it only against a test installation.
    // Scripts use the first name of this option.
    #[arg(long = "scenarios", alias = "lives")]
    whole_scenarios: bool,
    /// Play only this contract, and fail if it is not served [default: both contracts].
    #[arg(long, value_name = "CONTRACT")]
    only: Option<AccessGuide>,
}

impl ConformArguments {
    fn address(&self) -> Result<&str, CommandError> {
        let address = self.address.as_deref().filter(|address| !address.is_empty());
        address.ok_or_else(|| {
            "address is missing; give it, or set KOOHOOK_ADDRESS (koohook dev serves \
             http://127.0.0.1:8000/saasproduce)"
                .into()
        })
    }
}

/// Plays the calls and prints the report. The exit code is 0 if no line failed.
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
        unit: arguments.signing.timestamp_unit()?,
    };
    reach(address)?;
    let only = arguments.only;
    let mut report = ConformReport::begin(address, arguments.whole_scenarios, only);
    play(arguments, seller, &scenario::purchases(only), &mut report);
    if kit_key.is_some() && sealed_secret.is_some() {
        play(arguments, seller, &scenario::enterprises(only), &mut report);
    } else if kit_key.is_some() {
        errln!(
            "koohook: the kit is not played; set KOOHOOK_SEALED_SECRET or give --sealed-secret \
             (koohook keys seal prints one)"
        );
    }
    Ok(report.conclude())
}

/// Plays both contracts of the base interfaces, or of the kit. The server may serve only one of them.
fn play(
    arguments: &ConformArguments,
    seller: Seller,
    scenarios: &[Vec<Step>],
    report: &mut ConformReport,
) {
    let mut statuses = Vec::new();
    for scenario in scenarios {
        if arguments.only.is_some() {
            statuses.push(ContractStatus::Served);
            continue;
        }
        let probe = probe(seller, scenario);
        report.add_calls(probe.calls);
        statuses.push(probe.status);
    }
    let is_none_served = statuses.iter().all(ContractStatus::is_absent);
    for (scenario, status) in scenarios.iter().zip(&statuses) {
        match status {
            ContractStatus::Served => play_scenario(arguments, seller, scenario, report),
            ContractStatus::Absent(seen) if is_none_served => report.missing(scenario, seen),
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
        // If the purchase failed, the scenario has no instance.
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

/// Checks that a server listens; otherwise the report has a hundred lines with the same fault. The server
/// need not answer: it may drop a call that belongs to no contract.
fn reach(address: &str) -> Result<(), CommandError> {
    let request = http::Request::get(address.replace("{function}", "receive")).body(Vec::new())?;
    match wire::send(&wire::client(), request) {
        Err(unanswered) if unanswered.is_no_server() => Err(unanswered.into()),
        _ => Ok(()),
    }
}

const KIT_KEY_HELP: &str = "The access key of the kit. Without it the kit is not played";
