//! `koohook usage show`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use domain::instance::{Instance, UsageKind};
use domain::usage::{InstanceUsage, MAX_WINDOWS, UsageInfoEntry, UsageLife};
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::world::World;

use super::usage_filter::UsageLimit;
use super::usage_line::UsageLine;
use super::usage_state::UsageStateOption;
use super::usage_store::UsageStore;
use crate::counted::counted;
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
            let entries = counted(info.entries.len(), "entry", "entries");
            format!("{entries}, signed {}", local_time(info.at))
        });
        let sum = || format!("{} since the beginning, without rejected windows", usage.total());
        let room = format!("{} of {MAX_WINDOWS} windows", usage.records.len());
        let mut fields = vec![
            ("instance", Some(usage.instance_id.to_string())),
            ("kind", Some(self.kind().to_owned())),
            ("charging mode", instance.as_ref().and_then(|it| it.charging_mode.clone())),
            ("begins", begins.map(local_time)),
            ("released", ends.map(local_time)),
            ("usage", self.has_sum().then(sum)),
            ("newest end", usage.newest_end.map(local_time)),
            ("windows", Some(self.counts_text())),
            ("room used", Some(room)),
            ("usage info", info),
        ];
        let entries = usage.info.iter().flat_map(|info| &info.entries);
        fields.extend(entries.map(|entry| ("entry", Some(entry_text(entry)))));
        fields
    }

    /// Whether queryInstance answers the sum of the windows, and not the product's entries.
    fn has_sum(&self) -> bool {
        let Some(instance) = &self.instance else { return true };
        let is_package = instance.usage_kind() == Some(UsageKind::Package);
        !is_package && instance.queried_info(Some(&self.usage)).is_none()
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
            "usage": self.has_sum().then(|| usage.total().to_string()),
            "newestEnd": utc(usage.newest_end),
            "counts": counts,
            "room": MAX_WINDOWS,
            "infoSigned": utc(info.map(|info| info.at)),
            "info": info.map(|info| &info.entries),
            "windows": windows,
        })
    }
}

/// For example `120.5 of i-2, https://app.example.com/usage`.
fn entry_text(entry: &UsageInfoEntry) -> String {
    let UsageInfoEntry { usage_value, related_instance_id, dashboard_url } = entry;
    let related = related_instance_id.iter().map(|id| format!(" of {id}"));
    let address = dashboard_url.iter().map(|address| format!(", {address}"));
    related.chain(address).fold(usage_value.to_string(), |text, more| text + &more)
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

#[cfg(test)]
mod tests {
    use domain::instance::Access;
    use domain::usage::{ReportedInfo, UsageInfoReport};
    use protocol::message::{InstanceId, OrderId};

    use super::*;

    /// What is shown of an instance with a charging mode whose product PUT these entries.
    fn shown(mode: &str, entries: &str) -> ShownUsage {
        let (id, order) = (InstanceId::parse("i-1").unwrap(), OrderId::parse("CS1").unwrap());
        let instance = Instance::created(id.clone(), order, Access::Pending);
        let instance = Some(instance.charged(Some(mode), UnixMillis::EPOCH));
        let body = format!(
            r#"{{"type":"instance.usage","data":{{"instanceId":"i-1","usageInfo":[{entries}]}}}}"#
        );
        let UsageInfoReport { entries } = UsageInfoReport::read(&id, body.as_bytes()).unwrap();
        let info = Some(ReportedInfo { at: UnixMillis::EPOCH, entries });
        ShownUsage {
            instance,
            usage: InstanceUsage { info, ..InstanceUsage::new(id) },
            lines: vec![],
        }
    }

    fn values(shown: &ShownUsage, name: &str) -> Vec<String> {
        let fields = shown.fields().into_iter().filter(|(named, _)| *named == name);
        fields.filter_map(|(_, value)| value).collect()
    }

    #[test]
    fn a_package_has_entries_and_no_sum() {
        let one = r#"{"usageValue":"120.50","relatedInstanceId":"i-2"}"#;
        let other = r#"{"usageValue":3,"dashboardUrl":"https://app.example.com/u"}"#;
        let package = shown("5", one);
        assert_eq!(values(&package, "usage"), [""; 0]);
        assert!(values(&package, "usage info")[0].starts_with("1 entry, signed "));
        assert_eq!(values(&package, "entry"), ["120.5 of i-2"]);
        assert_eq!(package.json(1)["usage"], Value::Null);
        let two = shown("5", &format!("{one},{other}"));
        assert!(values(&two, "usage info")[0].starts_with("2 entries, signed "));
        assert_eq!(values(&two, "entry"), ["120.5 of i-2", "3, https://app.example.com/u"]);
    }

    #[test]
    fn a_query_decides_whether_the_sum_is_shown() {
        let entry = r#"{"usageValue":3}"#;
        let sum = ["0 since the beginning, without rejected windows"];
        let of_mode = shown("0", entry);
        assert_eq!(values(&of_mode, "usage"), sum);
        assert_eq!(of_mode.json(1)["usage"], "0");
        let mut unknown = shown("", entry);
        let learn = |it: Instance| it.learn_usage(domain::instance::ShownUsageKind::Info).unwrap();
        unknown.instance = unknown.instance.map(learn);
        assert_eq!(values(&unknown, "usage"), [""; 0]);
        assert_eq!(values(&unknown, "entry"), ["3"]);
        unknown.usage.newest_end = Some(UnixMillis::EPOCH);
        assert_eq!(values(&unknown, "usage"), sum);
    }
}
