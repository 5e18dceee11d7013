//! `koohook import`: instances that an older server made keep the IDs it gave (decision C7).

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

use self::report::ImportReport;
use self::row::Rows;
use crate::error::CommandError;
use crate::input;
use crate::output::{self, errln};
use crate::session::{Session, advised, settings};

/// Arguments of `koohook import`.
#[derive(Args)]
#[command(after_help = "Each row names an instance and the purchase that made it:

  {\"instanceId\":\"i-1\",\"orderId\":\"CS1\",\"state\":\"active\",\"expireTime\":\"20280101000000\",
   \"frontEndUrl\":\"https://app.example.com\",\"userName\":\"admin\",\"password\":\"…\"}

Columns, or members of a JSON line:
  instanceId, orderId  mandatory, letter for letter
  orderLineId          of an order of access guide 2.0; a row without it is one of access guide 1.0
  productId            2.0: if the purchase carried one
  chargingMode         1.0: 0, 1, 3 or 5; 0 and 5 have an instance for each product, and want productId
  state                active (default), frozen, released
  freezeCause          of a frozen one: expiry (default), status, both; a renewal ends expiry alone
  expireTime           14 or 17 digits in UTC, or like 2028-01-01T08:00:00+08:00
  frontEndUrl          without it, KOOHOOK_APP_INFO is filled in
  adminUrl, userName, password, memo

A table has a head line. Its separators are commas, semicolons or tabs; a line like sep=; before it
names another. Text is UTF-8, UTF-16 or GB18030 (GBK): what Excel and WPS save. Format columns with
IDs as text before you save: a spreadsheet rounds long numbers. Blanks in credentials are kept; an
ID with blanks around it is rejected. Empty rows are skipped.

Examples:
  koohook import --dry-run instances.csv
  KOOHOOK_STORE=sqlite:koohook.db koohook import instances.jsonl

If a row is rejected for what it says, none is written. A row is put over absence only; what exists
already is reported and left as it is. A call that was signed more than a minute before the import
has no effect on what was imported. An import may run while koohook serves. If it is interrupted,
run it again: until then koohook may answer 000005 to the one purchase that it was at.

Exits with 0 if the store holds every row (--dry-run: would hold it); with 1 if a row was rejected,
differs from what exists, or could not be written; with 2 if the arguments are wrong.")]
pub struct ImportArguments {
    /// JSON lines, or a table with a head line (CSV); the first letter tells them apart.
    file: PathBuf,
    /// Read and check everything, write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Reads every row, then puts every row; reports both.
pub fn run(arguments: &ImportArguments) -> Result<ExitCode, CommandError> {
    let config = settings()?;
    let rows = read(&arguments.file)?;
    if rows.is_empty() {
        errln!("koohook: {} holds no rows: check that it is the file", arguments.file.display());
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
    let named = |fault: String| format!("{}: {fault}", path.display());
    let decoded = encoding::decode(&input::read(path)?).map_err(named)?;
    let rows = match decoded.text.trim_start().chars().next() {
        None => Ok(Rows::new()),
        Some('[') => {
            Err("holds a JSON array: write one object a line, as `jq -c '.[]'` does".to_owned())
        }
        Some('{') => json_lines::rows(&decoded.text),
        Some(_) => table::rows(&decoded.text),
    };
    let rows = rows.map_err(named)?;
    if let Some(encoding) = decoded.encoding {
        errln!(
            "koohook: the file is read as {encoding}; if its texts are not, save it as CSV UTF-8"
        );
    }
    Ok(rows)
}

/// Rejects rows that contradict an earlier one: an ID or a purchase that comes twice.
fn without_duplicates(
    imports: Vec<(usize, Import)>,
    report: &mut ImportReport,
) -> Vec<(usize, Import)> {
    let mut lines = BTreeMap::new();
    let mut alone = Vec::new();
    for (line, import) in imports {
        let ids = [&import.instance.id, &import.derived];
        if let Some(earlier) = ids.into_iter().find_map(|id| lines.get(id)) {
            let fault = format!("names the instance or the purchase of line {earlier} again");
            report.rejected(line, &fault);
            continue;
        }
        lines.extend(ids.map(|id| (id.clone(), line)));
        alone.push((line, import));
    }
    alone
}

/// The store; in a dry run an empty one if there is none yet.
async fn open(config: &StoreConfig, dry_run: bool) -> Result<MachineWorld<AnyStore>, CommandError> {
    match &config.store {
        StoreSetting::Memory => {
            Err("KOOHOOK_STORE is memory: an import into it is lost; name another".into())
        }
        StoreSetting::Sqlite { path, .. } if dry_run && !path.as_path().exists() => {
            Ok(MachineWorld::new(StoreSetting::Memory.open(false).await?))
        }
        _ if dry_run => Ok(host::open_to_read(config).await?),
        _ => Ok(host::open_to_write(config).await?),
    }
}

/// Refuses to import if this machine's clock and the store's differ. The first row is read before:
/// DynamoDB sends its time with an answer.
fn check_clock(session: &Session, first: &Import) -> Result<(), CommandError> {
    let Session { world, runtime, .. } = session;
    let repository = session.repository(Reader::Operator);
    runtime.block_on(first.put(&repository, true)).map_err(advised)?;
    let now = world.now();
    let told = runtime.block_on(world.store().clock(now)).unwrap_or(now);
    Ok(agree(now, told)?)
}

/// Whether two clocks agree. If ours is ahead, every call of the next minutes is older than the
/// import; if it is behind, copies of older calls are not.
fn agree(ours: UnixMillis, theirs: UnixMillis) -> Result<(), String> {
    let apart = theirs.since(ours).max(ours.since(theirs));
    if apart <= CLOCKS_APART {
        return Ok(());
    }
    let seconds = apart.as_secs();
    Err(format!(
        "this machine's clock and the store's differ by {seconds} seconds: set the clock, and run \
         the import again"
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
                return Err(format!("line {line}: {}", advised(failure)).into());
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

/// So far apart this machine's clock and the store's may be: the time of the import decides which
/// calls are older (decisions D5, D12).
const CLOCKS_APART: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests;
