//! Reads which values of usage are due.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use protocol::time::UnixMillis;

use super::UsageRun;
use crate::failure::Failure;
use crate::store::{Entry, Queue, Store};
use crate::world::World;

/// The values that a run has read. The agenda may still contain them.
#[derive(Debug, Default)]
pub(super) struct UsageAgenda {
    seen: BTreeSet<String>,
    /// Values that stay due, and so stay at the beginning of the agenda.
    stuck: usize,
}

/// How many values a round takes.
const MAX_VALUES: usize = 1_000;
/// How many values to read that are further in the future than any value should be.
const MAX_FAR_VALUES: usize = 64;
/// The farthest time of a value: the deletion of the newest window.
const FARTHEST: Duration = Duration::from_hours(22 * 24);

impl UsageAgenda {
    /// Notes that the agenda still contains a value that was read.
    pub fn note_stuck(&mut self) {
        self.stuck += 1;
    }

    /// Lets the run read a value again.
    pub fn forget(&mut self, key: &str) {
        self.seen.remove(key);
    }

    fn new_keys(&mut self, entries: Vec<Entry>) -> Vec<String> {
        let keys = entries.into_iter().map(|entry| entry.key).take(MAX_VALUES);
        keys.filter(|key| self.seen.insert(key.clone())).collect()
    }
}

impl<W: World> UsageRun<'_, W> {
    /// The keys of the values that are due, and of values so far in the future that a wrong clock
    /// must have written them.
    pub(super) async fn first_entries(&mut self) -> Result<Vec<String>, Failure> {
        let ahead = self.context.world.now().after(FARTHEST)..=UnixMillis::MAX;
        let far = self.entries(ahead, MAX_FAR_VALUES).await?;
        let mut keys = self.more_entries().await?;
        keys.extend(self.agenda.new_keys(far));
        Ok(keys)
    }

    /// The keys of the values that are due, without those that this run has read.
    pub(super) async fn more_entries(&mut self) -> Result<Vec<String>, Failure> {
        let now = self.context.world.now();
        let limit = MAX_VALUES.saturating_add(self.agenda.stuck);
        let entries = self.entries(UnixMillis::EPOCH..=now, limit).await?;
        Ok(self.agenda.new_keys(entries))
    }

    async fn entries(
        &self,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Failure> {
        let (world, elapsed) = (&self.context.world, self.context.world.elapsed());
        let limit = limit.saturating_add(self.context.unusable().len());
        let agenda = world.store().agenda(Queue::Usage, span, limit);
        let left = self.limits.deadline.left(world);
        let mut entries = world.within(left, agenda).await.ok_or(Failure::OutOfTime)??;
        self.context.unusable().remove_skipped(&mut entries, elapsed);
        Ok(entries)
    }
}
