//! Reads the agenda for a run: entities that are due, parts whose waiting time has passed, and
//! entries that a wrong clock wrote.

use std::ops::RangeInclusive;

use domain::record::FARTHEST;
use futures_util::future;
use protocol::time::UnixMillis;

use super::tasks::{MAX_ENTRIES, Tasks};
use super::{READ_INTERVAL, RELAY_ADVICE, Relay};
use crate::failure::Failure;
use crate::store::{Entry, Queue, Store};
use crate::world::World;

/// How many entries to read that are further in the future than any entry should be.
const MAX_FAR_ENTRIES: usize = 64;

impl<W: World> Relay<'_, W> {
    /// Adds the due entities to the tasks. Returns whether one of them is new to this run.
    pub(super) async fn read_agenda(&self, tasks: &mut Tasks) -> Result<bool, Failure> {
        let entries = self.due_entries(tasks.entries_to_read()).await?;
        Ok(tasks.add(entries))
    }

    /// The entries of entities that are due and usable.
    pub(super) async fn due_entries(&self, limit: usize) -> Result<Vec<Entry>, Failure> {
        let (now, elapsed) = (self.context.world.now(), self.context.world.elapsed());
        let (from, more) = self.context.unusable().read_span(now, elapsed);
        let limit = limit.saturating_add(more);
        let entries = self.entries(Queue::Due, from..=now, limit).await?;
        let is_all = entries.len() < limit;
        Ok(self.context.unusable().usable(entries, &(from..=now), is_all, elapsed))
    }

    /// The entries of parts whose waiting time has passed, and entries so far in the future that a
    /// wrong clock must have written them. Otherwise these entries would wait until that wrong
    /// time.
    pub(super) async fn read_rare_agendas(&self) -> Vec<Entry> {
        if !self.context.may_read_rare_agendas() {
            return Vec::new();
        }
        let now = self.context.world.now();
        let ahead = now.after(FARTHEST).after(READ_INTERVAL)..=UnixMillis::MAX;
        let far = MAX_FAR_ENTRIES.saturating_add(self.context.unusable().len());
        let entries = future::join_all([
            self.entries(Queue::Sweep, UnixMillis::EPOCH..=now, MAX_ENTRIES),
            self.entries(Queue::Sweep, ahead.clone(), MAX_FAR_ENTRIES),
            self.entries(Queue::Due, ahead, far),
        ]);
        let entries = entries.await.into_iter().map(|read| {
            read.unwrap_or_else(|fault| {
                tracing::warn!(fault = %fault, advice = RELAY_ADVICE, "agenda cannot be read");
                Vec::new()
            })
        });
        let mut entries: Vec<_> = entries.flatten().collect();
        self.context.unusable().remove_skipped(&mut entries, self.context.world.elapsed());
        if entries.len() >= MAX_ENTRIES {
            self.context.read_rare_agendas_again();
        }
        entries
    }

    async fn entries(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Failure> {
        let world = &self.context.world;
        let agenda = world.store().agenda(queue, span, limit);
        let left = self.deadline.left(world);
        Ok(world.within(left, agenda).await.ok_or(Failure::OutOfTime)??)
    }
}
