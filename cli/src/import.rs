//! `koohook import`: imports the instances of an older server. They keep their IDs (decision C7).

mod cell;
mod encoding;
mod expiry;
mod json_lines;
mod purchase;
mod report;
mod row;
mod table;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::outbox::Reader;
use protocol::time::UnixMillis;
use shell::config::StoreConfig;
use shell::host::{self, MachineWorld};
use shell::import::Import;
use shell::store::{AnyStore, Store, StoreSetting};
use shell::world::World;

pub use self::cell::check as check_cell;
pub use self::json_lines::listed_rows;
use self::report::ImportReport;
use self::row::COLUMNS;
pub use self::row::{Columns, ImportRow, Rows};
use crate::error::CommandError;
use crate::input;
use crate::output::{self, errln};
use crate::session::{Session, settings};

/// Arguments of `koohook import`.
#[derive(Args)]
#[command(after_help = "Each row describes an instance and its purchase:

  {\"instanceId\":\"i-1\",\"orderId\":\"CS1\",\"state\":\"active\",\"expireTime\":\"20280101000000\",
   \"frontEndUrl\":\"https://app.example.com\",\"userName\":\"admin\",\"password\":\"…\"}

Columns of a table, or members of a JSON line:
  instanceId, orderId  required; exactly as the marketplace sends them
  orderLineId          required for an order of access guide 2.0; without it the order is of 1.0
  productId            2.0: required if the purchase had one
  chargingMode         1.0: 0, 1, 3 or 5. If the purchase had 0 or 5, this and productId are required;
                       without them the repeated purchase creates a second instance
  state                active (default), frozen, released
  freezeCause          if state is frozen: expiry (default), status, both. Only a V1 renewal
                       unfreezes, and only what expiry froze
  expireTime           14 or 17 digits in UTC, or a time like 2028-01-01T08:00:00+08:00
  frontEndUrl          if it is missing, the access data comes from KOOHOOK_APP_INFO
  adminUrl, userName, password, memo

A table begins with a line of column names. Cells are separated by commas, semicolons or tabs. A first
line like sep=; sets another separator. The file may be UTF-8, UTF-16 or GB18030 (GBK), as Excel and
WPS save it. Format the columns with IDs as text before you save: a spreadsheet rounds long numbers.
Blanks in credentials are kept. An ID with blanks around it is rejected. Empty rows are skipped.

Examples:
  koohook import --dry-run instances.csv
  KOOHOOK_STORE=sqlite:koohook.db koohook import instances.jsonl

If one row is malformed or repeats an ID, no row is written. An existing instance is never changed,
only reported. No command corrects it: later calls of the marketplace change its state and expiry, and
the product changes its access data. A call that was signed more than a minute before the import does
not change an imported instance, unless it is a release.

An import may run while koohook serves. If the import is interrupted, run it again. Until then
koohook may answer 000005 to the purchase of one row.

The exit code is 0 if the store contains every row (with --dry-run: would contain it). It is 1 if a
row was rejected, differs from the stored instance, or was not written. It is 2 if the arguments are
wrong.")]
pub struct ImportArguments {
    /// A file of JSON lines, or a table (CSV). A file that begins with { is read as JSON lines.
    file: PathBuf,
    /// Check every row and write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Reads every row, then writes every row, and prints a report.
pub fn run(arguments: &ImportArguments) -> Result<ExitCode, CommandError> {
    let config = settings()?;
    let rows = read(&arguments.file)?;
    if rows.is_empty() {
        errln!(
            "koohook: {} contains no rows; check the name of the file",
            arguments.file.display()
        );
    }
    let mut report = ImportReport::default();
    let mut imports = Vec::new();
    for (line, row) in rows {
        let import = row.and_then(|row| purchase::parse_row(&row, config.template.as_ref()));
        match import {
            Ok(import) => imports.push((line, import)),
            Err(fault) => report.rejected(line, &fault),
        }
    }
    let imports = without_duplicates(imports, &mut report);
    let mut failed = None;
    if report.rejections() == 0 {
        let dry_run = arguments.dry_run;
        let session = Session::open(config, async |config| open(config, dry_run).await)?;
        if let Some((_, first)) = imports.first() {
            check_clock(&session, first)?;
        }
        failed = put_all(&session, &imports, dry_run, &mut report).err();
    } else {
        report.not_written(imports.len());
    }
    report.print();
    match failed {
        Some(failure) => Err(failure),
        None if report.is_good() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

fn read(path: &Path) -> Result<Rows, CommandError> {
    let name = path.display().to_string();
    let bytes = input::read(path)?;
    let named = |fault: String| format!("{name}: {fault}");
    let rows = decoded(&bytes).and_then(|text| rows(&text, &COLUMNS));
    Ok(rows.map_err(named)?)
}

/// The text of a file in one of the encodings of spreadsheets.
///
/// # Errors
/// If the bytes are not text. The caller names the file.
pub fn decoded(bytes: &[u8]) -> Result<String, String> {
    let decoded = encoding::decode(bytes)?;
    if let Some(encoding) = decoded.encoding {
        errln!("koohook: the file is read as {encoding}; if this is wrong, save it as CSV UTF-8");
    }
    Ok(decoded.text)
}

/// The rows of a text: JSON lines, or a table.
///
/// # Errors
/// If the columns are wrong. The caller names the file.
pub fn rows(text: &str, columns: &Columns) -> Result<Rows, String> {
    match text.trim_start().chars().next() {
        None => Ok(Rows::new()),
        Some('[') => {
            Err("file contains a JSON array; write one object on each line, as `jq -c '.[]'` does"
                .to_owned())
        }
        Some('{') => json_lines::rows(text, columns),
        Some(_) => table::rows(text, columns),
    }
}

/// Rejects a row whose instance ID or purchase an earlier row has already.
fn without_duplicates(
    imports: Vec<(usize, Import)>,
    report: &mut ImportReport,
) -> Vec<(usize, Import)> {
    let mut lines = BTreeMap::new();
    let mut kept = Vec::new();
    for (line, import) in imports {
        let ids = [&import.instance.id, &import.derived];
        if let Some(earlier) = ids.into_iter().find_map(|id| lines.get(id)) {
            let fault = format!(
                "instance or purchase is the same as on line {earlier}; delete one of the lines"
            );
            report.rejected(line, &fault);
            continue;
        }
        lines.extend(ids.map(|id| (id.clone(), line)));
        kept.push((line, import));
    }
    kept
}

/// Opens the store. If its file does not exist, a dry run uses an empty store.
async fn open(config: &StoreConfig, dry_run: bool) -> Result<MachineWorld<AnyStore>, CommandError> {
    match &config.store {
        StoreSetting::Memory => {
            Err("KOOHOOK_STORE is memory:, so the import would be lost; set it to another store"
                .into())
        }
        StoreSetting::Sqlite { path, .. } if dry_run && !path.as_path().exists() => {
            Ok(MachineWorld::new(StoreSetting::Memory.open(false).await?))
        }
        _ if dry_run => Ok(host::open_to_read(config).await?),
        _ => Ok(host::open_to_write(config).await?),
    }
}

/// Fails if this machine's clock and the store's clock differ. It reads the first row first, because
/// DynamoDB sends its time with an answer.
fn check_clock(session: &Session, first: &Import) -> Result<(), CommandError> {
    let Session { world, runtime, .. } = session;
    let repository = session.repository(Reader::Operator);
    let read = runtime.block_on(first.put(&repository, true));
    read.map_err(|failure| session.advised(failure))?;
    let now = world.now();
    let stores = runtime.block_on(world.store().clock(now)).unwrap_or(now);
    Ok(agree(now, stores)?)
}

/// Whether two clocks agree. If ours is fast, koohook treats the calls of the next minutes as older than
/// the import. If ours is slow, it treats old copies of calls as newer.
fn agree(ours: UnixMillis, theirs: UnixMillis) -> Result<(), String> {
    let apart = theirs.since(ours).max(ours.since(theirs));
    if apart <= CLOCKS_APART {
        return Ok(());
    }
    let seconds = apart.as_secs();
    Err(format!(
        "this machine's clock and the store's clock differ by {seconds} seconds; synchronise \
         the wrong clock (NTP), then run the import again"
    ))
}

fn put_all(
    session: &Session,
    imports: &[(usize, Import)],
    dry_run: bool,
    report: &mut ImportReport,
) -> Result<(), CommandError> {
    let total = imports.len();
    for (done, (line, import)) in imports.iter().enumerate() {
        let repository = session.repository(Reader::Operator);
        match session.runtime.block_on(import.put(&repository, dry_run)) {
            Ok(outcome) => report.settled(*line, import.instance.id.as_str(), &outcome),
            Err(failure) => {
                report.unknown(total - done);
                return Err(format!("line {line}: {}", session.advised(failure)).into());
            }
        }
        progress(done + 1, total);
    }
    Ok(())
}

fn progress(done: usize, total: usize) {
    if std::io::stderr().is_terminal() && (done.is_multiple_of(100) || done == total) {
        let end = if done == total { "\n" } else { "" };
        output::print_aside(format_args!("\r{done} of {total} rows{end}"));
    }
}

/// The most that this machine's clock and the store's clock may differ. The time of the import decides
/// which calls are older (decisions D5, D12).
const CLOCKS_APART: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests;
