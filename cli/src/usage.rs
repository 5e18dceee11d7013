//! `koohook usage`: lists the windows of pay-per-use instances (话单), reports windows in the product's
//! place, makes waiting ones due, and has rejected ones sent again.
//!
//! - `usage_filter`: the options that select windows. `usage_state`: their states.
//! - `usage_line`: one window as the commands print it. `answer_words`: what the marketplace said about
//!   it.
//! - `usage_store`: reads the usage of instances.
//! - `listing`, `showing`: `list` and `show`. `waiting`: what waits, for `check` and `status`.
//! - `report_file`: reads a file of windows. `reporting`: reports them.
//! - `acting`: `now`. `again`: `again`.

mod acting;
mod again;
mod answer_words;
mod listing;
mod report_file;
mod reporting;
mod showing;
mod usage_filter;
mod usage_line;
mod usage_state;
mod usage_store;
pub mod waiting;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::usage::UsageCycle;
use shell::config::variable;
use shell::host::{self, open_to_read, open_to_write};

use self::acting::UsageNowArguments;
pub use self::acting::make_due;
use self::again::UsageAgainArguments;
use self::listing::UsageListArguments;
use self::report_file::ReportFile;
use self::reporting::UsageReportArguments;
use self::showing::UsageShowArguments;
use self::usage_store::UsageStore;
use crate::error::CommandError;
use crate::options::{given_or_in_file, unknown_in_file};
use crate::session::{Session, settings};

/// Arguments of `koohook usage`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook usage list                             windows that wait or were rejected, and why
  koohook usage list --late                      what the marketplace should have by now
  koohook usage show 3c1d…                       all windows of one instance, and their sum
  koohook usage report --dry-run usage.csv       check a file of windows
  koohook usage now --all                        send what waits at the next full minute
  koohook usage again 3c1d… BEGIN END            send a rejected window again

Set KOOHOOK_STORE to the store [default: sqlite:koohook.db], KOOHOOK_SEAL_KEY to its key, and
KOOHOOK_USAGE_CYCLE to the server's [default: hourly].

A window is the usage (话单) of one instance between two times. The product reports windows to koohook,
and the relay sends each to the marketplace as one record. sent means that the marketplace received it,
not that it was billed: the console (卖家中心 > 交易管理 > 话单管理) shows that.")]
pub struct UsageArguments {
    #[command(subcommand)]
    command: UsageCommand,
}

