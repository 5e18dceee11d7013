//! `koohook notices`: what the product was not told yet, what it did not take, and telling it
//! again.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use marketplace::entity::{Entity, Kept, Subject};
use marketplace::message::InstanceId;
use marketplace::notice::Notice;
use marketplace::outbox::{Attempt, Reader, Trial};
use marketplace::time::UnixMillis;
use serde_json::{Value, json};
use shell::config::{self, Keeping};
use shell::failure::Failure;
use shell::host::{self, Machine};
use shell::shelf::{Recalled, Shelf, Written};
use shell::store::{AnyStore, Queue, Store};
use shell::world::{Deadline, World};
use tokio::runtime::Runtime;

use crate::Error;
use crate::output::{errln, outln};

/// Arguments of `koohook notices`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook notices list                              everything that waits or was given up
  koohook notices list --state dead --since 2026-11-01
  koohook notices show --instance 3c1d…             one instance's, with every attempt
  koohook notices replay --instance 3c1d…           offer its dead letters again
  koohook notices replay --since 2026-11-20         everybody's that died since

KOOHOOK_STORE and KOOHOOK_SEAL_KEY say where to look; without a store it is sqlite:koohook.db. What
is replayed keeps its id and its sequence, so that a product which took it after all meets it
again. One that took later notices since will answer it and not apply it: look there, too.")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One line a notice: since when, whose, what, and how it stands.
    List(Filter),
    /// Whole notices with every attempt, as JSON. They hold what the product would be told.
    Show(Filter),
    /// Offer dead letters again, under the same ids.
    Replay(Filter),
}

/// Which notices.
#[derive(Args)]
struct Filter {
    /// Of this instance alone.
    #[arg(long)]
    instance: Option<String>,
    /// Those that wait, or those that were given up.
    #[arg(long, value_enum)]
    state: Option<Standing>,
    /// Decided (when waiting) or given up (when dead) at this time or later: 2026-11-01, or
    /// 2026-11-01T08:00:00Z.
    #[arg(long, value_parser = parse_since)]
    since: Option<UnixMillis>,
}

/// How a notice stands.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
enum Standing {
    /// It will be offered, or is being offered.
    Waiting,
    /// The product did not accept it in 72 hours and 20 attempts, or answered 410 Gone.
    Dead,
}

/// A notice of somebody's.
struct Line<'a> {
    whose: &'a str,
    standing: Standing,
    notice: &'a Notice,
    trial: Option<&'a Trial>,
    since: UnixMillis,
}

/// How long one entity may take.
const BUDGET: Duration = Duration::from_secs(10);
/// How many entities are looked at; an agenda that is longer is named as such.
const MAX_ENTITIES: usize = 10_000;
/// How often a replay is tried again on what a faster writer left.
const MAX_RACES_LOST: usize = 8;

/// The environment, and a store where it names none.
pub fn setting(name: &str) -> Option<String> {
    let file = || std::env::var_os(format!("{name}_FILE"));
    let default =
        || (name == "KOOHOOK_STORE" && file().is_none()).then(|| DEFAULT_STORE.to_owned());
    config::variable(name).or_else(default)
}

const DEFAULT_STORE: &str = "sqlite:koohook.db";

/// Lists, shows or replays.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let keeping = Keeping::read(&setting)?;
    if !keeping.store.is_local() {
        host::start_log(&keeping.log);
    }
    keeping.store.must_stand()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = runtime.block_on(keeping.store.open(false))?;
    let desk = Desk { runtime, world: Machine::new(store), keeping };
    match &arguments.command {
        Command::List(filter) => desk.list(filter),
        Command::Show(filter) => desk.show(filter),
        Command::Replay(filter) => desk.replay(filter),
    }
}

struct Desk {
    runtime: Runtime,
    world: Machine<AnyStore>,
    keeping: Keeping,
}

