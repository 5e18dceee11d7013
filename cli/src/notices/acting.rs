//! `koohook notices now` and `replay`: counts, asks, changes, and waits for the outcome.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::outbox::NoticeWait;
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::operator_log;
use shell::repository::{Slot, Start, Update};
use shell::world::World;

use super::action::Action;
use super::nothing_found::{are, explain, print_rest};
use super::notice_filter::NoticeFilter;
use super::notice_line::NoticeLine;
use super::notice_store::NoticeStore;
use super::results::{Results, new_results, result_row};
use super::selection::{SelectedEntity, Selection};
use super::watching::{OutcomeWatch, ended};
use crate::counted::counted_notices;
use crate::error::CommandError;
use crate::local_time::parse_span;
use crate::output::{errln, outln};
use crate::question::confirms;
use crate::read_failures::ReadFailures;
use crate::shown::shown;

/// How `now` and `replay` proceed.
#[derive(Args)]
pub struct ActArguments {
    /// Do not ask. Without a terminal this option is required.
    #[arg(short, long)]
    yes: bool,
    /// How long to wait for the outcome of the next attempt, like 15s. 0s does not wait
    /// [default: 15s if the standard output is a terminal, else 0s].
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    wait: Option<Duration>,
}

impl ActArguments {
    /// How long to wait; `None` if the operator did not choose and cannot watch.
    fn wait(&self) -> Option<Duration> {
        self.wait.or_else(|| io::stdout().is_terminal().then_some(WAIT))
    }

    /// Shows the operator what will be sent, and asks.
    fn confirm(&self, selection: &Selection, action: Action) -> Result<(), CommandError> {
        if self.yes {
            return Ok(());
        }
        selection.lines().take(SHOWN).for_each(print_selected);
        if let Some(more @ 1..) = selection.count().checked_sub(SHOWN) {
            errln!("  and {more} more");
        }
        let (what, count) = (selection.text(), selection.count());
        if !io::stdin().is_terminal() {
            return Err(format!(
                "{what} {} selected, and none is changed; give --yes, because the standard input \
                 is not a terminal",
                are(count)
            )
            .into());
        }
        let is_confirmed = confirms(&format!("{what}; {}", action.question(count)))?;
        if is_confirmed { Ok(()) } else { Err("no notice is changed".into()) }
    }
}

/// Sends the notices that the filter selects.
///
/// # Errors
/// If the operator does not agree, the store does not answer, or a value cannot be used.
pub fn run(
    store: &NoticeStore,
    filter: &NoticeFilter,
    action: Action,
    arguments: &ActArguments,
) -> Result<ExitCode, CommandError> {
    let mut failures = ReadFailures::default();
    let selection = Selection::read(store, filter, action, &mut failures)?;
    print_rest(&selection.rest, action);
    if selection.count() > 0 {
        arguments.confirm(&selection, action)?;
    }
    let code = send(store, &selection, action, arguments, failures)?;
    if selection.count() == 0 && selection.rest.is_silent() {
        explain(store, filter, selection.rest.is_known)?;
    }
    Ok(code)
}

/// Changes what is selected, and waits for the outcome.
fn send(
    store: &NoticeStore,
    selection: &Selection,
    action: Action,
    arguments: &ActArguments,
    mut failures: ReadFailures,
) -> Result<ExitCode, CommandError> {
    let mut table = new_results();
    table.measure(&selection.lines().map(|line| result_row(line, "")).collect::<Vec<_>>());
    let mut watch = OutcomeWatch::default();
    let (mut sent, mut stopped) = (0, None);
    for target in &selection.targets {
        let acted = act(store, target, action);
        match failures.keep(&store.session, acted) {
            Ok(Some(slot)) => sent += report(target, &slot, &mut table, &mut watch, store),
            Ok(None) => (),
            Err(fault) => {
                stopped = Some(fault);
                break;
            }
        }
    }
    // The end of this line is the same for every count: programs read it.
    outln!("{} will be sent {}", counted_notices(sent), action.adverb());
    if let Some(fault) = stopped {
        return Err(fault);
    }
    let wait = arguments.wait();
    if wait.is_none() && sent > 0 {
        errln!("koohook: not waited; give --wait 15s to see the outcome");
    }
    let is_delivered = watch.run(store, wait.unwrap_or_default(), &mut table, &mut failures)?;
    let ended = failures.end()?;
    Ok(if is_delivered { ended } else { ExitCode::FAILURE })
}

