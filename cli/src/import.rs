//! `koohook import`: instances that an older server made keep the IDs it gave (decision C7).

use std::collections::BTreeMap;
use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use marketplace::app_info::{AppInfo, Template};
use marketplace::instance::{Access, FreezeCause, Instance, State};
use marketplace::message::{InstanceId, OrderId, OrderLineId, OrderedBy, ProductId};
use marketplace::outbox::Reader;
use marketplace::time::UnixMillis;
use serde::Deserialize;
use shell::config::Keeping;
use shell::host::{self, Machine};
use shell::import::{Import, ImportOutcome};
use shell::shelf::Shelf;
use shell::store::{AnyStore, StoreSetting};
use shell::world::{Deadline, World};

use crate::Error;
use crate::output::{self, outln};
use crate::session::setting;

/// Arguments of `koohook import`.
#[derive(Args)]
#[command(after_help = "Each row names an instance and the purchase that made it:

  {\"instanceId\":\"i-1\",\"orderId\":\"CS1\",\"state\":\"active\",\"expireTime\":\"20280101000000\",
   \"frontEndUrl\":\"https://app.example.com\",\"userName\":\"admin\",\"password\":\"…\"}

instanceId and orderId are mandatory. A row with orderLineId is an order of access guide 2.0: give
productId if the purchase carried one. A row without is one of access guide 1.0: give productId and
chargingMode, which count together if the mode is 0 or 5, with one instance a product.
state: active (default), frozen, released. expireTime: 14 or 17 digits, UTC. Without frontEndUrl
the template in KOOHOOK_APP_INFO is filled in.

Examples:
  koohook import --dry-run instances.csv
  KOOHOOK_STORE=sqlite:koohook.db koohook import instances.jsonl

A row is put over absence only; what exists already is reported and left as it is. An import may run
while koohook serves. If it is interrupted, run it again: until then koohook may answer 000005 to the
one purchase that it was at. Exits with 1 if a row could not be imported.")]
pub struct Arguments {
    /// JSON lines, or CSV with a head line, told apart by the file's ending.
    file: std::path::PathBuf,
    /// Read and check everything, write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// How long one row may take.
const BUDGET: Duration = Duration::from_secs(10);

/// One row of the file, as the seller wrote it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    instance_id: String,
    order_id: String,
    order_line_id: Option<String>,
    product_id: Option<String>,
    charging_mode: Option<String>,
    state: Option<String>,
    expire_time: Option<String>,
    front_end_url: Option<String>,
    admin_url: Option<String>,
    user_name: Option<String>,
    password: Option<String>,
    memo: Option<String>,
}

/// Reads every row, then puts every row; reports both.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let keeping = Keeping::read(&setting)?;
    if !keeping.store.is_local() {
        // Why a store does not answer, and what to do, stands in its log alone.
        host::start_log(&keeping.log);
    }
    let template = keeping.template.clone();
    let text = fs::read_to_string(&arguments.file)
        .map_err(|fault| format!("{}: {fault}", arguments.file.display()))?;
    let ending = arguments.file.extension();
    let is_csv = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let rows = if is_csv { csv_rows(&text) } else { json_rows(&text) };
    let mut faults = 0;
    let mut imports = Vec::new();
    for (line, row) in rows {
        match row.and_then(|row| understand(row, template.as_ref())) {
            Ok(import) => imports.push((line, import)),
            Err(fault) => {
                faults += 1;
                outln!("line {line}: {fault}");
            }
        }
    }
    faults += report_twins(&imports);
    if faults > 0 && !arguments.dry_run {
        return Err(format!("{faults} rows cannot be taken; nothing was written").into());
    }
    let counts = put_all(keeping, imports, arguments.dry_run)?;
    report(&counts, faults);
    let conflict = [ImportOutcome::OrderMadeHere, ImportOutcome::OtherPurchase];
    let conflict = conflict.iter().any(|taken| counts.contains_key(taken));
    Ok(if faults == 0 && !conflict { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Rows of one file that contradict each other: an ID or a purchase that stands there twice.
fn report_twins(imports: &[(usize, Import)]) -> usize {
    let mut ids = BTreeMap::new();
    let mut purchases = BTreeMap::new();
    let mut twins = 0;
    for (line, Import { instance, derived }) in imports {
        let earlier = ids.insert(&instance.id, line).or(purchases.insert(derived, line));
        if let Some(earlier) = earlier {
            twins += 1;
            outln!("line {line}: names the instance or the purchase of line {earlier} again");
        }
    }
    twins
}

/// The store; in a dry run one that nothing is written to where there is none yet.
async fn open(setting: &StoreSetting, dry_run: bool) -> Result<AnyStore, Error> {
    match setting {
        StoreSetting::Memory => Err("KOOHOOK_STORE is memory: an import into it is lost".into()),
        StoreSetting::Sqlite { path, .. } if dry_run && !Path::new(path).exists() => {
            Ok(StoreSetting::Memory.open(false).await?)
        }
        StoreSetting::Sqlite { .. } | StoreSetting::Redis(_) | StoreSetting::Dynamodb(_) => {
            Ok(setting.open(false).await?)
        }
    }
}

fn put_all(
    keeping: Keeping,
    imports: Vec<(usize, Import)>,
    dry_run: bool,
) -> Result<BTreeMap<ImportOutcome, usize>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let world = Machine::new(runtime.block_on(open(&keeping.store, dry_run))?);
    let mut counts = BTreeMap::new();
    let total = imports.len();
    for (done, (line, import)) in imports.into_iter().enumerate() {
        let deadline = Deadline::after(world.elapsed(), BUDGET);
        let shelf =
            Shelf { world: &world, vault: &keeping.vault, reader: Reader::Nobody, deadline };
        let taken = runtime
            .block_on(import.put(&shelf, dry_run))
            .map_err(|fault| format!("line {line}: {fault}; run the import again"))?;
        let id = &import.instance.id;
        match taken {
            ImportOutcome::OrderMadeHere => {
                outln!("line {line}: {id}: the purchase was made here already, under another ID");
            }
            ImportOutcome::OtherPurchase => {
                outln!("line {line}: {id}: the ID stands already, for another purchase");
            }
            ImportOutcome::Imported | ImportOutcome::Exists | ImportOutcome::WouldImport => (),
        }
        *counts.entry(taken).or_default() += 1;
        progress(done + 1, total);
    }
    Ok(counts)
}

fn report(counts: &BTreeMap<ImportOutcome, usize>, faults: usize) {
    let words = |taken| match taken {
        ImportOutcome::Imported => "imported",
        ImportOutcome::Exists => "stand already, left as they are",
        ImportOutcome::OrderMadeHere => "not taken: the purchase was made here under another ID",
        ImportOutcome::OtherPurchase => "not taken: the ID stands already, for another purchase",
        ImportOutcome::WouldImport => "would be imported",
    };
    if counts.is_empty() && faults == 0 {
        outln!("0 rows");
    }
    for (taken, count) in counts {
        outln!("{count} {}", words(*taken));
    }
    if faults > 0 {
        outln!("{faults} cannot be taken");
    }
}

fn progress(done: usize, total: usize) {
    if std::io::stderr().is_terminal() && (done.is_multiple_of(100) || done == total) {
        output::print_aside(format_args!(
            "\r{done} of {total} rows{}",
            if done == total { "\n" } else { "" }
        ));
    }
}

type Rows = Vec<(usize, Result<Row, String>)>;

fn json_rows(text: &str) -> Rows {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| (at + 1, serde_json::from_str(line).map_err(json_fault))).collect()
}

/// Says where and what kind, without the value: rows hold passwords.
fn json_fault(fault: serde_json::Error) -> String {
    let kind = match fault.classify() {
        serde_json::error::Category::Data => "a field is missing, unknown or of the wrong type",
        _ => "is no JSON object",
    };
    format!("{kind}, at column {}", fault.column())
}

fn csv_rows(text: &str) -> Rows {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let rows = reader.deserialize::<Row>().enumerate();
    let fault = |_| "columns are missing, unknown or too many".to_owned();
    rows.map(|(at, row)| (at + 2, row.map_err(fault))).collect()
}

fn understand(row: Row, template: Option<&Template>) -> Result<Import, String> {
    let named = |name: &str, fault: &dyn ToString| format!("{name} {}", fault.to_string());
    let id = InstanceId::parse(&row.instance_id).map_err(|fault| named("instanceId", &fault))?;
    let order_id = OrderId::parse(&row.order_id).map_err(|fault| named("orderId", &fault))?;
    let line = given(&row.order_line_id).map(OrderLineId::parse).transpose();
    let line = line.map_err(|fault| named("orderLineId", &fault))?;
    let product = given(&row.product_id).map(ProductId::parse).transpose();
    let product = product.map_err(|fault| named("productId", &fault))?;
    let (order, product) = (order_id.as_str(), product.as_ref().map(ProductId::as_str));
    let ordered_by = match &line {
        Some(line) => OrderedBy::V2 { order, line: line.as_str(), product },
        None => OrderedBy::V1 { order, product, charging_mode: given(&row.charging_mode) },
    };
    let derived = ordered_by.instance_id();
    let access = access(&row, &id, &order_id, template)?;
    let mut instance = Instance::created(id, order_id, Access::Ready(access));
    instance.state = state(given(&row.state))?;
    instance.expires = given(&row.expire_time).map(expiry).transpose()?;
    if instance.state == State::Released {
        instance = Instance { state: State::Active, ..instance }.release().instance;
    }
    Ok(Import { instance, derived })
}

fn access(
    row: &Row,
    id: &InstanceId,
    order_id: &OrderId,
    template: Option<&Template>,
) -> Result<AppInfo, String> {
    let text = |field: &Option<String>| given(field).map(str::to_owned);
    match (text(&row.front_end_url), template) {
        (Some(front_end_url), _) => {
            let info = AppInfo {
                front_end_url,
                admin_url: text(&row.admin_url),
                user_name: text(&row.user_name),
                password: text(&row.password),
                memo: text(&row.memo),
            };
            info.check().map_err(|fault| fault.to_string())
        }
        (None, Some(template)) => Ok(template.fill(id.as_str(), order_id.as_str())),
        (None, None) => Err("frontEndUrl is missing, and KOOHOOK_APP_INFO is not set".to_owned()),
    }
}

fn state(word: Option<&str>) -> Result<State, String> {
    match word {
        None | Some("active") => Ok(State::Active),
        Some("frozen") => Ok(State::Frozen(FreezeCause::Expiry)),
        Some("released") => Ok(State::Released),
        Some(_) => Err("state is none of active, frozen, released".to_owned()),
    }
}

fn expiry(text: &str) -> Result<UnixMillis, String> {
    let fault = || "expireTime names no point in time: wants 14 or 17 digits, UTC".to_owned();
    UnixMillis::from_utc_digits(text).ok_or_else(fault)
}

/// A field that is there and not empty: CSV knows no absence.
fn given(field: &Option<String>) -> Option<&str> {
    field.as_deref().filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests;
