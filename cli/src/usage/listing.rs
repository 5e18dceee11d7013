//! `koohook usage list`.

use std::process::ExitCode;

use clap::Args;
use domain::usage::InstanceUsage;
use protocol::time::UnixMillis;
use shell::world::World;

use super::usage_filter::{UsageFilter, UsageLimit};
use super::usage_line::{HEADS, UsageLine};
use super::usage_store::UsageStore;
use crate::counted::counted;
use crate::error::CommandError;
use crate::output::{self, errln, outln};
use crate::output_format::{FormatArgument, JsonArray};
use crate::read_failures::ReadFailures;
use crate::table::TextTable;

/// Arguments of `koohook usage list`.
#[derive(Args)]
pub struct UsageListArguments {
    #[command(flatten)]
    filter: UsageFilter,
    #[command(flatten)]
    limit: UsageLimit,
    #[command(flatten)]
    format: FormatArgument,
}

/// Lists windows, the oldest first.
///
/// # Errors
/// If the store does not answer, or a value cannot be used.
pub fn list(store: &UsageStore, arguments: &UsageListArguments) -> Result<ExitCode, CommandError> {
    let UsageListArguments { filter, limit, format } = arguments;
    let now = store.session.world.now();
    let (mut lines, mut failures) = (Vec::new(), ReadFailures::default());
    let mut add = |usage: &InstanceUsage| {
        let all = UsageLine::all(usage, store.cycle, now);
        lines.extend(all.into_iter().filter(|line| filter.selects(line, now)));
    };
    match &filter.instance {
        Some(id) => add(&store.of(id)?.1),
        None => store.each(&mut failures, add)?,
    }
    lines.sort_by(|a, b| key(a).cmp(&key(b)));
    let found = lines.len();
    lines.truncate(limit.most());
    if format.is_json() {
        let mut array = JsonArray::default();
        lines.iter().for_each(|line| array.push(&line.json()));
        array.end();
    } else {
        print_table(&lines, now);
    }
    if found > lines.len() && !output::is_closed() {
        errln!("koohook: {found} windows pass, and {} are listed; --all lists all", lines.len());
    }
    failures.end()
}

fn key(line: &UsageLine) -> (UnixMillis, &str, UnixMillis) {
    (line.window().end(), line.instance_id.as_str(), line.window().begin())
}

fn print_table(lines: &[UsageLine], now: UnixMillis) {
    let rows: Vec<_> = lines.iter().map(|line| line.row(now)).collect();
    TextTable::new(HEADS).print(&rows);
    outln!("{}", counted(lines.len(), "window", "windows"));
}
