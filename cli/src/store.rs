//! `koohook store`: the table that a store beyond this machine wants before anything is kept in it.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use shell::store::StoreSetting;
use shell::store::dynamodb::{Credentials, Dynamodb, Step};

use crate::Error;

/// Arguments of `koohook store`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the table and its index, if they do not stand already, and wait until they are active.
    Create(Create),
    /// Look whether the table stands as it should; change nothing.
    Check(Check),
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
struct Create {
    /// The store, as KOOHOOK_STORE has it.
    #[arg(env = "KOOHOOK_STORE", value_name = "STORE")]
    store: String,
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook store check 'dynamodb://koohook?region=eu-west-1'

Exits with 1 where the table is missing, is of another shape, or is not active yet.")]
struct Check {
    /// The store, as KOOHOOK_STORE has it.
    #[arg(env = "KOOHOOK_STORE", value_name = "STORE")]
    store: String,
}

/// Makes a table, or looks at one.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &arguments.command {
        Command::Create(Create { store }) => match table(store)? {
            Some(table) => runtime.block_on(table.make_table(tell))?,
            None => println!("nothing is to be made: this store makes itself"),
        },
        Command::Check(Check { store }) => {
            match table(store)? {
                Some(table) => runtime.block_on(table.check_table())?,
                None => runtime.block_on(look(store))?,
            }
            println!("the store is as it should be");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The table that a setting names; none where the store needs none.
fn table(setting: &str) -> Result<Option<Dynamodb>, Error> {
    let setting = StoreSetting::parse(setting).map_err(|wants| format!("STORE {wants}"))?;
    let StoreSetting::Dynamodb(setting) = setting else { return Ok(None) };
    Ok(Some(Dynamodb::new(&setting, Credentials::from_env()?)))
}

fn tell(step: Step) {
    let line = match step {
        Step::Stands => "the table stands already",
        Step::Asked => "the table is asked for",
        Step::Waiting => {
            // A dot a second, so that whoever waits sees that something happens.
            print!(".");
            let _ = std::io::stdout().flush();
            return;
        }
        Step::Active => "the table and its index are active",
        Step::Freeing => "what expired is freed",
        Step::Restorable => "any second of the last days can be restored",
        Step::NotRestorable => "this endpoint cannot restore the table to a point in time",
    };
    println!("{line}");
}

/// A store that makes itself is as it should be where it is there and opens.
async fn look(store: &str) -> Result<(), Error> {
    let setting = StoreSetting::parse(store).map_err(|wants| format!("KOOHOOK_STORE {wants}"))?;
    setting.must_stand()?;
    setting.open(false).await?;
    Ok(())
}
