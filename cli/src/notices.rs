//! `koohook notices`: lists the notices that the product has not accepted, and sends given-up ones again.

mod line;
pub mod read_failures;

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

use self::line::{NoticeLine, lines, owner};
use self::read_failures::ReadFailures;
use crate::error::CommandError;
use crate::output::{self, errln, outln};
use crate::session::{Session, settings};
use crate::time_text::parse_since;

/// Arguments of `koohook notices`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook notices list                              waiting notices and dead letters
  koohook notices list --state dead --since 2026-11-01
  koohook notices list --since 2026-11-26T08:00:00+08:00
  koohook notices show --instance 3c1d…             whole notices of one instance
  koohook notices replay --instance 3c1d…           send the dead letters of one instance again
  koohook notices replay --since 2026-11-20         send all dead letters since that day again

Set KOOHOOK_STORE to the store [default: sqlite:koohook.db], and KOOHOOK_SEAL_KEY to its key.

replay only marks the notices; the relay sends them. A replayed notice keeps its id and its sequence
number, so the product recognises a notice that it accepted before. If the product has applied
a later notice of the instance, it skips the replayed one. Check the product then.

The last line of list is the count. show prints one JSON array, and nothing else, on the standard
output. The log, warnings and hints go to the standard error. The exit code is 1 if the store cannot be
opened, a value has another seal key, or the instance is unknown.")]
pub struct NoticesArguments {
    #[command(subcommand)]
    command: NoticesCommand,
}

#[derive(Subcommand)]
enum NoticesCommand {
    /// List notices that the product has not accepted: time, instance, sequence, type and state.
    #[command(after_help = "Examples:
  koohook notices list
  koohook notices list --state dead --since 2026-11-01")]
    List(NoticeFilter),
    /// Print whole notices with their last 8 attempts, as JSON. They contain the buyers' data.
    #[command(after_help = "Examples:
  koohook notices show --instance 3c1d…
  koohook notices show --state dead >dead.json")]
    Show(NoticeFilter),
    /// Send dead letters again. Each keeps its id.
    #[command(mut_arg("state", |arg| arg.help(REPLAY_STATE).hide_possible_values(true)))]
    #[command(after_help = "Examples:
  koohook notices replay --instance 3c1d…
  koohook notices replay --since 2026-11-20")]
    Replay(NoticeFilter),
}

/// The options that select notices.
#[derive(Args)]
struct NoticeFilter {
    /// Only notices of this instance [default: all instances].
    #[arg(long)]
    instance: Option<String>,
    /// Only notices in this state [default: both states].
    #[arg(long, value_enum)]
    state: Option<NoticeState>,
    /// Only notices since this time, like 2026-11-01 (UTC) or 2026-11-01T16:00:00+08:00. The time of a
    /// waiting notice is the time of its change. The time of a dead letter is the time when it was
    /// given up.
    #[arg(long, value_parser = parse_since)]
    since: Option<UnixMillis>,
}

/// The state of a notice.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub enum NoticeState {
    /// The product has not accepted the notice, and the relay has not given it up. Without a product
    /// address koohook sends no notice. Most notices behind a dead instance.created wait for its replay.
    Waiting,
    /// The relay gave it up after 72 hours and 20 attempts, or after the answer 410 Gone.
    Dead,
}

/// The open store that contains the notices.
struct NoticeStore {
    session: Session,
}

impl NoticeStore {
    fn list(&self, filter: &NoticeFilter) -> Result<ExitCode, CommandError> {
        let mut count = 0;
        let mut failures = ReadFailures::default();
        for slot in self.entities(filter)? {
            let Some(slot) = failures.keep(&self.session, slot)? else { continue };
            let owner = owner(&slot);
            for line in lines(&slot, &owner).filter(|line| filter.matches(line)) {
                count += 1;
                outln!("{}", line.text(self.session.world.now()));
            }
            if output::is_closed() {
                return Ok(ExitCode::SUCCESS);
            }
        }
        outln!("{count} notices");
        if count == 0 && filter.instance.is_none() {
            errln!(
                "koohook: if koohook has no product address, notices are only listed with --instance ID"
            );
        }
        failures.end()
    }

    fn show(&self, filter: &NoticeFilter) -> Result<ExitCode, CommandError> {
        let mut shown = Vec::new();
        let mut failures = ReadFailures::default();
        for slot in self.entities(filter)? {
            let Some(slot) = failures.keep(&self.session, slot)? else { continue };
            let owner = owner(&slot);
            let lines = lines(&slot, &owner).filter(|line| filter.matches(line));
            shown.extend(lines.map(|line| line.json(&slot.key)));
        }
        outln!("{}", serde_json::to_string_pretty(&shown)?);
        failures.end()
    }

    fn replay(&self, filter: &NoticeFilter) -> Result<ExitCode, CommandError> {
        if filter.state == Some(NoticeState::Waiting) {
            return Err("waiting notices are sent without a replay; leave --state out, or write --state dead".into());
        }
        let mut count = 0;
        let mut failures = ReadFailures::default();
        let mut stopped = None;
        for slot in self.entities(filter)? {
            let replayed = slot.and_then(|slot| self.replay_one(slot, filter));
            match failures.keep(&self.session, replayed) {
                Ok(replayed) => count += replayed.unwrap_or_default(),
                Err(fault) => {
                    stopped = Some(fault);
                    break;
                }
            }
        }
        outln!("{count} notices will be sent again");
        stopped.map_or_else(|| failures.end(), Err)
    }

    fn replay_one(&self, slot: Slot, filter: &NoticeFilter) -> Result<usize, Failure> {
        let replay = |slot: &Slot| {
            let owner = owner(slot);
            let dead = lines(slot, &owner).filter(|line| line.state == NoticeState::Dead);
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

    /// The entities that have notices: one instance, or every entity on an agenda.
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

    /// One instance by its own ID, or by the ID that koohook derives from its purchase.
    fn instance(&self, id: &str) -> Result<Slot, CommandError> {
        let advised = |failure| self.session.advised(failure);
        let id = InstanceId::parse(id)
            .map_err(|fault| format!("--instance {fault}; give the ID of an instance"))?;
        let slot = self.read(Subject::Instance(id.clone()).key()).map_err(advised)?;
        let slot = match slot.record().map(|record| &record.entity) {
            Some(Entity::MovedTo(moved)) => {
                self.read(Subject::Instance(moved.clone()).key()).map_err(advised)?
            }
            _ => slot,
        };
        if slot.found.is_none() {
            let advice = "correct the ID, or set KOOHOOK_STORE to the store of this instance";
            return Err(format!("instance {id} is not in this store; {advice}").into());
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
            let entries = agenda.map_err(|fault| self.session.advised(fault.into()))?;
            if entries.len() == MAX_ENTITIES {
                errln!(
                    "koohook: more than {MAX_ENTITIES} entities have notices; only the first ones are read"
                );
            }
            // Parts of lists are also on the agenda, but have no notices.
            let entities = entries.into_iter().map(|entry| entry.key);
            keys.extend(entities.filter(|key| !store_keys::is_part(key)));
        }
        Ok(keys.into_iter().collect())
    }

    /// The repository. Its reader is a product, so that the relay finds a replayed notice.
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

/// Lists, shows or replays notices.
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

const REPLAY_STATE: &str = "Only notices in this state: dead [default: dead]. The relay sends waiting notices without a replay";

/// The most entities that are read. If there are more, a warning is printed.
const MAX_ENTITIES: usize = 10_000;
