//! `koohook usage again`: has a window sent again, as a new record of the marketplace.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use domain::usage::{AgainError, InstanceUsage, Quantity, RecordState, UsageRecord, UsageWindow};
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::operator_log;
use shell::repository::{UsageSlot, UsageUpdate};
use shell::world::World;

use super::acting::{GIVE_YES, RELAY};
use super::usage_store::UsageStore;
use crate::error::CommandError;
use crate::local_time::local_time;
use crate::output::{errln, outln};
use crate::question::confirms;
use crate::time_text::parse_since;

/// Arguments of `koohook usage again`.
#[derive(Args)]
pub struct UsageAgainArguments {
    /// The ID of the instance.
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// When the window begins, as koohook usage list prints it, or like 2026-11-26T10:00:00Z.
    #[arg(value_name = "BEGIN", value_parser = parse_since)]
    begin: UnixMillis,
    /// When the window ends.
    #[arg(value_name = "END", value_parser = parse_since)]
    end: UnixMillis,
    /// Another value for the window [default: its value].
    #[arg(long, value_name = "VALUE", value_parser = parse_value, allow_negative_numbers = true)]
    value: Option<Quantity>,
    /// Do not ask. Without a terminal this option is required.
    #[arg(short, long)]
    yes: bool,
}

/// Why nothing is sent again.
#[derive(Debug, thiserror::Error)]
enum AgainFault {
    #[error(transparent)]
    Refused(#[from] AgainError),
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Has a window sent again, after the operator has agreed.
///
/// # Errors
/// If there is nothing to send again, the operator does not agree, or the store fails.
pub fn send_again(
    store: &UsageStore,
    arguments: &UsageAgainArguments,
) -> Result<ExitCode, CommandError> {
    let window = UsageWindow::new(arguments.begin, arguments.end)
        .ok_or("END must be after BEGIN, by at most 24 hours, and both in whole seconds")?;
    let (_, usage) = store.of(&arguments.instance)?;
    let before = usage.record(window).cloned();
    // The rules speak before the operator is asked.
    let mut tried = usage.clone();
    tried.send_again(window, arguments.value, store.session.world.now())?;
    let quantity = tried.record(window).map(|record| record.quantity);
    if let (Some(before), Some(quantity)) = (&before, quantity) {
        confirm(&usage, before, quantity, arguments.yes)?;
    }
    let updated = store.session.runtime.block_on(update(store, &usage, window, arguments.value));
    let record = updated.map_err(|fault| match fault {
        AgainFault::Refused(fault) => CommandError::from(fault),
        AgainFault::Failed(failure) => store.session.advised(failure),
    })?;
    if let Some(record) = record {
        operator_log::log_usage_again(&usage.instance_id, &record);
        let sn = window.metering_sn(&usage.instance_id, record.number);
        outln!("1 window will be sent again, with the metering_sn {sn}");
        errln!("koohook: {RELAY}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the operator what will be sent, explains the risk, and asks.
fn confirm(
    usage: &InstanceUsage,
    before: &UsageRecord,
    quantity: Quantity,
    yes: bool,
) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    let (begin, end) = (local_time(before.window.begin()), local_time(before.window.end()));
    errln!("  {}  {begin}  {end}", crate::shown::shown(usage.instance_id.as_str()));
    errln!("  value {quantity} (was {}), {}", before.quantity, before.state.as_str());
    errln!("koohook: {}", risk(&before.state));
    if !io::stdin().is_terminal() {
        return Err(format!("no window is changed; {GIVE_YES}").into());
    }
    if confirms("send the window again")? { Ok(()) } else { Err("no window is changed".into()) }
}

/// What can go wrong.
const fn risk(state: &RecordState) -> &'static str {
    match state {
        RecordState::Sent => BILLED_TWICE,
        RecordState::Zero | RecordState::Waiting(_) | RecordState::Rejected { .. } => NEW_RECORD,
    }
}

/// Writes the window that waits again. Returns it.
async fn update(
    store: &UsageStore,
    usage: &InstanceUsage,
    window: UsageWindow,
    value: Option<Quantity>,
) -> Result<Option<UsageRecord>, AgainFault> {
    let repository = store.repository();
    let slot = repository.read_usage(&usage.instance_id).await?;
    let now = store.session.world.now();
    let updated = repository.update_usage(slot, |slot: &UsageSlot| {
        let mut usage = slot.record().cloned().ok_or(AgainError::Unknown)?;
        usage.send_again(window, value, now)?;
        let record = usage.record(window).cloned();
        Ok::<_, AgainFault>(UsageUpdate::Write(usage, record))
    });
    Ok(updated.await?.decided)
}

fn parse_value(text: &str) -> Result<Quantity, &'static str> {
    Quantity::parse(text)
        .ok_or("write a number from 0, with at most 4 decimal places and 8 digits before them")
}

const BILLED_TWICE: &str = "the marketplace received this window. If it billed the window, it may bill it \
     twice. First look the window up in the console (卖家中心 > 交易管理 > 话单管理). Send it \
     again only if the marketplace's later check refused it";
const NEW_RECORD: &str = "the marketplace sees a new record, with another metering_sn. If it received the \
     earlier one after all, it may bill the window twice";
