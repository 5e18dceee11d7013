//! `koohook store restore`: writes the values of a backup into a store that lacks them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use domain::outbox::Reader;
use shell::backup::{
    BackupHeader, RestoreMode, RestoreOutcome, RestoredValue, are_restored, restore_values,
};
use shell::config::StoreConfig;
use shell::host::{self, open_to_read, open_to_write};
use tokio::runtime::Runtime;

use super::backup::kind;
use super::backup_file::{self, BackupFile};
use super::pace::CopyPace;
use super::verify::{Survey, survey};
use super::{STORE, setting_of};
use crate::error::CommandError;
use crate::output::{errln, outln};
use crate::session::Session;

/// Arguments of `koohook store restore`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook store restore koohook-monday.backup --store sqlite:/var/lib/koohook/new.db
  KOOHOOK_SEAL_KEY_FILE=seal.key koohook store restore koohook-monday.backup --store 'rediss://USER:PASSWORD@HOST'
  koohook store restore koohook-monday.backup --dry-run

First the command checks the whole file, and decrypts every value. It writes nothing if that fails. Then
it writes each value for whose key the store has none, sealed with the KOOHOOK_SEAL_KEY of that store.
It never replaces a value that koohook wrote. At the end it reads all values back and compares them.

The sequence of every entity rises by 1,000,000, so that the product does not ignore later notices. If
the command is interrupted, run it again. koohook may serve meanwhile, but a product then gets notices
of restored values at once; so better stop it.

To move a store while koohook serves: back up and restore once, stop koohook, back up into a second file,
restore that with --update, and start koohook on the new store. --update replaces values that a restore
of an older backup wrote and that nobody changed since.

The exit code is 1 if a value of the store differs from the backup.")]
pub struct RestoreArguments {
    /// The file that koohook store backup wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The store, written like KOOHOOK_STORE [default: the text in the file of KOOHOOK_STORE_FILE].
    #[arg(long, env = STORE, hide_env_values = true, value_name = "STORE")]
    pub store: Option<String>,
    /// Replace values that a restore of an older backup wrote and that nobody changed since.
    #[arg(long)]
    update: bool,
    /// Only print what would be written.
    #[arg(long, conflicts_with = "update")]
    dry_run: bool,
    /// Leave out values that no key decrypts or that koohook cannot use.
    #[arg(long)]
    skip_unusable: bool,
}

/// Restores a backup.
pub fn run(
    store: &str,
    arguments: &RestoreArguments,
    runtime: Runtime,
) -> Result<ExitCode, CommandError> {
    let config = StoreConfig::read(&|name| setting_of(store, name))?;
    kind(&config.store)?;
    let found = survey(&arguments.file, Some(&config.seal))?;
    outln!("{}", found.text());
    if let Some(fault) = found.fault() {
        if found.restorable() == 0 {
            return Err(format!("{}: {fault}", arguments.file.display()).into());
        }
        if !arguments.skip_unusable {
            return Err(format!("{}: {fault}; {SKIP}", arguments.file.display()).into());
        }
        errln!("koohook: {fault}");
    }
    if arguments.dry_run && config.store.must_exist().is_err() {
        outln!("the store does not exist; {} values would be written", found.restorable());
        return Ok(ExitCode::SUCCESS);
    }
    if !config.store.is_local() {
        host::start_log_aside(&config.log);
    }
    let session = Session::open_on(runtime, config, async |config: &StoreConfig| {
        Ok(if arguments.dry_run {
            open_to_read(config).await?
        } else {
            open_to_write(config).await?
        })
    })?;
    restore(&session, arguments, &found)
}

fn restore(
    session: &Session,
    arguments: &RestoreArguments,
    found: &Survey,
) -> Result<ExitCode, CommandError> {
    let mode = match arguments {
        RestoreArguments { dry_run: true, .. } => RestoreMode::DryRun,
        RestoreArguments { update: true, .. } => RestoreMode::Update,
        RestoreArguments { .. } => RestoreMode::Absent,
    };
    let report = write(session, &arguments.file, mode, found)?;
    report.print(mode, found);
    if mode == RestoreMode::DryRun {
        return Ok(report.code());
    }
    let equal = compare(session, &arguments.file, found)?;
    let left = found.restorable().saturating_sub(equal + report.expired);
    outln!("verified: {equal} values read back and equal{}", differ(left));
    complete_catalogue(session)?;
    Ok(if left == 0 { report.code() } else { ExitCode::FAILURE })
}

fn differ(left: u64) -> String {
    if left == 0 { String::new() } else { format!("; {left} differ") }
}

/// How many values of the backup had each outcome.
#[derive(Default)]
struct Report {
    written: u64,
    replaced: u64,
    existed: u64,
    expired: u64,
    differ: u64,
    /// Those of them that an older backup had.
    older: u64,
}

