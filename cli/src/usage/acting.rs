//! `koohook usage now`: makes waiting windows due.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use domain::usage::{InstanceUsage, Lateness, UsageRecord};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::operator_log;
use shell::repository::{Repository, UsageSlot, UsageUpdate};
use shell::world::World;

use super::usage_line::lateness;
use super::usage_store::UsageStore;
use crate::counted::counted;
use crate::error::CommandError;
use crate::local_time::local_time;
use crate::output::{errln, outln};
use crate::question::confirms;
use crate::read_failures::ReadFailures;
use crate::shown::shown;

/// Arguments of `koohook usage now`.
#[derive(Args)]
pub struct UsageNowArguments {
    /// The IDs of instances.
    #[arg(value_name = "INSTANCE", required_unless_present = "all")]
    instances: Vec<String>,
    /// All instances.
    #[arg(long, conflicts_with = "instances")]
    all: bool,
    /// Do not ask. Without a terminal this option is required.
    #[arg(short, long)]
    yes: bool,
}

/// An instance with windows that wait.
struct WaitingUsage {
    instance_id: InstanceId,
    windows: usize,
    late: usize,
    oldest: UnixMillis,
}

/// Makes windows due, after the operator has agreed.
///
/// # Errors
/// If the operator does not agree, the store does not answer, or a value cannot be used.
pub fn send_now(
    store: &UsageStore,
    arguments: &UsageNowArguments,
) -> Result<ExitCode, CommandError> {
    let mut failures = ReadFailures::default();
    let selected = select(store, arguments, &mut failures)?;
    if !selected.is_empty() {
        confirm(&selected, arguments.yes)?;
    }
    let mut sent = 0;
    for waiting in &selected {
        let repository = store.repository();
        let made = make_due(&repository, &waiting.instance_id);
        let made = store.session.runtime.block_on(made);
        sent += failures.keep(&store.session, made)?.unwrap_or_default();
    }
    outln!("{} will be sent now", counted(sent, "window", "windows"));
    errln!("koohook: {}", if sent > 0 { RELAY } else { NOTHING });
    failures.end()
}

fn select(
    store: &UsageStore,
    arguments: &UsageNowArguments,
    failures: &mut ReadFailures,
) -> Result<Vec<WaitingUsage>, CommandError> {
    let now = store.session.world.now();
    let mut selected: Vec<WaitingUsage> = Vec::new();
    let mut add = |usage: &InstanceUsage| {
        let is_known = selected.iter().any(|known| known.instance_id == usage.instance_id);
        selected.extend(WaitingUsage::of(store, usage, now).filter(|_| !is_known));
    };
    if arguments.all {
        store.each(failures, add)?;
    } else {
        for id in &arguments.instances {
            add(&store.of(id)?.1);
        }
    }
    selected.sort_by_key(|waiting| waiting.oldest);
    Ok(selected)
}

/// Shows the operator what will be sent, and asks.
fn confirm(selected: &[WaitingUsage], yes: bool) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    selected.iter().take(SHOWN).for_each(WaitingUsage::print);
    if let Some(more @ 1..) = selected.len().checked_sub(SHOWN) {
        errln!("  and {more} more");
    }
    let windows: usize = selected.iter().map(|waiting| waiting.windows).sum();
    let instances = counted(selected.len(), "instance", "instances");
    let what = format!("{} of {instances}", counted(windows, "window", "windows"));
    if !io::stdin().is_terminal() {
        let is_one = windows == 1;
        let are = if is_one { "is selected" } else { "are selected" };
        return Err(format!("{what} {are}, and none is changed; {GIVE_YES}").into());
    }
    let question = format!("{what}; send {} now", if windows == 1 { "it" } else { "them" });
    if confirms(&question)? { Ok(()) } else { Err("no window is changed".into()) }
}

/// Makes the windows of one instance due. Returns how many wait.
///
/// # Errors
/// If the store does not answer, or the value cannot be used.
pub async fn make_due<W: World>(
    repository: &Repository<'_, W>,
    id: &InstanceId,
) -> Result<usize, Failure> {
    let slot = repository.read_usage(id).await?;
    let now = repository.world.now();
    let updated = repository.update_usage(slot, |slot: &UsageSlot| {
        let Some(current) = slot.record() else { return Ok(UsageUpdate::Leave((0, false))) };
        let mut usage = current.clone();
        let count = usage.make_due(now);
        let has_changed = usage != *current;
        Ok::<_, Failure>(if has_changed {
            UsageUpdate::Write(usage, (count, true))
        } else {
            UsageUpdate::Leave((count, false))
        })
    });
    let (count, has_changed) = updated.await?.decided;
    if has_changed {
        operator_log::log_usage_made_due(id, count);
    }
    Ok(count)
}

impl WaitingUsage {
    /// The instance, if it has windows that wait.
    fn of(store: &UsageStore, usage: &InstanceUsage, now: UnixMillis) -> Option<Self> {
        let waiting: Vec<&UsageRecord> =
            usage.records.iter().filter(|record| record.waiting().is_some()).collect();
        let is_late =
            |record: &&&UsageRecord| lateness(record, store.cycle, now) > Lateness::InTime;
        Some(Self {
            instance_id: usage.instance_id.clone(),
            windows: waiting.len(),
            late: waiting.iter().filter(is_late).count(),
            oldest: waiting.iter().map(|record| record.window.end()).min()?,
        })
    }

    fn print(&self) {
        let Self { instance_id, windows, late, oldest } = self;
        let (id, windows) = (shown(instance_id.as_str()), counted(*windows, "window", "windows"));
        let oldest = local_time(*oldest);
        errln!("  {id}  {windows}, {late} late, the oldest ended {oldest}");
    }
}

/// How many instances the operator sees before the question.
const SHOWN: usize = 20;
/// What to do without a terminal.
pub const GIVE_YES: &str = "give --yes, because the standard input is not a terminal";
/// Who sends the windows.
pub const RELAY: &str =
    "the relay sends them: koohook serve at the next full minute, a timer at its next run";
const NOTHING: &str = "no window waits; koohook usage list --state rejected lists rejected ones";
