//! Reads the agenda for a run: entities that are due, parts whose waiting time has passed, and
//! entries that a wrong clock wrote.

use std::ops::RangeInclusive;

use domain::record::FARTHEST;
use futures_util::future;
use protocol::time::UnixMillis;

use super::agenda_place::{AgendaFound, AgendaRead};
use super::tasks::Tasks;
use super::{READ_INTERVAL, RELAY_ADVICE, Relay};
use crate::failure::Failure;
use crate::metrics::StoreStep;
use crate::store::{Entry, Queue, Store};
use crate::world::World;

/// How many entries of parts to read.
const MAX_PARTS: usize = 256;
/// How many entries to read that are further in the future than any entry should be.
const MAX_FAR_ENTRIES: usize = 64;

impl<W: World> Relay<'_, W> {
    /// Adds the due entities to the tasks. Returns whether one of them is new to this run. It reads
    /// on while it finds only entities that this run knows.
    pub(super) async fn read_agenda(&self, tasks: &mut Tasks) -> Result<bool, Failure> {
        loop {
            let found = self.due_entries(tasks.agenda.next_read()).await?;
            let is_new = tasks.add_found(found);
            if is_new || !tasks.agenda.has_more() || self.is_late() {
                return Ok(is_new);
            }
        }
    }

    /// The entries of entities that are due and usable.
    pub(super) async fn due_entries(&self, read: AgendaRead) -> Result<AgendaFound, Failure> {
        let (now, elapsed) = (self.context.world.now(), self.context.world.elapsed());
        let Some(from) = read.from else { return self.first_entries(read).await };
        let entries = self.entries(Queue::Due, from.min(now)..=now, read.limit).await?;
        Ok(AgendaFound::new(read, read.limit, entries, |mut entries| {
            self.context.unusable().remove_skipped(&mut entries, elapsed);
            entries
        }))
    }

    /// The same at the beginning of the agenda.
    async fn first_entries(&self, read: AgendaRead) -> Result<AgendaFound, Failure> {
        let (now, elapsed) = (self.context.world.now(), self.context.world.elapsed());
        let (from, more) = self.context.unusable().read_span(now, elapsed);
        let limit = read.limit.saturating_add(more);
        let entries = self.entries(Queue::Due, from..=now, limit).await?;
        let is_all = entries.len() < limit;
        Ok(AgendaFound::new(read, limit, entries, |entries| {
            self.context.unusable().usable(entries, &(from..=now), is_all, elapsed)
        }))
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
            self.entries(Queue::Sweep, UnixMillis::EPOCH..=now, MAX_PARTS),
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
        if entries.len() >= MAX_PARTS {
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
        let (left, began) = (self.deadline.left(world), world.elapsed());
        let read = world.within(left, agenda).await;
        let took = world.elapsed().saturating_sub(began);
        let has_failed = !matches!(read, Some(Ok(_)));
        self.context.metrics.store_took(StoreStep::Agenda, took, has_failed);
        Ok(read.ok_or(Failure::OutOfTime)??)
    }
}
