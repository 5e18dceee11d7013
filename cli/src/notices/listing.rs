//! `koohook notices list` and `show`.

use std::process::ExitCode;

use domain::outbox::DeliveryState;
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::repository::Slot;
use shell::world::World;

use super::nothing_found::explain;
use super::notice_filter::NoticeFilter;
use super::notice_line::{HEADS, NoticeLine};
use super::notice_state::NoticeState;
use super::notice_store::NoticeStore;
use crate::counted::{counted, counted_notices};
use crate::entities::Lacks;
use crate::error::CommandError;
use crate::output::{errln, outln};
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
    let mut is_known = false;
    let mut failures = ReadFailures::default();
    store.each(filter, &mut failures, |slot| {
        let all = all(slot, now);
        is_known |= all.iter().any(|line| filter.is_about(line));
        lines.extend(all.into_iter().filter(|line| passes(line, filter, state, now)));
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
    if lines.is_empty() {
        explain(store, filter, is_known)?;
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
        let wait = if purchases == 1 { "waits" } else { "wait" };
        let purchases = counted(purchases, "purchase", "purchases");
        errln!(
            "koohook: {purchases} that the product accepted {wait} for its PUT of the access data"
        );
    }
    outln!("{}", counted_notices(lines.len() - purchases));
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
        let lines = all(slot, now);
        let lines = lines.iter().filter(|line| passes(line, filter, state, now));
        shown.extend(lines.filter_map(|line| whole(slot, line)));
    })?;
    outln!("{}", serde_json::to_string_pretty(&shown)?);
    if shown.is_empty() {
        explain(store, filter, false)?;
    }
    failures.end()
}

/// The notices of an entity.
fn all(slot: &Slot, now: UnixMillis) -> Vec<NoticeLine> {
    slot.record().map(|record| NoticeLine::all(&slot.key, record, now)).unwrap_or_default()
}

fn passes(
    line: &NoticeLine,
    filter: &NoticeFilter,
    state: Option<NoticeState>,
    now: UnixMillis,
) -> bool {
    state.is_none_or(|state| state == line.state) && filter.selects(line, now)
}

/// A whole notice with its attempts.
fn whole(slot: &Slot, line: &NoticeLine) -> Option<Value> {
    let outbox = &slot.record()?.outbox;
    let is_it = |sequence: u64| Some(sequence) == line.sequence;
    let dead = outbox.dead.iter().find(|dead| is_it(dead.notice.sequence()));
    let waiting = outbox.waiting.iter().find(|notice| is_it(notice.sequence()));
    let notice = dead.map(|dead| &dead.notice).or(waiting)?;
    let delivery = outbox.delivery.as_ref().filter(|delivery| is_it(delivery.sequence));
    let delivery = dead.map(|dead| &dead.delivery).or(delivery);
    Some(json!({
        "key": slot.key,
        "id": notice.id(&slot.key),
        "state": line.state.as_str(),
        "deadSince": line.dead_since.map(UnixMillis::to_rfc3339),
        "delivery": delivery.map(delivery_json),
        // The stored form, which programs may read.
        "trial": delivery,
        "notice": notice.body(),
    }))
}

/// The attempts to deliver a notice. Times are RFC 3339 in UTC.
fn delivery_json(delivery: &DeliveryState) -> Value {
    let failed = delivery.attempts.iter().map(|attempt| {
        json!({
            "at": attempt.at.to_rfc3339(),
            "status": attempt.status,
            "fault": attempt.fault,
            "answer": attempt.said,
            "part": attempt.part,
            "millis": attempt.millis,
        })
    });
    json!({
        "attempts": delivery.count,
        "since": delivery.since.to_rfc3339(),
        "isRunning": delivery.claimed.is_some(),
        "failed": failed.collect::<Vec<_>>(),
    })
}
