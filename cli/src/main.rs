//! The `koohook` command. It runs koohook on one machine, plays the marketplace against a server,
//! and prepares and repairs an installation.

mod agenda_keys;
mod alarms;
mod applications;
mod bundle;
mod check;
mod command_line;
mod completions;
mod conform;
mod counted;
mod demo;
mod dev;
#[cfg(test)]
mod documented_commands;
mod entities;
mod error;
mod findings;
mod generated;
mod import;
mod init;
mod input;
mod instances;
mod keys;
mod local_time;
mod logs;
mod notices;
mod options;
mod output;
mod output_format;
mod package;
mod player;
mod progress;
mod question;
mod read_failures;
mod scenario;
mod secret_file;
mod send;
mod serve;
mod session;
mod shown;
mod status;
mod store;
mod table;
mod tenants;
mod time_text;
mod usage;
mod usage_interface;
mod version;
mod wire;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::error::CommandError;
use crate::output::errln;

/// Answers the signed callbacks of KooGallery (云商店), Huawei Cloud's marketplace, for a SaaS seller.
#[derive(Parser)]
#[command(name = "koohook", version, long_version = version::LONG_VERSION.as_str())]
#[command(max_term_width = 100)]
#[command(after_help = "Examples:
  koohook demo               see in a few seconds what koohook does
  koohook dev                run koohook, and paste its export lines into a second terminal
  koohook conform            in the second terminal: send the calls of the debugging page
  koohook conform --help     describe a command with its options and examples")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run koohook on this machine with generated keys, and play the marketplace against it.
    Demo(demo::DemoArguments),
    /// Run koohook on this machine while you develop, and generate the missing keys.
    Dev(dev::DevArguments),
    /// Test any server with the marketplace's calls: rehearsals, or whole scenarios.
    Conform(conform::ConformArguments),
    /// Build, sign and send one call, as the marketplace does.
    Send(send::SendArguments),
    /// Generate the kit's key pair and other secrets, print public keys, and check the keys in the settings.
    Keys(keys::KeysArguments),
    /// Create the table of a DynamoDB store, check any store, or seal its values with a new key.
    Store(store::StoreArguments),
    /// Check the settings, the store, the product and the clock of koohook serve.
    Check(check::CheckArguments),
    /// Show whether a running server and its store are well.
    Status(status::StatusArguments),
    /// Import the instances of an older server, with their IDs.
    Import(import::ImportArguments),
    /// Run koohook in production. Every setting comes from the environment.
    Serve(serve::ServeArguments),
    /// Find instances: list them by state, show the whole story of one order, export all.
    Instances(instances::InstancesArguments),
    /// Find enterprises of the kit: list them, show one, export all.
    Tenants(tenants::TenantsArguments),
    /// Find credentials of enterprises for applications: list them, show one, export all.
    Applications(applications::ApplicationsArguments),
    /// List notices that the product has not accepted, send them now, and send given-up ones again.
    Notices(notices::NoticesArguments),
    /// List the windows of pay-per-use instances (话单), report windows, and send them now or again.
    Usage(usage::UsageArguments),
    /// Test the robot that tells people what is wrong, and show what lasts.
    Alarms(alarms::AlarmsArguments),
    /// Ask where koohook will run, make the secrets, and write the settings.
    Init(init::InitArguments),
    /// Make the packages for FunctionGraph, AWS Lambda, Vercel or a machine.
    Package(package::PackageArguments),
    /// Print a script that completes the words of koohook in a shell.
    Completions(completions::CompletionsArguments),
    /// Print koohook's log for a person to read, and select its lines.
    Logs(logs::LogsArguments),
}

fn main() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(cli) => read_secrets().and_then(|()| run(&cli.command)),
        Err(error) if error.use_stderr() => error.exit(),
        Err(help) => Ok(print_help(&help)),
    };
    let done = done.and_then(|code| output::finish().map(|()| code).map_err(unwritten));
    match done {
        Ok(code) => code,
        Err(error) => {
            errln!("koohook: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the secrets of AWS that settings name, so that a command has the settings of the functions.
fn read_secrets() -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(shell::config::read_aws_secrets());
    Ok(())
}

fn run(command: &Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Demo(arguments) => demo::run(arguments),
        Command::Dev(arguments) => dev::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Send(arguments) => send::run(arguments),
        Command::Conform(arguments) => conform::run(arguments),
        Command::Keys(arguments) => keys::run(arguments),
        Command::Notices(arguments) => notices::run(arguments),
        Command::Usage(arguments) => usage::run(arguments),
        Command::Alarms(arguments) => alarms::run(arguments),
        Command::Completions(arguments) => completions::run(arguments, Cli::command()),
        Command::Logs(arguments) => logs::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Status(arguments) => status::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Init(arguments) => init::run(arguments),
        Command::Package(arguments) => package::run(arguments),
        Command::Instances(arguments) => instances::run(arguments),
        Command::Tenants(arguments) => tenants::run(arguments),
        Command::Applications(arguments) => applications::run(arguments),
        Command::Store(arguments) => store::run(arguments),
    }
}

/// Prints the help or the version on the standard output.
fn print_help(help: &clap::Error) -> ExitCode {
    let text = help.render();
    if std::io::stdout().is_terminal() {
        output::print(format_args!("{}", text.ansi()));
    } else {
        output::print(format_args!("{text}"));
    }
    ExitCode::SUCCESS
}

fn unwritten(fault: std::io::Error) -> CommandError {
    format!("standard output cannot be written ({fault}); check the disk or the pipe").into()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    #[test]
    fn arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }

    /// People type what a message of the alarms says.
    #[test]
    fn every_command_in_a_message_of_the_alarms_is_one() {
        for kind in domain::alarm::AlarmKind::ALL {
            let words = domain::alarm::what_to_type(kind).split(' ');
            assert!(super::Cli::try_parse_from(words).is_ok(), "{kind:?}");
        }
    }
}
