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
use super::notice_filter::NoticeFilter;
use super::notice_line::NoticeLine;
use super::notice_store::NoticeStore;
use super::results::{Results, new_results, result_row};
use super::selection::{SelectedEntity, Selection};
use super::watching::OutcomeWatch;
use crate::error::CommandError;
use crate::local_time::parse_span;
use crate::output::{errln, outln, print_aside};
use crate::read_failures::ReadFailures;

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
    fn wait(&self) -> Duration {
        let default = if io::stdout().is_terminal() { WAIT } else { Duration::ZERO };
        self.wait.unwrap_or(default)
    }

    /// Asks the operator.
    fn confirm(&self, what: &str, question: &str) -> Result<(), CommandError> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(format!(
                "{what} are selected, and none is changed; give --yes, because the \
                                standard input is not a terminal"
            )
            .into());
        }
        print_aside(format_args!("koohook: {what}; {question}? [y/N] "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if !answer.ends_with('\n') {
            // Ctrl-D leaves the cursor behind the question.
            errln!("");
        }
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err("no notice is changed".into()),
        }
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
    if selection.count() > 0 {
        arguments.confirm(&selection.text(), action.question())?;
    } else if selection.has_accepted_purchase && action != Action::Dead {
        errln!("koohook: {ACCEPTED}");
    }
    let mut table = new_results();
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
    outln!("{sent} notices will be sent {}", action.adverb());
    if let Some(fault) = stopped {
        return Err(fault);
    }
    let is_delivered = watch.run(store, arguments.wait(), &mut table, &mut failures)?;
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
        rows.push(result_row(selected, &current.map_or_else(gone, |line| result(line, now))));
    }
    table.print(&rows);
    let sent = watched.len();
    watch.add(target, record, watched);
    sent
}

fn gone() -> String {
    "no longer waits".to_owned()
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
const ACCEPTED: &str = "the product accepted instance.created, so koohook does not send it again; only \
     the product's PUT of the access data makes the purchase ready";
