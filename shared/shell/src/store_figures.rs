//! What waits in the store, in figures. Only the relay reads them, at most once in each minute, and only
//! if metrics or alarms need them.
//!
//! They come from the agendas and the catalogue alone. Both are hints, and no record is read: an entity
//! that has dead letters and is also due counts only as waiting, and a purchase counts from its last
//! change.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::catalogue::CatalogueList;
use domain::store_keys::is_part;
use futures_util::future::try_join4;
use protocol::time::UnixMillis;

use crate::failure::Failure;
use crate::store::{CatalogueItem, Entry, Queue, Store};
use crate::world::World;

/// What waits in the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StoreFigures {
    /// When it was read.
    pub read_at: UnixMillis,
    /// Entities with work for the relay that is due; since when the oldest is due.
    pub due: Backlog,
    /// Entities with work for the relay, due or not: paused notices and pending purchases included. It
    /// has no oldest.
    pub waiting: Backlog,
    /// Entities with dead letters; when the oldest was given up.
    pub dead: Backlog,
    /// Purchases that wait for access data; when the oldest last changed.
    pub pending: Backlog,
    /// Instances whose usage is to be sent within an hour; since when the oldest is due, or when the
    /// oldest window ended that the relay could not send.
    pub usage: Backlog,
}

/// How many things wait, and since when the oldest waits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Backlog {
    /// How many wait, counted to [`MOST_COUNTED`].
    pub count: usize,
    /// Whether these are all.
    pub is_all: bool,
    /// Since when the oldest of them waits. If they are not all, it may be older.
    pub oldest: Option<UnixMillis>,
}

/// The figures that this process has read last.
#[derive(Debug, Default)]
pub struct LatestFigures(Mutex<ReadFigures>);

#[derive(Clone, Copy, Debug, Default)]
struct ReadFigures {
    /// The minute of the clock in which the figures were last read, or tried.
    minute: Option<u64>,
    figures: Option<StoreFigures>,
    unsent: Option<UnsentUsage>,
}

/// Usage that a run of the relay could not send.
#[derive(Clone, Copy, Debug)]
struct UnsentUsage {
    /// When the oldest window ended.
    end: UnixMillis,
    /// When the run ended.
    noted: UnixMillis,
}

/// The most entries that are counted.
pub const MOST_COUNTED: usize = 10_000;
/// The relay sends usage again within some six minutes, and would note it again then.
const NOTED_FOR: Duration = Duration::from_mins(10);
/// New usage is sent at the next full hour, and waits on the agenda until then. Later entries are for
/// the deletion of old windows.
const USAGE_AHEAD: Duration = Duration::from_hours(1);

impl StoreFigures {
    /// Reads the figures within a limit.
    ///
    /// # Errors
    /// If the store does not answer in time.
    pub async fn read(world: &impl World, limit: Duration) -> Result<Self, Failure> {
        let (store, now) = (world.store(), world.now());
        let reads = try_join4(
            store.agenda(Queue::Due, UnixMillis::EPOCH..=UnixMillis::MAX, MOST_COUNTED),
            store.agenda(Queue::Dead, UnixMillis::EPOCH..=UnixMillis::MAX, MOST_COUNTED),
            store.catalogue(CatalogueList::PendingInstances, None, MOST_COUNTED),
            store.agenda(Queue::Usage, UnixMillis::EPOCH..=now.after(USAGE_AHEAD), MOST_COUNTED),
        );
        let (work, dead, pending, usage) =
            world.within(limit, reads).await.ok_or(Failure::OutOfTime)??;
        let is_all = work.len() < MOST_COUNTED;
        let work: Vec<_> = work.into_iter().filter(|entry| !is_part(&entry.key)).collect();
        let waiting = Backlog { count: work.len(), is_all, oldest: None };
        Ok(Self {
            read_at: now,
            due: due(&work, is_all, now),
            waiting,
            dead: Backlog::of_agenda(&dead),
            pending: Backlog::of_catalogue(&pending),
            usage: Backlog::of_agenda(&usage),
        })
    }
}

impl Backlog {
    fn of_agenda(entries: &[Entry]) -> Self {
        let (count, oldest) = (entries.len(), entries.first().map(|entry| entry.at));
        Self { count, is_all: count < MOST_COUNTED, oldest }
    }

    /// A list of the catalogue begins with its newest entry.
    fn of_catalogue(items: &[CatalogueItem]) -> Self {
        let (count, oldest) = (items.len(), items.last().map(|item| item.changed));
        Self { count, is_all: count < MOST_COUNTED, oldest }
    }

    /// How long the oldest has waited; zero if none waits, or the oldest is not due yet.
    pub fn age(self, now: UnixMillis) -> Duration {
        self.oldest.map(|oldest| now.since(oldest)).unwrap_or_default()
    }
}

impl LatestFigures {
    /// The figures that were read last; `None` before the first.
    pub fn get(&self, now: UnixMillis) -> Option<StoreFigures> {
        let ReadFigures { figures, unsent, .. } = *self.lock();
        let unsent = unsent.filter(|it| now.since(it.noted) <= NOTED_FOR).map(|it| it.end);
        let mut figures = figures?;
        figures.usage.oldest = figures.usage.oldest.into_iter().chain(unsent).min();
        Some(figures)
    }

    /// Notes when the oldest window ended that a run took and could not send; `None` if it sent all.
    pub fn note_unsent(&self, end: Option<UnixMillis>, now: UnixMillis) {
        self.lock().unsent = end.map(|end| UnsentUsage { end, noted: now });
    }

    /// Whether to read them now: once in each minute of the clock, since each read costs money.
    pub fn may_read(&self, now: UnixMillis) -> bool {
        let minute = Some(now.millis() / 60_000);
        std::mem::replace(&mut self.lock().minute, minute) != minute
    }

    /// Remembers figures.
    pub fn set(&self, figures: StoreFigures) {
        self.lock().figures = Some(figures);
    }

    fn lock(&self) -> MutexGuard<'_, ReadFigures> {
        // Each statement leaves the value consistent, so that a panic under the lock does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entries, the earliest first, that are due.
fn due(work: &[Entry], is_all: bool, now: UnixMillis) -> Backlog {
    let count = work.partition_point(|entry| entry.at <= now);
    let oldest = work.first().filter(|_| count > 0).map(|entry| entry.at);
    Backlog { count, is_all: is_all || count < work.len(), oldest }
}
