//! The tasks of one run of the relay: entities whose notices are due, and unused parts to sweep.
//! Deliveries have priority. An entity's turn is a few notices. At most one sweep runs at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::kit_list::PartName;
use domain::store_keys::part_owner;
use protocol::time::UnixMillis;

use super::agenda_place::{AgendaFound, AgendaPlace, AgendaRead};
use crate::order_lookup;
use crate::store::Entry;
use crate::unused_parts::BATCH;

/// The tasks of a run.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// Entities that are due, the earliest first.
    due: VecDeque<String>,
    /// Entities that wait for a turn of the order query.
    busy: VecDeque<String>,
    /// Lists whose records name unused parts.
    lists: VecDeque<String>,
    /// Parts whose waiting time has passed, grouped by the list that may refer to them.
    parts: BTreeMap<String, BTreeSet<PartName>>,
    /// Entities that wait, are being worked on, or are left for another run.
    known: BTreeSet<String>,
    /// How far the agenda was read.
    pub agenda: AgendaPlace,
    /// How many parts this run may still sweep.
    sweeps_left: usize,
    /// How many tasks are running.
    under_way: usize,
    is_sweeping: bool,
    is_reading_agenda: bool,
}

/// One task.
#[derive(Debug)]
pub(super) enum Task {
    /// Deliver a few notices of an entity.
    Deliver(String),
    /// Read on in the agenda.
    ReadAgenda(AgendaRead),
    /// Delete a batch of the unused parts of a list.
    SweepList(String),
    /// Check a batch of parts of a list: keep the parts to which it refers, and delete the others.
    SweepParts(String, BTreeSet<PartName>),
}

impl Task {
    /// The key of the task's entity, if it has one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Deliver(key) | Self::SweepList(key) | Self::SweepParts(key, _) => Some(key),
            Self::ReadAgenda(_) => None,
        }
    }
}

/// How a task ended.
#[derive(Debug)]
pub(super) enum TaskOutcome {
    /// The entity has more notices. It waits until the other entities had their turns.
    HasMore(String),
    /// The entity waits for a turn of the order query.
    Busy(String),
    /// The entity was changed; it may become due again in this run.
    Changed {
        /// Its key.
        key: String,
        /// Whether its record names unused parts.
        has_unused: bool,
    },
    /// There was nothing to do: another relay was faster, or the agenda's entry was wrong. The entity
    /// is left for another run.
    Left {
        /// Its key.
        key: String,
        /// Whether its record names unused parts.
        has_unused: bool,
    },
    /// The task failed. The entity is left for another run.
    Failed(String),
    /// What was read from the agenda.
    AgendaRead(AgendaFound),
    /// A batch was swept. Contains the list's key if its record names more unused parts.
    Swept(Option<String>),
}

/// If fewer entities wait, the run reads on in the agenda.
const REFILL: usize = 512;
/// How many entities may wait for a turn of the order query. Further ones are left for another run:
/// they must not keep the others from their turns.
const MAX_BUSY: usize = 4_096;
/// How many entities a run remembers. If it has seen more, it may try some of them again.
const MAX_KNOWN: usize = 65_536;
/// How many lists may wait to be swept.
const MAX_LISTS: usize = 1_024;
/// How many parts one run sweeps.
const MAX_SWEPT: usize = 2_048;

impl Tasks {
    pub fn new() -> Self {
        Self { sweeps_left: MAX_SWEPT, ..Self::default() }
    }

    /// A task that reads on in the agenda. `None` if such a task runs already, or enough entities
    /// wait. After the end of the agenda, it is read again only if `is_time`.
    pub fn next_agenda_read(&mut self, is_time: bool) -> Option<Task> {
        let is_wanted = self.due.len() < REFILL && (is_time || self.agenda.has_more());
        if self.is_reading_agenda || !is_wanted {
            return None;
        }
        self.is_reading_agenda = true;
        self.under_way += 1;
        Some(Task::ReadAgenda(self.agenda.next_read()))
    }

    /// Adds what was read from the agenda. Returns whether an entity is new.
    pub fn add_found(&mut self, mut found: AgendaFound) -> bool {
        self.agenda.note(&found);
        self.agenda.order(&mut found.entries);
        self.add(found.entries)
    }

    /// Goes on at a random place of the agenda, if another relay is faster here. The entities that
    /// wait stay on the agenda.
    pub fn jump(&mut self, chance: u16, now: UnixMillis) {
        for key in self.due.drain(..) {
            self.known.remove(&key);
        }
        self.agenda.jump(chance, now);
    }

