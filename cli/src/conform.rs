//! `koohook conform`: the marketplace's calls against any address, before the marketplace makes
//! them.

use std::process::ExitCode;

use clap::Args;
use sender::life::Step;

use crate::demo::{self, Only};
use crate::play::{Player, Score, Seller};
use crate::{Error, wire};

/// Arguments of `koohook conform`.
#[derive(Args)]
#[command(after_help = "Examples:
  KOOHOOK_BASE_KEY=… koohook conform https://seller.example.com/saasproduce
      the rehearsals of the debugging page and the dial tests: they leave no trace
  KOOHOOK_BASE_KEY=… koohook conform --lives https://staging.example.com/saasproduce
      whole lives: makes, changes and releases one instance under each contract
  koohook conform --lives 'http://127.0.0.1:9000/lambda-url/{function}/saasproduce'
      each activity to its own function, where a gateway routes

Whole lives want access data at once: from a template, or from a product that does not say 202.")]
pub struct Arguments {
    /// The production address; `{function}` in it stands for the activity's own function.
    address: String,
    /// The access key of the base interfaces.
    #[arg(long, env = "KOOHOOK_BASE_KEY", hide_env_values = true)]
    key: String,
    /// The access key of the kit; without it the kit is not played.
    #[arg(long, env = "KOOHOOK_KIT_KEY", hide_env_values = true)]
    kit_key: Option<String>,
    /// A client secret sealed with the seller's public key, as `koohook keys seal` makes it;
    /// without it the kit is not played.
    #[arg(long, value_name = "BASE64")]
    sealed_secret: Option<String>,
    /// Play whole lives, not only rehearsals: for an installation on trial, never a live one.
    #[arg(long)]
    lives: bool,
    /// Play one contract alone.
    #[arg(long, value_name = "CONTRACT")]
    only: Option<Only>,
}

/// Plays, and says whether everything was as it must be.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let seller = Seller {
        address: &arguments.address,
        access_key: &arguments.key,
        kit_key: arguments.kit_key.as_deref().unwrap_or_default(),
        sealed_secret: arguments.sealed_secret.as_deref().unwrap_or_default(),
    };
    ask_once(&arguments.address)?;
    let mut lives = demo::lives(arguments.only);
    match (&arguments.kit_key, &arguments.sealed_secret) {
        (Some(_), Some(_)) => lives.extend(demo::enterprises(arguments.only)),
        (Some(_), None) => {
            println!(
                "The kit is not played: it wants --sealed-secret, which koohook keys seal makes."
            );
        }
        (None, _) => (),
    }
    let played = lives.into_iter().map(|life| {
        let life: Vec<Step> =
            life.into_iter().filter(|step| arguments.lives || step.is_rehearsal()).collect();
        Player::new(seller, None).play(&life)
    });
    let scores: Vec<Score> = played.collect();
    Ok(demo::conclude(&scores))
}

/// Whether anybody answers there, before a hundred lines say that nobody does.
fn ask_once(address: &str) -> Result<(), Error> {
    let request = http::Request::get(address.replace("{function}", "receive")).body(Vec::new())?;
    match wire::send(&wire::client(), request) {
        Ok(_) => Ok(()),
        Err(fault) => Err(format!("{address} does not answer: {fault}").into()),
    }
}
