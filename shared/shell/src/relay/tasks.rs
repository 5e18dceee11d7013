//! The tasks of one run of the relay: entities whose notices are due, and unused parts to sweep.
//! Deliveries have priority. An entity's turn is a few notices. At most one sweep runs at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::kit_list::PartName;
use domain::store_keys::part_owner;

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
    /// Read up to this many entries of the agenda.
    ReadAgenda(usize),
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
    /// The entity is left for another run.
    Left {
        /// Its key.
        key: String,
        /// Whether its record names unused parts.
        has_unused: bool,
    },
    /// The entries that were read from the agenda.
    AgendaRead(Vec<Entry>),
    /// A batch was swept. Contains the list's key if its record names more unused parts.
    Swept(Option<String>),
}

/// How many tasks run concurrently.
const AT_ONCE: usize = 16;
/// How many new entries one read of the agenda can return.
pub(super) const MAX_ENTRIES: usize = 256;
/// How many parts one run sweeps.
const MAX_SWEPT: usize = 2_048;

impl Tasks {
    pub fn new() -> Self {
        Self { sweeps_left: MAX_SWEPT, ..Self::default() }
    }

    /// How many entries of the agenda to read. The agenda first contains the entries that are
    /// already known.
    pub fn entries_to_read(&self) -> usize {
        self.known.len().saturating_add(MAX_ENTRIES)
    }

    /// A task that reads the agenda. `None` if such a task runs already, or enough entities wait.
    pub fn next_agenda_read(&mut self) -> Option<Task> {
        if self.due.len() >= MAX_ENTRIES || std::mem::replace(&mut self.is_reading_agenda, true) {
            return None;
        }
        self.under_way += 1;
        Some(Task::ReadAgenda(self.entries_to_read()))
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

    /// The next task: a delivery if `may_deliver`, or a sweep. Without `may_sweep`, a sweep is
    /// returned only if no entity waits.
    pub fn next(&mut self, may_deliver: bool, may_sweep: bool) -> Option<Task> {
        let has_place = may_deliver && self.under_way < AT_ONCE;
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

    /// Records how a task ended.
    pub fn record(&mut self, outcome: TaskOutcome) {
        self.under_way = self.under_way.saturating_sub(1);
        match outcome {
            TaskOutcome::HasMore(key) => self.due.push_back(key),
            TaskOutcome::Busy(key) => return self.busy.push_back(key),
            TaskOutcome::Changed { key, has_unused } => {
                self.known.remove(&key);
                self.add_list(key, has_unused);
            }
            TaskOutcome::Left { key, has_unused } => self.add_list(key, has_unused),
            TaskOutcome::AgendaRead(entries) => {
                self.is_reading_agenda = false;
                self.add(entries);
            }
            TaskOutcome::Swept(list) => {
                self.is_sweeping = false;
                self.lists.extend(list);
            }
        }
        self.retry_busy();
    }

    fn add_list(&mut self, key: String, has_unused: bool) {
        if has_unused && !self.lists.contains(&key) {
            self.lists.push_back(key);
        }
    }

    /// Whether entities wait.
    pub fn has_waiting(&self) -> bool {
        !self.due.is_empty() || !self.busy.is_empty()
    }

    /// Moves busy entities back to the queue, as many as the order query serves concurrently.
    /// Returns whether there were any.
    pub fn retry_busy(&mut self) -> bool {
        let some = self.busy.len().min(order_lookup::AT_ONCE);
        self.due.extend(self.busy.drain(..some));
        some > 0
    }
}