#[derive(Subcommand)]
enum UsageCommand {
    /// List windows that the marketplace has not received, and why, the oldest first.
    #[command(after_help = "Examples:
  koohook usage list
  koohook usage list --late
  koohook usage list --state rejected -n 10
  koohook usage list --instance 3c1d… --state sent,zero --all
  koohook usage list --older-than 2h -o json | jq '.[].instanceId'

LATE is late if an operator should look, and missing if the window misses its deadline at the
marketplace. WHY has the marketplace's code, what its guide says about the code, and what to do. The last
line of the table is the number of windows. Only a terminal gets the heads of the table.")]
    List(UsageListArguments),
    /// Show the usage of one instance: its sum, its windows, the newest first, and their metering_sn.
    #[command(after_help = "Examples:
  koohook usage show 3c1d…
  koohook usage show 3c1d… --all -o json

usage is the sum that koohook answers to queryInstance: everything that was accepted since the beginning,
without what the marketplace rejected. For a package it answers the product's entries, so that this line
is missing. koohook keeps windows for about three weeks.

METERING SN is the marketplace's unique ID of the record. With it you find the record in the console.")]
    Show(UsageShowArguments),
    /// Report windows in the product's place, by the same rules. Each is reported once.
    #[command(after_help = "Examples:
  koohook usage report --dry-run usage.csv       decide on every record, and write nothing
  koohook usage report usage.csv
  koohook usage report - <usage.jsonl

Columns of a table, or members of a JSON line:
  recordId                  any text; it is only printed
  instanceId                required: the pay-per-use instance
  beginTime, endTime        required: times with an offset, in whole seconds, at most 24 hours apart
  value                     required: at least 0, at most 4 decimal places and 8 digits before them
  relatedPackageInstanceId  the package from which the marketplace deducts the usage

A file can also be the product's message, {\"records\":[…]}. A table begins with a line of column names.
It may be UTF-8, UTF-16 or GB18030 (GBK), as Excel and WPS save it. Format IDs and times as text.

A window is the key: to report it again with the same value is harmless. If the command was interrupted,
run it again. A rejected record rejects no other: the command prints it with its reason.
The exit code is 1 if a record was rejected or the store failed.")]
    Report(UsageReportArguments),
    /// Make waiting windows due, so that the relay sends them at the next full minute.
    #[command(after_help = "Examples:
  koohook usage now 3c1d…
  koohook usage now --all --yes

The command counts the windows, and asks before it changes them. The relay sends them: koohook serve at
the next full minute, a timer at its next run. It sends the same records, so that the marketplace bills
none twice. If the marketplace refuses the key, first correct the key.")]
    Now(UsageNowArguments),
    /// Send a window again that was rejected, or that the marketplace's later check refused.
    #[command(after_help = "Examples:
  koohook usage again 3c1d… 2026-11-26T10:00:00Z 2026-11-26T11:00:00Z
  koohook usage again 3c1d… '2026-11-26 18:00:00 +08:00' '2026-11-26 19:00:00 +08:00' --value 12.5

The marketplace gets a new record with another metering_sn. If it billed the earlier record, it may bill
the window twice: look it up in the console first (卖家中心 > 交易管理 > 话单管理). The command asks, and
writes a line into its log. Times without an offset are in the time zone of this machine.")]
    Again(UsageAgainArguments),
}

/// Lists, shows, reports or sends windows.
pub fn run(arguments: &UsageArguments) -> Result<ExitCode, CommandError> {
    let command = &arguments.command;
    match command {
        UsageCommand::List(arguments) => listing::list(&open(command)?, arguments),
        UsageCommand::Show(arguments) => showing::show(&open(command)?, arguments),
        UsageCommand::Now(arguments) => acting::send_now(&open(command)?, arguments),
        UsageCommand::Again(arguments) => again::send_again(&open(command)?, arguments),
        UsageCommand::Report(arguments) => {
            // A wrong file needs no store.
            let file = ReportFile::read(&arguments.file)?;
            reporting::report(&open(command)?, &file, arguments.dry_run)
        }
    }
}

fn open(command: &UsageCommand) -> Result<UsageStore, CommandError> {
    let cycle = cycle()?;
    let config = settings()?;
    config.store.must_exist()?;
    let acts = match command {
        UsageCommand::List(_) | UsageCommand::Show(_) => false,
        UsageCommand::Report(arguments) => !arguments.dry_run,
        UsageCommand::Now(_) | UsageCommand::Again(_) => true,
    };
    if acts && config.store.is_local() {
        // The log says what an operator did.
        host::start_log_aside(&config.log);
    }
    let session = Session::open(config, async |config| {
        let opened = if acts { open_to_write(config).await } else { open_to_read(config).await };
        Ok(opened?)
    })?;
    Ok(UsageStore { session, cycle })
}

/// How often the marketplace collects usage, by the same setting as the server's.
fn cycle() -> Result<UsageCycle, CommandError> {
    let text = given_or_in_file(variable(CYCLE).as_deref(), CYCLE)?;
    match text.as_deref() {
        None | Some("hourly") => Ok(UsageCycle::Hourly),
        Some("daily") => Ok(UsageCycle::Daily),
        Some(_) if variable(CYCLE).is_none() => Err(unknown_in_file(CYCLE, WORDS)),
        Some(_) => Err(format!("{CYCLE} has an unknown value; set it to {WORDS}").into()),
    }
}

const CYCLE: &str = "KOOHOOK_USAGE_CYCLE";
const WORDS: &str = "hourly or daily";
