//! `koohook store`: creates the table of a DynamoDB store, and checks any store.
//!
//! - `reindex`: completes the catalogue. `reseal`: seals all values with a new key. `backup`: copies a
//!   store into a file. `restore`: writes such a file into a store. `verify`: checks such a file.
//! - `backup_file`: opens a backup. `pace`: the progress of work with many values.

mod backup;
mod backup_file;
mod pace;
mod reindex;
mod reseal;
mod restore;
mod verify;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Subcommand};
use shell::aws::AwsCredentials;
use shell::config::StoreConfig;
use shell::host::{self, MachineWorld, StoreCheck};
use shell::repository::mark_new_catalogue;
use shell::store::dynamodb::{Dynamodb, TableStep};
use shell::store::{AnyStore, StoreSetting, Version};
use shell::world::World;

use self::backup::BackupArguments;
use self::reindex::ReindexArguments;
use self::reseal::ResealArguments;
use self::restore::RestoreArguments;
use self::verify::VerifyArguments;
use crate::error::CommandError;
use crate::options::given_or_in_file;
use crate::output::{self, outln};

/// Arguments of `koohook store`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook store create 'dynamodb://koohook?region=eu-west-1'
  koohook store check sqlite:/var/lib/koohook/koohook.db
  koohook store reindex sqlite:/var/lib/koohook/koohook.db
  koohook store reseal sqlite:/var/lib/koohook/koohook.db
  koohook store backup koohook-monday.backup --store sqlite:/var/lib/koohook/koohook.db
  koohook store verify koohook-monday.backup
  koohook store restore koohook-monday.backup --store 'rediss://USER:PASSWORD@HOST'")]
