//! `koohook notices list` and `show`.

use std::process::ExitCode;

use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::repository::Slot;
use shell::world::World;

use super::notice_filter::NoticeFilter;
use super::notice_line::{HEADS, NoticeLine};
use super::notice_state::NoticeState;
use super::notice_store::NoticeStore;
use super::selection::counted;
use crate::entities::Lacks;
use crate::error::CommandError;
use crate::output::{self, errln, outln};
use crate::output_format::{FormatArgument, JsonArray};
use crate::read_failures::ReadFailures;
use crate::table::TextTable;

/// Lists what the product has not accepted, the oldest first.
///
/// # Errors
/// If the store does not answer, or a value cannot be used.
pub fn list(
    store: &NoticeStore,
    filter: &NoticeFilter,
    state: Option<NoticeState>,
    format: FormatArgument,
) -> Result<ExitCode, CommandError> {
    let now = store.session.world.now();
    let mut lines = Vec::new();
    let mut failures = ReadFailures::default();
    store.each(filter, &mut failures, |slot| {
        lines.extend(selected(slot, filter, state, now));
    })?;
    lines.sort_by(|a, b| {
        (a.since, &a.owner.key, a.sequence).cmp(&(b.since, &b.owner.key, b.sequence))
    });
    if format.is_json() {
        let mut array = JsonArray::default();
        lines.iter().for_each(|line| array.push(&line.json(now)));
        array.end();
    } else {
        print_table(&lines, now);
    }
    if lines.is_empty() && filter.instance.is_none() && !output::is_closed() {
        errln!("koohook: {NO_ADDRESS}");
    }
    if filter.instance.is_none() && state.is_none_or(|state| state == NoticeState::AccessData) {
        Lacks::default().report("purchases", &store.session);
    }
    failures.end()
}

fn print_table(lines: &[NoticeLine], now: UnixMillis) {
    let rows: Vec<_> = lines.iter().map(|line| line.row(now)).collect();
    TextTable::new(HEADS).print(&rows);
    let purchases = lines.iter().filter(|line| line.state == NoticeState::AccessData).count();
    if purchases > 0 {
        outln!("{} for access data", counted(purchases, "purchase waits", "purchases wait"));
    }
    // This line is the same for every count: programs read it.
    outln!("{} notices", lines.len() - purchases);
}

/// Prints whole notices.
///
/// # Errors
/// If the store does not answer, or a value cannot be used.
pub fn show(
    store: &NoticeStore,
    filter: &NoticeFilter,
    state: Option<NoticeState>,
) -> Result<ExitCode, CommandError> {
    let now = store.session.world.now();
    let mut shown = Vec::new();
    let mut failures = ReadFailures::default();
    store.each(filter, &mut failures, |slot| {
        let lines = selected(slot, filter, state, now);
        shown.extend(lines.iter().filter_map(|line| whole(slot, line)));
    })?;
    outln!("{}", serde_json::to_string_pretty(&shown)?);
    failures.end()
}

/// The notices of an entity that pass.
fn selected(
    slot: &Slot,
    filter: &NoticeFilter,
    state: Option<NoticeState>,
    now: UnixMillis,
) -> Vec<NoticeLine> {
    let Some(record) = slot.record() else { return Vec::new() };
    let mut lines = NoticeLine::all(&slot.key, record, now);
    lines.retain(|line| state.is_none_or(|state| state == line.state) && filter.selects(line, now));
    lines
}

/// A whole notice with its attempts.
fn whole(slot: &Slot, line: &NoticeLine) -> Option<Value> {
    let outbox = &slot.record()?.outbox;
    let is_it = |sequence: u64| Some(sequence) == line.sequence;
    let dead = outbox.dead.iter().find(|dead| is_it(dead.notice.sequence()));
    let waiting = outbox.waiting.iter().find(|notice| is_it(notice.sequence()));
    let notice = dead.map(|dead| &dead.notice).or(waiting)?;
    let delivery = outbox.delivery.as_ref().filter(|delivery| is_it(delivery.sequence));
    Some(json!({
        "key": slot.key,
        "id": notice.id(&slot.key),
        "state": line.state.as_str(),
        "trial": dead.map(|dead| &dead.delivery).or(delivery),
        "notice": notice.body(),
    }))
}

const NO_ADDRESS: &str =
    "if koohook has no product address, notices are only listed with --instance ID";
