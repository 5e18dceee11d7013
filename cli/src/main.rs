//! The `koohook` command: the bundle on this machine, and the marketplace's side of the wire.

mod bundle;
mod command_line;
mod conform;
mod demo;
mod dev;
mod error;
mod import;
mod input;
mod keys;
mod made_up;
mod notices;
mod options;
mod output;
mod player;
mod scenario;
mod secret_file;
mod send;
mod serve;
mod session;
mod store;
mod time_text;
mod wire;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::CommandError;
use crate::output::errln;

/// KooGallery (云商店) callbacks, answered right: demo, develop, send, conform, notices, import, keys,
/// store.
#[derive(Parser)]
#[command(name = "koohook", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the bundle with made-up keys and play the scenarios of purchases over real HTTP.
    Demo(demo::DemoArguments),
    /// Keep the bundle running on KOOHOOK_LISTEN; make up and print what is not set.
    Dev(dev::DevArguments),
    /// Serve the bundle for real: every setting from the environment, nothing made up.
    Serve(serve::ServeArguments),
    /// Build, sign and send one call, as the marketplace does.
    Send(send::SendArguments),
    /// Play the marketplace against any address: rehearsals, or whole scenarios of purchases.
    Conform(conform::ConformArguments),
    /// Make the key pair that the kit's application credential wants, and fresh secrets.
    Keys(keys::KeysArguments),
    /// Look at what the product was not told yet, and tell it again what it did not take.
    Notices(notices::NoticesArguments),
    /// Bring in instances that an older server made, under the IDs it gave.
    Import(import::ImportArguments),
    /// Make the table that an external store wants, or look at it.
    Store(store::StoreArguments),
}

fn main() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(cli) => run(&cli.command),
        Err(told) if told.use_stderr() => told.exit(),
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

fn run(command: &Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Demo(arguments) => demo::run(arguments),
        Command::Dev(arguments) => dev::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Send(arguments) => send::run(arguments),
        Command::Conform(arguments) => conform::run(arguments),
        Command::Keys(arguments) => keys::run(arguments),
        Command::Notices(arguments) => notices::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Store(arguments) => store::run(arguments),
    }
}

/// Help, or the version: both were asked for.
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
    format!("the standard output cannot be written: {fault}").into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
