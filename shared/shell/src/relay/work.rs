//! What one run of the relay has before it: entities to deliver for, lists to sweep, and what is
//! under way. Deliveries come first, each entity a few at a turn; sweeping has one place.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::directory::PartName;

use crate::orders;
use crate::repository::part_owner;
use crate::store::Entry;
use crate::sweep::BATCH;

/// What a run has before it.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Entities that are due, the earliest first.
    queue: VecDeque<String>,
    /// Entities that wait for a turn to ask what was ordered.
    busy: VecDeque<String>,
    /// Lists that mention unused parts.
    lists: VecDeque<String>,
    /// Parts that have rested, by the list that should refer to them.
    parts: BTreeMap<String, BTreeSet<PartName>>,
    /// Entities that wait, are under way, or are left for another run.
    known: BTreeSet<String>,
    /// How many parts a batch of this run may still work on.
    sweeps_left: usize,
    /// How much is under way, and whether a sweep is.
    pub under_way: usize,
    is_sweeping: bool,
    is_looking: bool,
}

/// One piece of work.
#[derive(Debug)]
pub(super) enum Piece {
    /// Deliver what an entity has to say, a few notices.
    Deliver(String),
    /// Read so much of what is due.
    Look(usize),
    /// Let go of unused parts of a list, a batch.
    SweepList(String),
    /// Look at parts of a list, a batch.
    SweepParts(String, BTreeSet<PartName>),
}

impl Piece {
    /// The entity that it is about, if it is about one.
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::Deliver(key) | Self::SweepList(key) | Self::SweepParts(key, _) => Some(key),
            Self::Look(_) => None,
        }
    }
}

/// What became of a piece.
#[derive(Debug)]
pub(super) enum Done {
    /// The entity has more to say, and had its turn.
    Again(String),
    /// The entity waits for a turn to ask.
    Busy(String),
    /// The entity was worked on; it may come up again in this run. It may mention unused parts.
    Finished(String, bool),
    /// The entity is left for another run; it may mention unused parts.
    Left(String, bool),
    /// This is due.
    Looked(Vec<Entry>),
    /// A batch was swept, of a list that has more.
    Swept(Option<String>),
}

/// How many entities are worked on at once.
const AT_ONCE: usize = 16;
/// How many agenda lines are read at once, beyond those that are known.
pub(super) const MAX_ENTRIES: usize = 256;
/// How many parts one run looks at.
const MAX_SWEPT: usize = 2_048;

impl Work {
    pub fn new() -> Self {
        Self { sweeps_left: MAX_SWEPT, ..Self::default() }
    }

    /// How many entries of the agenda to read: those that are known already come first.
    pub fn to_look_at(&self) -> usize {
        self.known.len().saturating_add(MAX_ENTRIES)
    }

    /// The next look, unless one is under way, or enough waits already.
    pub fn next_look(&mut self) -> Option<Piece> {
        if self.queue.len() >= MAX_ENTRIES || std::mem::replace(&mut self.is_looking, true) {
            return None;
        }
        self.under_way += 1;
        Some(Piece::Look(self.to_look_at()))
    }

    /// Takes what an agenda names; whether any of it is new. Parts are swept.
    pub fn take(&mut self, entries: Vec<Entry>) -> bool {
        let mut any = false;
        for Entry { key, .. } in entries {
            if let Some((name, owner)) = part_owner(&key) {
                self.parts.entry(owner.to_owned()).or_default().insert(name);
            } else if self.known.insert(key.clone()) {
                self.queue.push_back(key);
                any = true;
            }
        }
        any
    }

    /// The next piece: of deliveries if `may_deliver`, or of sweeps if `may_sweep`.
    pub fn next(&mut self, may_deliver: bool, may_sweep: bool) -> Option<Piece> {
        let has_place = may_deliver && self.under_way < AT_ONCE;
        let piece = if has_place { self.queue.pop_front() } else { None };
        let piece = piece.map(Piece::Deliver).or_else(|| self.next_sweep(may_sweep))?;
        self.is_sweeping |= !matches!(piece, Piece::Deliver(_));
        self.under_way += 1;
        Some(piece)
    }

    fn next_sweep(&mut self, may_sweep: bool) -> Option<Piece> {
        if self.is_sweeping || self.sweeps_left == 0 || !(may_sweep || self.queue.is_empty()) {
            return None;
        }
        self.sweeps_left = self.sweeps_left.saturating_sub(BATCH);
        if let Some(list) = self.lists.pop_front() {
            return Some(Piece::SweepList(list));
        }
        let (owner, mut names) = self.parts.pop_first()?;
        let batch: BTreeSet<_> = names.iter().take(BATCH).copied().collect();
        names.retain(|name| !batch.contains(name));
        if !names.is_empty() {
            self.parts.insert(owner.clone(), names);
        }
        Some(Piece::SweepParts(owner, batch))
    }

    /// Takes note of what became of a piece.
    pub fn note(&mut self, done: Done) {
        self.under_way = self.under_way.saturating_sub(1);
        match done {
            Done::Again(key) => self.queue.push_back(key),
            Done::Busy(key) => return self.busy.push_back(key),
            Done::Finished(key, unused) => {
                self.known.remove(&key);
                self.sweep(key, unused);
            }
            Done::Left(key, unused) => self.sweep(key, unused),
            Done::Looked(entries) => {
                self.is_looking = false;
                self.take(entries);
            }
            Done::Swept(list) => {
                self.is_sweeping = false;
                self.lists.extend(list);
            }
        }
        self.retry_busy();
    }

    fn sweep(&mut self, key: String, unused: bool) {
        if unused && !self.lists.contains(&key) {
            self.lists.push_back(key);
        }
    }

    /// Whether entities wait that could be worked on.
    pub fn has_queue(&self) -> bool {
        !self.queue.is_empty() || !self.busy.is_empty()
    }

    /// Lets as many as may have a turn to ask try again; whether there were any.
    pub fn retry_busy(&mut self) -> bool {
        let some = self.busy.len().min(orders::AT_ONCE);
        self.queue.extend(self.busy.drain(..some));
        some > 0
    }
}
