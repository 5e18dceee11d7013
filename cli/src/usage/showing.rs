//! `koohook usage show`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use domain::instance::{Instance, UsageKind};
use domain::usage::{InstanceUsage, MAX_WINDOWS, UsageLife};
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::world::World;

use super::usage_filter::UsageLimit;
use super::usage_line::UsageLine;
use super::usage_state::UsageStateOption;
use super::usage_store::UsageStore;
use crate::entities::{Field, utc};
use crate::error::CommandError;
use crate::local_time::local_time;
use crate::output::{errln, outln};
use crate::output_format::{FormatArgument, JsonArray};
use crate::table::{TextTable, print_fields};

/// Arguments of `koohook usage show`.
#[derive(Args)]
pub struct UsageShowArguments {
    /// The ID of the instance.
    #[arg(value_name = "INSTANCE")]
    instance: String,
    #[command(flatten)]
    limit: UsageLimit,
    #[command(flatten)]
    format: FormatArgument,
}

/// What koohook knows of the usage of one instance.
struct ShownUsage {
    instance: Option<Instance>,
    usage: InstanceUsage,
    /// Its windows, the newest first.
    lines: Vec<UsageLine>,
}

/// Prints the usage of one instance, the newest windows first.
///
/// # Errors
/// If the instance is unknown, or a value cannot be used.
pub fn show(store: &UsageStore, arguments: &UsageShowArguments) -> Result<ExitCode, CommandError> {
    let (instance, usage) = store.of(&arguments.instance)?;
    let now = store.session.world.now();
    let mut lines = UsageLine::all(&usage, store.cycle, now);
    lines.reverse();
    let shown = ShownUsage { instance, usage, lines };
    let most = arguments.limit.most();
    if arguments.format.is_json() {
        let mut array = JsonArray::default();
        array.push(&shown.json(most));
        array.end();
    } else {
        shown.print(most, now);
    }
    let (all, listed) = (shown.lines.len(), shown.lines.len().min(most));
    if listed < all {
        errln!("koohook: the newest {listed} of {all} windows are printed; --all prints all");
    }
    Ok(ExitCode::SUCCESS)
}

impl ShownUsage {
    fn print(&self, most: usize, now: UnixMillis) {
        print_fields("", &self.fields());
        outln!("");
        let rows: Vec<_> = self.lines.iter().take(most).map(|line| row(line, now)).collect();
        TextTable::new(HEADS).print(&rows);
    }

    fn fields(&self) -> Vec<Field> {
        let Self { instance, usage, .. } = self;
        let UsageLife { begins, ends } = self.life();
        let info = usage.info.as_ref().map(|info| {
            let entries = info.entries.len();
            format!("{entries} entries, signed {}", local_time(info.at))
        });
        let room = format!("{} of {MAX_WINDOWS} windows", usage.records.len());
        vec![
            ("instance", Some(usage.instance_id.to_string())),
            ("kind", Some(self.kind().to_owned())),
            ("charging mode", instance.as_ref().and_then(|it| it.charging_mode.clone())),
            ("begins", begins.map(local_time)),
            ("released", ends.map(local_time)),
            (
                "usage",
                Some(format!("{} since the beginning, without rejected windows", usage.total())),
            ),
            ("newest end", usage.newest_end.map(local_time)),
            ("windows", Some(self.counts_text())),
            ("room used", Some(room)),
            ("usage info", info),
        ]
    }

    /// When the instance exists, as far as koohook knows.
    fn life(&self) -> UsageLife {
        self.instance.as_ref().map(Instance::usage_life).unwrap_or_default()
    }

    fn kind(&self) -> &'static str {
        match self.instance.as_ref().and_then(Instance::usage_kind) {
            Some(UsageKind::PayPerUse) => "pay-per-use",
            Some(UsageKind::Package) => "package",
            None => "unknown",
        }
    }

    /// How many windows are in each state.
    fn counts(&self) -> impl Iterator<Item = (UsageStateOption, usize)> {
        UsageStateOption::value_variants()
            .iter()
            .map(|state| (*state, self.lines.iter().filter(|line| line.state() == *state).count()))
    }

    fn counts_text(&self) -> String {
        let counts = self.counts().filter(|(_, count)| *count > 0);
        let texts: Vec<_> =
            counts.map(|(state, count)| format!("{count} {}", state.as_str())).collect();
        if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
    }

    fn json(&self, most: usize) -> Value {
        let Self { usage, lines, .. } = self;
        let UsageLife { begins, ends } = self.life();
        let counts: serde_json::Map<_, _> =
            self.counts().map(|(state, count)| (state.as_str().to_owned(), count.into())).collect();
        let windows: Vec<_> = lines.iter().take(most).map(UsageLine::json).collect();
        let info = usage.info.as_ref();
        json!({
            "instanceId": usage.instance_id,
            "kind": self.kind(),
            "chargingMode": self.instance.as_ref().and_then(|it| it.charging_mode.as_ref()),
            "begins": utc(begins),
            "released": utc(ends),
            "usage": usage.total().to_string(),
            "newestEnd": utc(usage.newest_end),
            "counts": counts,
            "room": MAX_WINDOWS,
            "infoSigned": utc(info.map(|info| info.at)),
            "info": info.map(|info| &info.entries),
            "windows": windows,
        })
    }
}

fn row(line: &UsageLine, now: UnixMillis) -> [String; 9] {
    let [begin, end, _, value, package, state, late, why] = line.row(now);
    let record_time = line.record.waiting().and_then(|waiting| waiting.record_time);
    let record_time = record_time.map(local_time).unwrap_or_default();
    let sn = line.window().metering_sn(&line.instance_id, line.record.number);
    [begin, end, value, package, state, late, record_time, sn, why]
}

const HEADS: [&str; 9] =
    ["BEGIN", "END", "VALUE", "PACKAGE", "STATE", "LATE", "RECORD TIME", "METERING SN", "WHY"];