impl Desk {
    fn list(&self, filter: &Filter) -> Result<ExitCode, Error> {
        let mut count = 0;
        for recalled in self.entities(filter)? {
            let whose = whose(&recalled);
            for line in lines(&recalled, &whose).filter(|line| filter.takes(line)) {
                count += 1;
                outln!("{}", line.text(self.world.now()));
            }
        }
        outln!("{count} notices");
        if count == 0 && filter.instance.is_none() {
            outln!("(without a product address they stay with their instance: --instance ID)");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn show(&self, filter: &Filter) -> Result<ExitCode, Error> {
        let mut shown = Vec::new();
        for recalled in self.entities(filter)? {
            let whose = whose(&recalled);
            let lines = lines(&recalled, &whose).filter(|line| filter.takes(line));
            shown.extend(lines.map(|line| line.json(&recalled.key)));
        }
        outln!("{}", serde_json::to_string_pretty(&shown)?);
        Ok(ExitCode::SUCCESS)
    }

    fn replay(&self, filter: &Filter) -> Result<ExitCode, Error> {
        if filter.state == Some(Standing::Waiting) {
            return Err("what waits is offered anyway; replay is for --state dead".into());
        }
        let mut count = 0;
        for recalled in self.entities(filter)? {
            count += self.replay_one(recalled, filter)?;
        }
        outln!("{count} notices will be offered again");
        Ok(ExitCode::SUCCESS)
    }

    fn replay_one(&self, mut recalled: Recalled, filter: &Filter) -> Result<usize, Error> {
        for _ in 0..=MAX_RACES_LOST {
            let whose = whose(&recalled);
            let dead: Vec<u64> = lines(&recalled, &whose)
                .filter(|line| line.standing == Standing::Dead && filter.takes(line))
                .map(|line| line.notice.sequence())
                .collect();
            let Some(mut kept) = recalled.kept.clone().filter(|_| !dead.is_empty()) else {
                return Ok(0);
            };
            for sequence in &dead {
                kept.outbox.replay(*sequence);
            }
            match self.runtime.block_on(self.shelf().write(&recalled, &kept))? {
                Written::Won(_) => return Ok(dead.len()),
                Written::Lost(standing) => recalled = standing,
            }
        }
        Err(format!("{}: others write all the time; try again", recalled.key).into())
    }

    /// The entities that have notices: one, or all that are on an agenda.
    fn entities(&self, filter: &Filter) -> Result<Vec<Recalled>, Error> {
        let keys = match &filter.instance {
            Some(id) => {
                let id = InstanceId::parse(id).map_err(|_| "--instance wants an instance's ID")?;
                vec![Subject::Instance(id).key()]
            }
            None => self.agenda()?,
        };
        let read = |key| self.runtime.block_on(self.shelf().read_key(key)).map_err(advised);
        keys.into_iter().map(read).collect()
    }

    fn agenda(&self) -> Result<Vec<String>, Error> {
        let mut keys = std::collections::BTreeSet::new();
        for queue in [Queue::Dead, Queue::Due] {
            let span = UnixMillis::EPOCH..=UnixMillis::MAX;
            let agenda = self.world.store().agenda(queue, span, MAX_ENTITIES);
            let entries = self.runtime.block_on(agenda)?;
            if entries.len() == MAX_ENTITIES {
                errln!("koohook: the agenda is longer than {MAX_ENTITIES}; this is its beginning");
            }
            // Parts of lists are on it, too, and hold no notice.
            let entities = entries.into_iter().map(|entry| entry.key);
            keys.extend(entities.filter(|key| !key.starts_with("part:")));
        }
        Ok(keys.into_iter().collect())
    }

    /// What is replayed must come before the relay, whoever runs this: the reader is a product.
    fn shelf(&self) -> Shelf<'_, Machine<AnyStore>> {
        let deadline = Deadline::after(self.world.elapsed(), BUDGET);
        let vault = &self.keeping.vault;
        Shelf { world: &self.world, vault, reader: Reader::Product, deadline }
    }
}

impl Filter {
    fn takes(&self, line: &Line<'_>) -> bool {
        self.state.is_none_or(|state| state == line.standing)
            && self.since.is_none_or(|since| since <= line.since)
    }
}

impl Line<'_> {
    fn text(&self, now: UnixMillis) -> String {
        let Self { whose, notice, since, .. } = self;
        format!(
            "{}  {whose}  {}  {}  {}",
            since.to_rfc3339(),
            notice.sequence(),
            notice.kind.as_str(),
            self.standing(now)
        )
    }

