//! `koohook completions`: prints a script that completes words in a shell.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use clap_complete::{Shell, generate};

use crate::error::CommandError;
use crate::output::print;

/// Arguments of `koohook completions`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook completions bash >/etc/bash_completion.d/koohook
  koohook completions zsh >\"${fpath[1]}/_koohook\"
  koohook completions fish >~/.config/fish/completions/koohook.fish
  source <(koohook completions bash)                         only for this shell")]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    shell: CompletedShell,
}

/// A shell that completes words.
#[derive(Clone, Copy, ValueEnum)]
pub enum CompletedShell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}

impl From<CompletedShell> for Shell {
    fn from(shell: CompletedShell) -> Self {
        match shell {
            CompletedShell::Bash => Self::Bash,
            CompletedShell::Zsh => Self::Zsh,
            CompletedShell::Fish => Self::Fish,
        }
    }
}

/// Prints the script for the whole command.
pub fn run(
    arguments: &CompletionsArguments,
    mut command: clap::Command,
) -> Result<ExitCode, CommandError> {
    let mut script = Vec::new();
    generate(Shell::from(arguments.shell), &mut command, "koohook", &mut script);
    print(format_args!("{}", String::from_utf8(script)?));
    Ok(ExitCode::SUCCESS)
}