    /// Adds entries of an agenda: entities to deliver, and parts to sweep. Returns whether an
    /// entity is new.
    pub fn add(&mut self, entries: Vec<Entry>) -> bool {
        let mut any = false;
        for Entry { key, .. } in entries {
            if let Some((name, owner)) = part_owner(&key) {
                self.parts.entry(owner.to_owned()).or_default().insert(name);
            } else if self.known.insert(key.clone()) {
                self.due.push_back(key);
                any = true;
            }
        }
        any
    }

    /// The next task: a delivery if fewer than `most` tasks run, or a sweep. Without `may_sweep`, a
    /// sweep is returned only if no entity waits.
    pub fn next(&mut self, most: usize, may_sweep: bool) -> Option<Task> {
        let has_place = self.under_way < most;
        let entity = if has_place { self.due.pop_front() } else { None };
        let task = entity.map(Task::Deliver).or_else(|| self.next_sweep(may_sweep))?;
        self.is_sweeping |= !matches!(task, Task::Deliver(_));
        self.under_way += 1;
        Some(task)
    }

    fn next_sweep(&mut self, may_sweep: bool) -> Option<Task> {
        if self.is_sweeping || self.sweeps_left == 0 || !(may_sweep || self.due.is_empty()) {
            return None;
        }
        self.sweeps_left = self.sweeps_left.saturating_sub(BATCH);
        if let Some(list) = self.lists.pop_front() {
            return Some(Task::SweepList(list));
        }
        let (owner, mut names) = self.parts.pop_first()?;
        let batch: BTreeSet<_> = names.iter().take(BATCH).copied().collect();
        names.retain(|name| !batch.contains(name));
        if !names.is_empty() {
            self.parts.insert(owner.clone(), names);
        }
        Some(Task::SweepParts(owner, batch))
    }

    /// Records how a task ended. Returns whether to go on somewhere else in the agenda, because
    /// another relay is faster here.
    pub fn record(&mut self, outcome: TaskOutcome) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        let is_faster = self.note_race(&outcome);
        match outcome {
            TaskOutcome::HasMore(key) => self.due.push_back(key),
            TaskOutcome::Busy(key) => {
                self.add_busy(key);
                return false;
            }
            TaskOutcome::Changed { key, has_unused } => {
                self.known.remove(&key);
                self.add_list(key, has_unused);
            }
            TaskOutcome::Left { key, has_unused } => {
                self.leave(&key);
                self.add_list(key, has_unused);
            }
            TaskOutcome::Failed(key) => self.leave(&key),
            TaskOutcome::AgendaRead(found) => {
                self.is_reading_agenda = false;
                self.add_found(found);
            }
            TaskOutcome::Swept(list) => {
                self.is_sweeping = false;
                self.lists.extend(list);
            }
        }
        self.retry_busy();
        is_faster && !self.is_reading_agenda
    }

    fn note_race(&mut self, outcome: &TaskOutcome) -> bool {
        match outcome {
            TaskOutcome::HasMore(_) | TaskOutcome::Changed { .. } => self.agenda.note_race(true),
            TaskOutcome::Left { .. } => self.agenda.note_race(false),
            TaskOutcome::Busy(_)
            | TaskOutcome::Failed(_)
            | TaskOutcome::AgendaRead(_)
            | TaskOutcome::Swept(_) => false,
        }
    }

    fn add_busy(&mut self, key: String) {
        if self.busy.len() < MAX_BUSY {
            self.busy.push_back(key);
        } else {
            self.leave(&key);
        }
    }

    /// Leaves an entity for another run.
    fn leave(&mut self, key: &str) {
        if self.known.len() > MAX_KNOWN {
            self.known.remove(key);
        }
    }

    fn add_list(&mut self, key: String, has_unused: bool) {
        if has_unused && self.lists.len() < MAX_LISTS && !self.lists.contains(&key) {
            self.lists.push_back(key);
        }
    }

    /// Whether entities wait, or may follow on the agenda.
    pub fn has_waiting(&self) -> bool {
        !self.due.is_empty() || !self.busy.is_empty() || self.agenda.has_more()
    }

    /// Moves busy entities back to the queue, as many as the order query serves concurrently.
    /// Returns whether there were any.
    pub fn retry_busy(&mut self) -> bool {
        let some = self.busy.len().min(order_lookup::AT_ONCE);
        self.due.extend(self.busy.drain(..some));
        some > 0
    }
}
