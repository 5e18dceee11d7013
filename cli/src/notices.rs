//! `koohook notices`: notices that the product did not receive yet, or did not accept, and
//! offering them again.

mod line;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use domain::entity::{Entity, Subject};
use domain::outbox::Reader;
use domain::store_keys;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::host::{MachineWorld, open_to_read, open_to_write};
use shell::repository::{Repository, Slot, Start, Update};
use shell::store::{AnyStore, Queue, Store};
use shell::world::World;

use self::line::{NoticeLine, lines, whose};
use crate::error::CommandError;
use crate::output::{self, errln, outln};
use crate::session::{Session, advised, settings};
use crate::time_text::parse_since;

/// Arguments of `koohook notices`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook notices list                              all that wait or were given up
  koohook notices list --state dead --since 2026-11-01
  koohook notices list --since 2026-11-26T08:00:00+08:00
  koohook notices show --instance 3c1d…             one instance's, with every attempt
  koohook notices replay --instance 3c1d…           offer its dead letters again
  koohook notices replay --since 2026-11-20         all that died since

KOOHOOK_STORE and KOOHOOK_SEAL_KEY name the store and its key; the store is sqlite:koohook.db if
none is named. A replayed notice keeps its id and its sequence, so that a product which did accept it
recognises it. A product that accepted later notices since answers it and does not apply it: look
there, too.

`list` is for people, and its last line is the count. `show` prints one JSON array and nothing else
on the standard output. The log, warnings and hints go to the standard error. Exits with 1 if the
store does not open, a value was sealed by another key, or the instance is unknown.")]
pub struct NoticesArguments {
    #[command(subcommand)]
    command: NoticesCommand,
}

#[derive(Subcommand)]
enum NoticesCommand {
    /// One line a notice: since when, whose, what, and its state.
    List(NoticeFilter),
    /// Whole notices with every attempt, as JSON. They hold what the product is to learn.
    Show(NoticeFilter),
    /// Offer dead letters again, under the same ids.
    Replay(NoticeFilter),
}

/// Which notices.
#[derive(Args)]
struct NoticeFilter {
    /// Of this instance alone.
    #[arg(long)]
    instance: Option<String>,
    /// Those that wait, or those that were given up.
    #[arg(long, value_enum)]
    state: Option<NoticeState>,
    /// Decided (when waiting) or given up (when dead) at this time or later: a day in UTC like
    /// 2026-11-01, or a time with its offset like 2026-11-01T16:00:00+08:00.
    #[arg(long, value_parser = parse_since)]
    since: Option<UnixMillis>,
}

/// The state of a notice.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub enum NoticeState {
    /// It will be offered, or is being offered.
    Waiting,
    /// The product did not accept it in 72 hours and 20 attempts, or answered 410 Gone.
    Dead,
}

/// The open store with the notices.
struct NoticeStore {
    session: Session,
}

/// Entities that could not be read or written. The others go on; the end reports the first error.
#[derive(Default)]
struct ReadFailures {
    count: usize,
    first: Option<CommandError>,
}

impl ReadFailures {
    /// What was read. A failure is counted, and nothing is returned.
    ///
    /// # Errors
    /// If the store does not answer: each of the others would wait for it too.
    fn keep<T>(&mut self, read: Result<T, Failure>) -> Result<Option<T>, CommandError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(failure @ (Failure::StoreUnavailable | Failure::OutOfTime)) => {
                Err(advised(failure))
            }
            Err(failure) => {
                self.count += 1;
                self.first.get_or_insert_with(|| advised(failure));
                Ok(None)
            }
        }
    }

    fn end(self) -> Result<ExitCode, CommandError> {
        match (self.count, self.first) {
            (_, None) => Ok(ExitCode::SUCCESS),
            (1, Some(fault)) => Err(fault),
            (count, Some(fault)) => {
                Err(format!("{count} values failed, the first: {fault}").into())
            }
        }
    }
}

impl NoticeStore {
    fn list(&self, filter: &NoticeFilter) -> Result<ExitCode, CommandError> {
        let mut count = 0;
        let mut failures = ReadFailures::default();
        for slot in self.entities(filter)? {
            let Some(slot) = failures.keep(slot)? else { continue };
            let whose = whose(&slot);
            for line in lines(&slot, &whose).filter(|line| filter.matches(line)) {
                count += 1;
                outln!("{}", line.text(self.session.world.now()));
            }
            if output::is_closed() {
                return Ok(ExitCode::SUCCESS);
            }
        }
        outln!("{count} notices");
        if count == 0 && filter.instance.is_none() {
            errln!("(without a product address they stay with their instance: --instance ID)");
        }
        failures.end()
    }

    fn show(&self, filter: &NoticeFilter) -> Result<ExitCode, CommandError> {
        let mut shown = Vec::new();
        let mut failures = ReadFailures::default();
        for slot in self.entities(filter)? {
            let Some(slot) = failures.keep(slot)? else { continue };
            let whose = whose(&slot);
            let lines = lines(&slot, &whose).filter(|line| filter.matches(line));
            shown.extend(lines.map(|line| line.json(&slot.key)));
        }
        outln!("{}", serde_json::to_string_pretty(&shown)?);
        failures.end()
    }