/// Writes all values, batch after batch.
fn write(
    session: &Session,
    path: &Path,
    mode: RestoreMode,
    found: &Survey,
) -> Result<Report, CommandError> {
    let mut report = Report::default();
    let mut pace = CopyPace::new("restored", Some(found.values));
    let mut batches = Batches::open(session, path, found)?;
    while let Some(batch) = batches.read()? {
        let repository = session.repository(Reader::Product);
        let done = session.runtime.block_on(restore_values(&repository, &batch, mode));
        for (value, outcome) in batch.iter().zip(done) {
            let outcome = outcome.map_err(|failure| {
                format!("{}; run this command again to continue", session.advised(failure))
            })?;
            report.add(&value.key, outcome);
        }
        pace.add(batch.len());
    }
    Ok(report)
}

/// Reads all values back. Returns how many are equal.
fn compare(session: &Session, path: &Path, found: &Survey) -> Result<u64, CommandError> {
    let mut equal = 0;
    let mut pace = CopyPace::new("compared", Some(found.values));
    let mut batches = Batches::open(session, path, found)?;
    while let Some(batch) = batches.read()? {
        let repository = session.repository(Reader::Product);
        for read in session.runtime.block_on(are_restored(&repository, &batch)) {
            equal += u64::from(read.map_err(|failure| session.advised(failure))?);
        }
        pace.add(batch.len());
    }
    Ok(equal)
}

/// Each restored value has its entry. Values that were there before may lack theirs.
fn complete_catalogue(session: &Session) -> Result<(), CommandError> {
    let repository = session.repository(Reader::Product);
    let is_complete = session.runtime.block_on(repository.catalogue_is_complete());
    if !is_complete.map_err(|failure| session.advised(failure))? {
        outln!(
            "run koohook store reindex: the catalogue may lack values that were in the store before"
        );
    }
    Ok(())
}

/// The values of a backup, some at a time.
struct Batches<'a> {
    session: &'a Session,
    path: &'a Path,
    file: BackupFile,
    header: &'a BackupHeader,
}

impl<'a> Batches<'a> {
    fn open(session: &'a Session, path: &'a Path, found: &'a Survey) -> Result<Self, CommandError> {
        let (file, header) = backup_file::open(path)?;
        if header != found.header {
            return Err(format!(
                "{}: file was replaced meanwhile; run this command again",
                path.display()
            )
            .into());
        }
        Ok(Self { session, path, file, header: &found.header })
    }

    /// The next values; `None` after the last one. Unusable ones are left out.
    fn read(&mut self) -> Result<Option<Vec<RestoredValue>>, CommandError> {
        let mut batch = Vec::new();
        let mut len = 0_usize;
        while batch.len() < BATCH && len < BATCH_LEN {
            let read = self.file.next_value();
            let Some(value) = read.map_err(|fault| backup_file::named(self.path, &fault))? else {
                return Ok(if batch.is_empty() { None } else { Some(batch) });
            };
            len += value.value.len();
            batch.extend(RestoredValue::of(&self.session.seal, self.header.at, value));
        }
        Ok(Some(batch))
    }
}

impl Report {
    fn add(&mut self, key: &str, outcome: RestoreOutcome) {
        match outcome {
            RestoreOutcome::Written => self.written += 1,
            RestoreOutcome::Replaced => self.replaced += 1,
            RestoreOutcome::Exists => self.existed += 1,
            RestoreOutcome::Expired => self.expired += 1,
            RestoreOutcome::DiffersFromBackup | RestoreOutcome::Differs => {
                self.older += u64::from(outcome == RestoreOutcome::DiffersFromBackup);
                self.differ += 1;
                if self.differ <= MAX_NAMED {
                    errln!("koohook: {key}: the store has another value, which stays");
                }
            }
        }
    }

    fn print(&self, mode: RestoreMode, found: &Survey) {
        let Self { written, replaced, existed, expired, differ, older } = *self;
        let verb = if mode == RestoreMode::DryRun { "would be written" } else { "written" };
        let replaced = if replaced > 0 { format!("; {replaced} replaced") } else { String::new() };
        let expired = if expired > 0 { format!("; {expired} have expired") } else { String::new() };
        let skipped = if found.unusable > 0 {
            format!("; {} left out", found.unusable)
        } else {
            String::new()
        };
        outln!(
            "{written} values {verb}{replaced}; {existed} existed already; {differ} differ{expired}{skipped}"
        );
        if differ > MAX_NAMED {
            errln!("koohook: {} more values differ", differ - MAX_NAMED);
        }
        if older > 0 {
            errln!(
                "koohook: {older} of them came from an older backup; to replace those that nobody changed \
                 since, run this command again with --update"
            );
        }
    }

    /// The exit code: 1 if a value of the store differs.
    fn code(&self) -> ExitCode {
        if self.differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Survey {
    /// How many values a restore writes at most.
    fn restorable(&self) -> u64 {
        self.values.saturating_sub(self.unusable)
    }
}

const SKIP: &str = "--skip-unusable restores the others";
/// How many differing values are named.
const MAX_NAMED: u64 = 20;
/// How many values, and about how many bytes, one batch has.
const BATCH: usize = 256;
const BATCH_LEN: usize = 8 * 1024 * 1024;