fn act(store: &NoticeStore, target: &SelectedEntity, action: Action) -> Result<Slot, Failure> {
    let now = store.session.world.now();
    let repository = store.repository();
    let decide = |slot: &Slot| {
        let Some(mut record) = slot.record().cloned() else { return Ok(Update::Leave((0, 0))) };
        Ok::<_, Failure>(match change(action, &mut record, target, now) {
            (0, 0) => Update::Leave((0, 0)),
            changed => Update::write(record, changed),
        })
    };
    let acted = async {
        let slot = repository.read_key(target.key.clone()).await?;
        repository.update(Start::Slot(slot), decide).await
    };
    let updated = store.session.runtime.block_on(acted)?;
    let (replayed, made_due) = updated.decided;
    if let Some(record) = updated.slot.record() {
        if replayed > 0 {
            operator_log::log_replayed(&target.key, record, replayed);
        }
        if made_due > 0 {
            operator_log::log_made_due(&target.key, record, made_due);
        }
    }
    Ok(updated.slot)
}

/// Changes a record. Returns how many dead letters are sent again, and how many waiting notices
/// no longer wait for a pause.
fn change(
    action: Action,
    record: &mut EntityRecord,
    target: &SelectedEntity,
    now: UnixMillis,
) -> (usize, usize) {
    let replayed = record.replay(&target.dead(), now);
    let resting = target.resting(&record.outbox, now);
    let is_made_due = action != Action::Dead && resting > 0 && record.make_due(now);
    (replayed, if is_made_due { resting } else { 0 })
}

/// Prints what became of each notice. Returns how many will be sent.
fn report(
    target: &SelectedEntity,
    slot: &Slot,
    table: &mut Results,
    watch: &mut OutcomeWatch,
    store: &NoticeStore,
) -> usize {
    let now = store.session.world.now();
    let Some(record) = slot.record() else { return 0 };
    let lines = NoticeLine::all(&target.key, record, now);
    let mut rows = Vec::new();
    let mut watched = Vec::new();
    for selected in &target.lines {
        let current = lines.iter().find(|line| line.sequence == selected.sequence);
        let will_be_sent = current.is_some_and(|line| match line.wait {
            Some(NoticeWait::DeadPurchase) | None => false,
            Some(_) => true,
        });
        watched.extend(selected.sequence.filter(|_| will_be_sent));
        let gone = || ended(&record.outbox, selected.sequence).1;
        rows.push(result_row(selected, &current.map_or_else(gone, |line| result(line, now))));
    }
    table.print(&rows);
    let sent = watched.len();
    watch.add(target, record, watched);
    sent
}

fn print_selected(line: &NoticeLine) {
    let order = line.order();
    let whose = if order.is_empty() { line.owner.text() } else { order };
    errln!("  {}  {}  {}", shown(&whose), line.kind_text(), line.state.as_str());
}

fn result(line: &NoticeLine, now: UnixMillis) -> String {
    match line.wait {
        Some(NoticeWait::Attempt { number }) => format!("attempt {number} is running; it goes on"),
        Some(NoticeWait::DeadPurchase) => format!("{}; koohook notices now --dead", line.why(now)),
        Some(NoticeWait::Due) => "due now".to_owned(),
        _ => line.why(now),
    }
}

/// How long to wait on a terminal.
const WAIT: Duration = Duration::from_secs(15);
/// How many notices the operator sees before the question.
const SHOWN: usize = 20;