    fn replay(&self, filter: &NoticeFilter) -> Result<ExitCode, CommandError> {
        if filter.state == Some(NoticeState::Waiting) {
            return Err("what waits is offered anyway; replay is for --state dead".into());
        }
        let mut count = 0;
        let mut failures = ReadFailures::default();
        let mut stopped = None;
        for slot in self.entities(filter)? {
            let replayed = slot.and_then(|slot| self.replay_one(slot, filter));
            match failures.keep(replayed) {
                Ok(replayed) => count += replayed.unwrap_or_default(),
                Err(fault) => {
                    stopped = Some(fault);
                    break;
                }
            }
        }
        outln!("{count} notices will be offered again");
        stopped.map_or_else(|| failures.end(), Err)
    }

    fn replay_one(&self, slot: Slot, filter: &NoticeFilter) -> Result<usize, Failure> {
        let replay = |slot: &Slot| {
            let whose = whose(slot);
            let dead = lines(slot, &whose).filter(|line| line.state == NoticeState::Dead);
            let dead: Vec<u64> = dead
                .filter(|line| filter.matches(line))
                .map(|line| line.notice.sequence())
                .collect();
            let Some(mut record) = slot.record().cloned().filter(|_| !dead.is_empty()) else {
                return Ok(Update::Leave(0));
            };
            for sequence in &dead {
                record.outbox.replay(*sequence);
            }
            Ok::<_, Failure>(Update::write(record, dead.len()))
        };
        let repository = self.repository();
        let replayed = repository.update(Start::Slot(slot), replay);
        Ok(self.session.runtime.block_on(replayed)?.decided)
    }

    /// The entities that have notices: one, or all that are on an agenda.
    fn entities(
        &self,
        filter: &NoticeFilter,
    ) -> Result<impl Iterator<Item = Result<Slot, Failure>>, CommandError> {
        let (one, keys) = match &filter.instance {
            Some(id) => (Some(self.instance(id)?), Vec::new()),
            None => (None, self.agenda()?),
        };
        Ok(one.into_iter().map(Ok).chain(keys.into_iter().map(|key| self.read(key))))
    }

    /// One instance, by its own ID or by the ID that its purchase derives.
    fn instance(&self, id: &str) -> Result<Slot, CommandError> {
        let id = InstanceId::parse(id)
            .map_err(|fault| format!("--instance {fault}: give an instance's ID"))?;
        let slot = self.read(Subject::Instance(id.clone()).key()).map_err(advised)?;
        let slot = match slot.record().map(|record| &record.entity) {
            Some(Entity::MovedTo(moved)) => {
                self.read(Subject::Instance(moved.clone()).key()).map_err(advised)?
            }
            _ => slot,
        };
        if slot.found.is_none() {
            let advice = "check the ID, and that KOOHOOK_STORE names the store that serves it";
            return Err(format!("instance {id} is unknown here: {advice}").into());
        }
        Ok(slot)
    }

    fn read(&self, key: String) -> Result<Slot, Failure> {
        self.session.runtime.block_on(self.repository().read_key(key))
    }

    fn agenda(&self) -> Result<Vec<String>, CommandError> {
        let mut keys = BTreeSet::new();
        for queue in [Queue::Dead, Queue::Due] {
            let span = UnixMillis::EPOCH..=UnixMillis::MAX;
            let agenda = self.session.world.store().agenda(queue, span, MAX_ENTITIES);
            let agenda = self.session.runtime.block_on(agenda);
            let entries = agenda.map_err(|fault| advised(fault.into()))?;
            if entries.len() == MAX_ENTITIES {
                errln!("koohook: the agenda is longer than {MAX_ENTITIES}; this is its beginning");
            }
            // Parts of lists are on the agenda too, and hold no notice.
            let entities = entries.into_iter().map(|entry| entry.key);
            keys.extend(entities.filter(|key| !store_keys::is_part(key)));
        }
        Ok(keys.into_iter().collect())
    }

    /// A replayed notice must be queued for the relay, so the reader is a product.
    fn repository(&self) -> Repository<'_, MachineWorld<AnyStore>> {
        self.session.repository(Reader::Product)
    }
}

impl NoticeFilter {
    fn matches(&self, line: &NoticeLine<'_>) -> bool {
        self.state.is_none_or(|state| state == line.state)
            && self.since.is_none_or(|since| since <= line.since)
    }
}

/// Lists, shows or replays.
pub fn run(arguments: &NoticesArguments) -> Result<ExitCode, CommandError> {
    let config = settings()?;
    config.store.must_exist()?;
    let writes = matches!(arguments.command, NoticesCommand::Replay(_));
    let session = Session::open(config, async |config| {
        let opened = if writes { open_to_write(config).await } else { open_to_read(config).await };
        Ok(opened?)
    })?;
    let store = NoticeStore { session };
    match &arguments.command {
        NoticesCommand::List(filter) => store.list(filter),
        NoticesCommand::Show(filter) => store.show(filter),
        NoticesCommand::Replay(filter) => store.replay(filter),
    }
}

/// How many entities are read; if the agenda is longer, a warning says so.
const MAX_ENTITIES: usize = 10_000;
