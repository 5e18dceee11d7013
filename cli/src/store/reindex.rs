//! `koohook store reindex`: writes the missing entries of the catalogue.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::outbox::Reader;
use shell::config::StoreConfig;
use shell::failure::Failure;
use shell::host::{self, open_to_write};
use shell::reindex::{Reindexed, reindex};
use shell::store::{Scan, ScanPage, ScanPlace};
use shell::world::World;
use tokio::runtime::Runtime;

use super::{STORE, setting_of};
use crate::error::CommandError;
use crate::output::{self, outln};
use crate::read_failures::ReadFailures;
use crate::session::Session;

/// Arguments of `koohook store reindex`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook store reindex sqlite:/var/lib/koohook/koohook.db
  KOOHOOK_SEAL_KEY_FILE=seal.key koohook store reindex 'dynamodb://koohook?region=eu-west-1'

The catalogue lists instances, enterprises and applications by state. koohook writes an entry with each
value. Values of a koohook without a catalogue have no entry, and the lists lack them until this command
has run. It reads every value of the store and writes only those whose entry is missing or wrong.

koohook may serve meanwhile. If the command is interrupted, run it again. The last line says whether the
catalogue is complete. The exit code is 1 if a value cannot be used or the store does not answer.")]
pub struct ReindexArguments {
    /// The store, written like KOOHOOK_STORE [default: the text in the file of KOOHOOK_STORE_FILE].
    #[arg(env = STORE, hide_env_values = true, value_name = "STORE")]
    pub store: Option<String>,
}

/// What the command has done so far.
#[derive(Default)]
struct Progress {
    read: u64,
    records: u64,
    written: u64,
    failures: ReadFailures,
}

/// Checks every value of the store, and writes the missing entries.
pub fn run(store: &str, runtime: Runtime) -> Result<ExitCode, CommandError> {
    let config = StoreConfig::read(&|name| setting_of(store, name))?;
    config.store.must_exist()?;
    if !config.store.is_local() {
        host::start_log_aside(&config.log);
    }
    let open = async |config: &StoreConfig| Ok(open_to_write(config).await?);
    let session = Session::open_on(runtime, config, open)?;
    let mut progress = Progress::default();
    let scanned = scan(&session, &mut progress);
    if io::stderr().is_terminal() {
        output::print_aside(format_args!("\r{CLEAR}"));
    }
    let Progress { records, written, failures, .. } = progress;
    outln!("{records} records checked; {written} entries written");
    scanned?;
    let code = failures.end()?;
    // The mark says that no entity lacks its entry.
    let marked = session.repository(Reader::Product);
    let marked = session.runtime.block_on(marked.mark_complete_catalogue());
    marked.map_err(|failure| session.advised(failure))?;
    outln!("the catalogue is complete");
    Ok(code)
}

fn scan(session: &Session, progress: &mut Progress) -> Result<(), CommandError> {
    let begun = session.world.elapsed();
    let mut after = None;
    loop {
        let page = page(session, after.as_ref()).map_err(|failure| session.advised(failure))?;
        progress.read += u64::try_from(page.values.len()).unwrap_or_default();
        let repository = session.repository(Reader::Product);
        for checked in session.runtime.block_on(reindex(&repository, page.values)) {
            progress.add(session, checked)?;
        }
        progress.print(session.world.elapsed().saturating_sub(begun));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn page(session: &Session, after: Option<&ScanPlace>) -> Result<ScanPage, Failure> {
    let scan = session.world.store().scan(after, PAGE);
    let scan = session.world.within(BUDGET, scan);
    Ok(session.runtime.block_on(scan).ok_or(Failure::OutOfTime)??)
}

impl Progress {
    fn add(
        &mut self,
        session: &Session,
        checked: Result<Reindexed, Failure>,
    ) -> Result<(), CommandError> {
        match self.failures.keep(session, checked)? {
            Some(Reindexed::Right) => self.records += 1,
            Some(Reindexed::Written) => {
                self.records += 1;
                self.written += 1;
            }
            Some(Reindexed::NoRecord) | None => {}
        }
        Ok(())
    }

    /// Shows on a terminal how far the command is.
    fn print(&self, elapsed: Duration) {
        if !io::stderr().is_terminal() {
            return;
        }
        let (read, written) = (self.read, self.written);
        let rate = u128::from(read) * 1_000 / elapsed.as_millis().max(1);
        output::print_aside(format_args!(
            "\r{CLEAR}{read} values read, {written} written, {rate}/s"
        ));
    }
}

/// How many values are read at once. With the longest values they need 20 MiB.
const PAGE: usize = 100;
/// How long one page may take.
const BUDGET: Duration = Duration::from_secs(30);
/// Clears the line of a terminal.
const CLEAR: &str = "\u{1b}[K";
