//! `koohook store`: makes the table that an external store needs, and checks a store.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use shell::config::StoreConfig;
use shell::host::{self, StoreCheck};
use shell::store::StoreSetting;
use shell::store::dynamodb::{AwsCredentials, Dynamodb, TableStep};

use crate::error::CommandError;
use crate::output::{self, outln};

/// Arguments of `koohook store`.
#[derive(Args)]
pub struct StoreArguments {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Subcommand)]
enum StoreCommand {
    /// Make the table and its index, if they do not stand already, and wait until they are active.
    Create(CreateArguments),
    /// Try what koohook does in a store, and say what works; nothing is left behind.
    Check(CheckArguments),
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook store create 'dynamodb://koohook?region=eu-west-1'
  KOOHOOK_STORE='dynamodb://koohook?region=eu-west-1' koohook store create

The table is billed on demand, frees what expired, and can be restored to any second of the last 35
days. Run again it changes nothing that stands. Only who runs this needs the rights for it:
dynamodb:CreateTable, DescribeTable, DescribeTimeToLive, UpdateTimeToLive, UpdateContinuousBackups.
Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the container endpoint.
Memory and SQLite want nothing made.")]
struct CreateArguments {
    /// The store, as KOOHOOK_STORE has it.
    #[arg(env = "KOOHOOK_STORE", value_name = "STORE")]
    store: String,
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook store check sqlite:/var/lib/koohook/koohook.db
  KOOHOOK_SEAL_KEY_FILE=seal.key koohook store check 'dynamodb://koohook?region=eu-west-1'

Prints a line for each of: table (DynamoDB), open, seal, read, script (Redis), write, agenda. The
seal is compared with KOOHOOK_SEAL_KEY and KOOHOOK_SEAL_KEY_PREVIOUS if they are set. Exits with 1
if one of them fails.")]
struct CheckArguments {
    /// The store, as KOOHOOK_STORE has it.
    #[arg(env = "KOOHOOK_STORE", value_name = "STORE")]
    store: String,
}

/// Makes a table, or checks a store.
pub fn run(arguments: &StoreArguments) -> Result<ExitCode, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &arguments.command {
        StoreCommand::Create(CreateArguments { store }) => match table(store)? {
            Some(table) => runtime.block_on(table.make_table(print_step))?,
            None => outln!("nothing is to be made: this store makes itself"),
        },
        StoreCommand::Check(CheckArguments { store }) => return runtime.block_on(check(store)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The table that a setting names; none if the store needs none.
fn table(setting: &str) -> Result<Option<Dynamodb>, CommandError> {
    let setting = StoreSetting::parse(setting).map_err(|fault| format!("KOOHOOK_STORE {fault}"))?;
    let StoreSetting::Dynamodb(setting) = setting else { return Ok(None) };
    Ok(Some(Dynamodb::new(&setting, AwsCredentials::from_env()?)))
}

fn print_step(step: TableStep) {
    let line = match step {
        TableStep::Stands => "the table stands already",
        TableStep::Asked => "the table is asked for",
        TableStep::Waiting => {
            // A dot a second shows that something happens.
            output::print(format_args!("."));
            return;
        }
        TableStep::Active => "the table and its index are active",
        TableStep::Freeing => "what expired is freed",
        TableStep::Restorable => "any second of the last days can be restored",
        TableStep::NotRestorable => "this endpoint cannot restore the table to a point in time",
    };
    outln!("{line}");
}

/// Tries everything, and prints a line for each.
async fn check(store: &str) -> Result<ExitCode, CommandError> {
    let config = StoreConfig::to_check(&|name| match name {
        "KOOHOOK_STORE" => Some(store.to_owned()),
        "KOOHOOK_STORE_FILE" => None,
        name => std::env::var(name).ok(),
    })?;
    config.store.must_exist()?;
    let mut is_sound = true;
    let mut print = |name: &str, outcome: Result<&str, String>| {
        let text = match outcome {
            Ok(text) => text.to_owned(),
            Err(text) => {
                is_sound = false;
                format!("failed: {text}")
            }
        };
        outln!("{name:<7} {text}");
    };
    if let Some(table) = table(store)? {
        let found = table.check_table().await;
        print("table", found.map(|()| "ok").map_err(|fault| fault.to_string()));
    }
    for StoreCheck { what, outcome } in host::check_store(&config).await {
        print(what, outcome);
    }
    if is_sound {
        outln!("the store is as it should be");
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
