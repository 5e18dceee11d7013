//! `koohook notices`: lists the notices that the product has not accepted, makes waiting ones due, and
//! sends given-up ones again.
//!
//! - `notice_filter`: the options that select notices.
//! - `notice_line`: one notice as the commands print it. `notice_state`: its state. `owner`: whose
//!   notice it is.
//! - `notice_store`: reads the entities that have notices.
//! - `notice_types`: the words of `--type`.
//! - `listing`: `list` and `show`. `nothing_found`: why no notice was selected.
//! - `failing`: what waits after failed attempts, for `koohook check`.
//! - `selection`: what `now` and `replay` will change; it is counted before the operator is asked.
//! - `acting`: `now` and `replay`; `action`: what they send. `watching`: waits for the outcome of the
//!   next attempt. `results`: the table that they print.

mod acting;
mod action;
pub mod failing;
mod listing;
mod nothing_found;
mod notice_filter;
mod notice_line;
mod notice_state;
mod notice_store;
mod notice_types;
mod owner;
mod results;
mod selection;
mod watching;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use shell::host::{self, open_to_read, open_to_write};

use self::acting::ActArguments;
use self::action::Action;
use self::notice_filter::NoticeFilter;
use self::notice_state::NoticeState;
use self::notice_store::NoticeStore;
use crate::error::CommandError;
use crate::output_format::FormatArgument;
use crate::session::{Session, settings};

/// Arguments of `koohook notices`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook notices list                              waiting notices and dead letters
  koohook notices list --older-than 1h              what has waited longer than an hour
  koohook notices list --order CS2611260001         what waits for one order
  koohook notices show --instance 3c1d…             whole notices of one instance
  koohook notices now --instance 3c1d…              send what waits for one instance now
  koohook notices now --dead --since 2026-11-20     send everything now that waits or is dead
  koohook notices replay --instance 3c1d…           send the dead letters of one instance again

Set KOOHOOK_STORE to the store [default: sqlite:koohook.db], and KOOHOOK_SEAL_KEY to its key.

now and replay only mark the notices; the relay sends them: koohook serve within a second, a timer at
its next run. A replayed notice keeps its id and its sequence number, so the product recognises a
notice that it accepted before. If the product has applied a later notice of the instance, it skips
the replayed one. Check the product then.

The log, warnings and hints go to the standard error. The exit code is 1 if the store cannot be
opened, a value has another seal key, or the instance or the order is unknown.")]
pub struct NoticesArguments {
    #[command(subcommand)]
    command: NoticesCommand,
}

#[derive(Subcommand)]
enum NoticesCommand {
    /// List what the product has not accepted, and why it waits, the oldest first.
    #[command(after_help = "Examples:
  koohook notices list
  koohook notices list --state dead --since 2026-11-01
  koohook notices list --older-than 1h --type instance.created
  koohook notices list -o json | jq '.[] | select(.status == 500)'

The state access-data is a purchase that the product accepted without access data. No notice waits:
the marketplace waits for the product's PUT of the access data.

SINCE is the time of the change; a dead letter also has the time when it was given up. PURCHASE is the
order of the purchase, if ORDER is the order of another change. The last line of the table is the
number of notices. Only a terminal gets the heads of the table.")]
    List(ListArguments),
    /// Print whole notices with their last 8 attempts, as JSON. They contain the buyers' data.
    #[command(after_help = "Examples:
  koohook notices show --instance 3c1d…
  koohook notices show --state dead >dead.json

Members of an element; times are RFC 3339 in UTC:
  key        the key of the entity in the store
  id         the webhook-id of the notice
  state      waiting, or dead
  deadSince  when the relay gave it up
  delivery   attempts: their number; since: the first one; isRunning: whether one runs now; failed: the
             last ones that failed, each with at, status, fault, answer (its beginning), part, millis
  trial      delivery in its stored form, for older programs: times in milliseconds
  notice     the body, as the product gets it")]
    Show(ShowArguments),
    /// Make waiting notices due, so that the relay sends them now.
    #[command(after_help = "Examples:
  koohook notices now --instance 3c1d…              one instance
  koohook notices now --order CS2611260001          one order
  koohook notices now --older-than 1h --yes         everything that has waited for an hour
  koohook notices now --dead                        dead letters, too

The command lists and counts the notices, and asks before it changes them. It ends a pause, and uses
up no pause of the retry schedule. The attempt that follows counts like every attempt. The command
keeps the order of an entity's notices, so that a notice is sent after the earlier ones. An attempt
that is running stays as it is.

Then it waits for the outcome, and prints it. The exit code is 1 if the product did not accept each
notice in this time.")]
    Now(NowArguments),
    /// Send dead letters again. Each keeps its id.
    #[command(after_help = "Examples:
  koohook notices replay --instance 3c1d…
  koohook notices replay --since 2026-11-20 --yes")]
    Replay(ReplayArguments),
}

#[derive(Args)]
struct ListArguments {
    #[command(flatten)]
    filter: NoticeFilter,
    /// Only this state [default: every state].
    #[arg(long, value_enum)]
    state: Option<NoticeState>,
    #[command(flatten)]
    format: FormatArgument,
}

#[derive(Args)]
struct ShowArguments {
    #[command(flatten)]
    filter: NoticeFilter,
    /// Only notices in this state [default: both states].
    #[arg(long, value_enum)]
    state: Option<NoticeState>,
}

#[derive(Args)]
struct NowArguments {
    #[command(flatten)]
    filter: NoticeFilter,
    /// Also send dead letters again.
    #[arg(long)]
    dead: bool,
    #[command(flatten)]
    act: ActArguments,
}

#[derive(Args)]
struct ReplayArguments {
    #[command(flatten)]
    filter: NoticeFilter,
    /// Only notices in this state: dead [default: dead]. `koohook notices now` sends waiting notices.
    #[arg(long, value_enum, hide_possible_values = true)]
    state: Option<NoticeState>,
    #[command(flatten)]
    act: ActArguments,
}

/// Lists, shows or sends notices.
pub fn run(arguments: &NoticesArguments) -> Result<ExitCode, CommandError> {
    let config = settings()?;
    config.store.must_exist()?;
    let acts = matches!(arguments.command, NoticesCommand::Now(_) | NoticesCommand::Replay(_));
    if acts && config.store.is_local() {
        // The log says what an operator did.
        host::start_log_aside(&config.log);
    }
    let session = Session::open(config, async |config| {
        let opened = if acts { open_to_write(config).await } else { open_to_read(config).await };
        Ok(opened?)
    })?;
    let store = NoticeStore { session };
    match &arguments.command {
        NoticesCommand::List(ListArguments { filter, state, format }) => {
            listing::list(&store, filter, *state, *format)
        }
        NoticesCommand::Show(ShowArguments { filter, state }) => {
            listing::show(&store, filter, *state)
        }
        NoticesCommand::Now(NowArguments { filter, dead, act }) => {
            let action = if *dead { Action::Everything } else { Action::Waiting };
            acting::run(&store, filter, action, act)
        }
        NoticesCommand::Replay(ReplayArguments { state: Some(NoticeState::Waiting), .. }) => {
            let advice = "use koohook notices now, or leave --state out";
            Err(format!("replay sends dead letters, but these notices wait; {advice}").into())
        }
        NoticesCommand::Replay(ReplayArguments { filter, act, .. }) => {
            acting::run(&store, filter, Action::Dead, act)
        }
    }
}