pub struct StoreArguments {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Subcommand)]
enum StoreCommand {
    /// Create the DynamoDB table and its indexes if they are missing, and wait until they are active.
    Create(CreateArguments),
    /// Check a store: try each operation of koohook in it, and print which ones work.
    Check(CheckArguments),
    /// Write the entries of the catalogue that are missing. Run it once after an update from a koohook without a catalogue.
    Reindex(ReindexArguments),
    /// Seal every stored value with KOOHOOK_SEAL_KEY, so that KOOHOOK_SEAL_KEY_PREVIOUS can be unset.
    Reseal(ResealArguments),
    /// Copy every value of a store into one file. koohook may serve meanwhile.
    Backup(BackupArguments),
    /// Write the values of a backup into a store that lacks them. With a backup of another store it moves the store.
    Restore(RestoreArguments),
    /// Check a backup without a store: its lines, its count, its SHA-256, and the seal key.
    Verify(VerifyArguments),
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook store create 'dynamodb://koohook?region=eu-west-1'
  KOOHOOK_STORE='dynamodb://koohook?region=eu-west-1' koohook store create

The table is billed on demand and deletes expired items. You can restore it to any second of the
last 35 days. If the table exists, this command only completes it. Other stores need no table.

Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the container endpoint.
They need dynamodb:CreateTable, UpdateTable, DescribeTable, DescribeTimeToLive, UpdateTimeToLive,
UpdateContinuousBackups and PutItem. Of these the functions need only PutItem.")]
struct CreateArguments {
    /// The store, written like KOOHOOK_STORE [default: the text in the file of KOOHOOK_STORE_FILE].
    #[arg(env = STORE, hide_env_values = true, value_name = "STORE")]
    store: Option<String>,
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook store check sqlite:/var/lib/koohook/koohook.db
  KOOHOOK_SEAL_KEY_FILE=seal.key koohook store check 'dynamodb://koohook?region=eu-west-1'

The command prints one line for each check: table (DynamoDB), open, seal, read, script (Redis),
write, agenda, catalogue. It leaves no value in the store. It compares the seal with KOOHOOK_SEAL_KEY and
KOOHOOK_SEAL_KEY_PREVIOUS if they are set. The exit code is 1 if a check fails.")]
struct CheckArguments {
    /// The store, written like KOOHOOK_STORE [default: the text in the file of KOOHOOK_STORE_FILE].
    #[arg(env = STORE, hide_env_values = true, value_name = "STORE")]
    store: Option<String>,
}

/// Creates a table, or checks a store.
pub fn run(arguments: &StoreArguments) -> Result<ExitCode, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &arguments.command {
        StoreCommand::Create(CreateArguments { store }) => {
            match table(&named(store.as_deref())?)? {
                Some(table) => runtime.block_on(create(table))?,
                None => outln!(
                    "this store needs no table; the first start of koohook prepares the store"
                ),
            }
        }
        StoreCommand::Reindex(arguments) => {
            return reindex::run(&named(arguments.store.as_deref())?, runtime);
        }
        StoreCommand::Reseal(arguments) => {
            return reseal::run(arguments, &named(arguments.store.as_deref())?, runtime);
        }
        StoreCommand::Backup(arguments) => {
            return backup::run(&named(arguments.store.as_deref())?, arguments, runtime);
        }
        StoreCommand::Restore(arguments) => {
            return restore::run(&named(arguments.store.as_deref())?, arguments, runtime);
        }
        StoreCommand::Verify(arguments) => return verify::run(arguments),
        StoreCommand::Check(CheckArguments { store }) => {
            return runtime.block_on(check(&named(store.as_deref())?));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The store from the argument, the variable or its file. Without any of them the arguments are wrong.
fn named(store: Option<&str>) -> Result<String, CommandError> {
    given_or_in_file(store, STORE)?
        .map_or_else(|| <clap::Error>::raw(ErrorKind::MissingRequiredArgument, MISSING).exit(), Ok)
}

/// The table that a setting names; `None` if the store needs none.
fn table(setting: &str) -> Result<Option<Dynamodb>, CommandError> {
    let setting = StoreSetting::parse(setting).map_err(|fault| format!("KOOHOOK_STORE {fault}"))?;
    let StoreSetting::Dynamodb(setting) = setting else { return Ok(None) };
    Ok(Some(Dynamodb::new(&setting, AwsCredentials::from_env()?)))
}

/// Creates a table, and marks the catalogue of a new table as complete: every value in it will have
/// its entry.
async fn create(table: Dynamodb) -> Result<(), CommandError> {
    let mut is_new = false;
    let report = |step| {
        is_new |= step == TableStep::Asked;
        print_step(step);
    };
    table.make_table(report).await?;
    if is_new {
        let world = MachineWorld::new(AnyStore::Dynamodb(Box::new(table)));
        let version = Version(world.random());
        let marked = mark_new_catalogue(world.store(), version, world.now()).await;
        outln!("{}", if marked.is_ok() { COMPLETE } else { UNMARKED });
    }
    Ok(())
}

fn print_step(step: TableStep) {
    let line = match step {
        TableStep::Stands => "the table exists already",
        TableStep::Asked => "the table is being created",
        TableStep::Waiting => {
            // One dot a second shows that the command still waits.
            output::print(format_args!("."));
            return;
        }
        TableStep::Indexing => "the index catalogue is being added",
        TableStep::Active => "the table and its indexes are active",
        TableStep::Freeing => "the table deletes expired items",
        TableStep::Restorable => "the table can be restored to a point in time",
        TableStep::NotRestorable => "this endpoint cannot restore a table to a point in time",
    };
    outln!("{line}");
}

/// Runs every check, and prints a line for each.
async fn check(store: &str) -> Result<ExitCode, CommandError> {
    let config = StoreConfig::to_check(&|name| setting_of(store, name))?;
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
        outln!("{name:<9} {text}");
    };
    if let Some(table) = table(store)? {
        let found = table.check_table().await;
        print("table", found.map(|()| "ok").map_err(|fault| fault.to_string()));
    }
    for StoreCheck { what, outcome } in host::check_store(&config).await {
        print(what, outcome);
    }
    if is_sound {
        outln!("the store works");
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A setting of a command whose argument names the store.
fn setting_of(store: &str, name: &str) -> Option<String> {
    match name {
        STORE => Some(store.to_owned()),
        // The caller already read the store's address, from the variable or from the file.
        "KOOHOOK_STORE_FILE" => None,
        name => std::env::var(name).ok(),
    }
}

const COMPLETE: &str = "the catalogue is complete";
const UNMARKED: &str = "the catalogue could not be marked as complete; allow dynamodb:PutItem, then run koohook store \
     reindex";
const STORE: &str = "KOOHOOK_STORE";
const MISSING: &str =
    "argument STORE is missing; give it, or set KOOHOOK_STORE or KOOHOOK_STORE_FILE\n";
