//! `koohook conform`: the marketplace's calls against any address, before the marketplace makes
//! them.

use std::process::ExitCode;

use clap::Args;
use sender::life::Step;

use crate::Error;
use crate::demo::{self, Only};
use crate::play::{Player, Score};

/// Arguments of `koohook conform`.
#[derive(Args)]
#[command(after_help = "Examples:
  KOOHOOK_BASE_KEY=… koohook conform https://seller.example.com/saasproduce
      the rehearsals of the debugging page and the dial tests: they leave no trace
  KOOHOOK_BASE_KEY=… koohook conform --lives https://staging.example.com/saasproduce
      whole lives: makes, changes and releases one instance under each contract
  koohook conform --lives 'http://127.0.0.1:9000/lambda-url/{function}/saasproduce'
      each activity to its own function, where a gateway routes")]
pub struct Arguments {
    /// The production address; `{function}` in it stands for the activity's own function.
    address: String,
    /// The access key of the base interfaces.
    #[arg(long, env = "KOOHOOK_BASE_KEY", hide_env_values = true)]
    key: String,
    /// Play whole lives, not only rehearsals: for an installation on trial, never a live one.
    #[arg(long)]
    lives: bool,
    /// Play one contract alone.
    #[arg(long, value_name = "CONTRACT")]
    only: Option<Only>,
}

/// Plays, and says whether everything was as it must be.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let played = demo::lives(arguments.only).into_iter().map(|life| {
        let life: Vec<Step> =
            life.into_iter().filter(|step| arguments.lives || step.is_rehearsal()).collect();
        Player::new(&arguments.address, &arguments.key, None).play(&life)
    });
    let scores: Vec<Score> = played.collect();
    Ok(demo::conclude(&scores))
}