    fn standing(&self, now: UnixMillis) -> String {
        let Some(trial) = self.trial else { return "waits".to_owned() };
        let fault = trial.attempts.last().map(|Attempt { fault, status, .. }| match status {
            Some(401) => format!(": {fault} (401: does the product have this secret?)"),
            Some(status) => format!(": {fault} ({status})"),
            None => format!(": {fault}"),
        });
        let fault = fault.unwrap_or_default();
        let Trial { count, next, claimed, .. } = trial;
        match (self.standing, claimed) {
            (Standing::Dead, _) => format!("dead after {count} attempts{fault}"),
            (Standing::Waiting, Some(_)) if now < *next => format!("attempt {count} is under way"),
            (Standing::Waiting, _) => {
                format!("{count} attempts, next at {}{fault}", next.to_rfc3339())
            }
        }
    }

    fn json(&self, key: &str) -> Value {
        json!({
            "key": key,
            "id": self.notice.id(key),
            "state": if self.standing == Standing::Dead { "dead" } else { "waiting" },
            "trial": self.trial,
            "notice": self.notice.body(),
        })
    }
}

/// An entity's notices: the dead letters, and those that wait.
fn lines<'a>(recalled: &'a Recalled, whose: &'a str) -> impl Iterator<Item = Line<'a>> {
    recalled.kept.iter().flat_map(move |Kept { outbox, .. }| {
        let dead = outbox.dead.iter().map(move |dead| Line {
            whose,
            standing: Standing::Dead,
            notice: &dead.notice,
            trial: Some(&dead.trial),
            since: dead.at,
        });
        let waiting = outbox.waiting.iter().map(move |notice| Line {
            whose,
            standing: Standing::Waiting,
            notice,
            trial: outbox.trial.as_ref().filter(|trial| trial.sequence == notice.sequence()),
            since: notice.at,
        });
        dead.chain(waiting)
    })
}

/// A failure, and what to do about the one that the settings cause.
fn advised(failure: Failure) -> Error {
    match failure {
        Failure::Unopened => {
            "a value was sealed by another key: set KOOHOOK_SEAL_KEY, or …_PREVIOUS, to that one"
                .into()
        }
        other => other.into(),
    }
}

/// The instance's ID, or where the entity lies.
fn whose(recalled: &Recalled) -> String {
    match recalled.kept.as_ref().map(|kept| &kept.entity) {
        Some(Entity::Instance(instance)) => instance.id.to_string(),
        _ => recalled.key.clone(),
    }
}

/// A day, or a second, in UTC.
fn parse_since(text: &str) -> Result<UnixMillis, String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = if digits.len() == 8 { format!("{digits}000000") } else { digits };
    UnixMillis::from_utc_digits(&digits).ok_or_else(|| {
        "wants a day like 2026-11-01, or a time like 2026-11-01T08:00:00Z".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_seconds() {
        let day = parse_since("2026-11-01").unwrap();
        assert_eq!(day.to_rfc3339(), "2026-11-01T00:00:00.000Z");
        assert_eq!(parse_since("2026-11-01T00:00:00Z"), Ok(day));
        for text in ["", "yesterday", "2026-13-01", "2026-11-01T25:00:00Z"] {
            assert!(parse_since(text).is_err(), "{text}");
        }
    }
}
