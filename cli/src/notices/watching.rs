//! Waits until the relay has made the next attempt, and prints its outcome.

use std::time::Duration;

use domain::outbox::{Attempt, DeliveryState, EndKind, Outbox};
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use shell::world::World;

use super::notice_line::NoticeLine;
use super::notice_state::NoticeState;
use super::notice_store::NoticeStore;
use super::results::{Results, result_row};
use super::selection::SelectedEntity;
use crate::error::CommandError;
use crate::output::{self, errln};
use crate::read_failures::ReadFailures;

/// The entities whose next attempt is awaited.
#[derive(Default)]
pub struct OutcomeWatch {
    entities: Vec<WatchedEntity>,
    /// Whether a notice was not delivered.
    has_undelivered: bool,
}

struct WatchedEntity {
    key: String,
    lines: Vec<NoticeLine>,
    /// The last attempt before the operator acted.
    last: Option<Attempt>,
}

impl OutcomeWatch {
    /// Adds the notices of an entity that the relay will send.
    pub fn add(&mut self, target: &SelectedEntity, record: &EntityRecord, sequences: Vec<u64>) {
        let is_watched =
            |line: &&NoticeLine| line.sequence.is_some_and(|it| sequences.contains(&it));
        let lines: Vec<_> = target.lines.iter().filter(is_watched).cloned().collect();
        // The relay may have delivered a notice since it was selected.
        let is_delivered = |line: &NoticeLine| ended(&record.outbox, line.sequence).0;
        let left = target.lines.iter().filter(|line| !is_watched(line));
        self.has_undelivered |= !left.into_iter().all(is_delivered);
        if !lines.is_empty() {
            let last = last_attempt(&record.outbox).cloned();
            self.entities.push(WatchedEntity { key: target.key.clone(), lines, last });
        }
    }

    /// Waits until each entity had its next attempt, at most for the span, and prints the outcomes.
    /// Returns whether the product accepted every notice, or `true` if the span is zero.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn run(
        mut self,
        store: &NoticeStore,
        span: Duration,
        table: &mut Results,
        failures: &mut ReadFailures,
    ) -> Result<bool, CommandError> {
        if !self.entities.is_empty() && !output::is_closed() {
            errln!("koohook: {RELAY}");
        }
        if span.is_zero() {
            return Ok(true);
        }
        let world = &store.session.world;
        let end = world.elapsed().saturating_add(span);
        while !self.entities.is_empty() && !output::is_closed() {
            let is_last = world.elapsed() >= end;
            self.look(store, is_last, table, failures)?;
            if is_last {
                break;
            }
            store.session.runtime.block_on(world.pause(INTERVAL));
        }
        Ok(!self.has_undelivered)
    }

    /// Reads every entity once, and prints those that had their attempt; all of them if the time is
    /// up.
    fn look(
        &mut self,
        store: &NoticeStore,
        is_last: bool,
        table: &mut Results,
        failures: &mut ReadFailures,
    ) -> Result<(), CommandError> {
        let keys: Vec<_> = self.entities.iter().map(|entity| entity.key.clone()).collect();
        let slots = store.read_all(&keys);
        for (entity, slot) in std::mem::take(&mut self.entities).into_iter().zip(slots) {
            let Some(slot) = failures.keep(&store.session, slot)? else { continue };
            let Some(record) = slot.record() else { continue };
            if !is_last && !entity.is_settled(&record.outbox) {
                self.entities.push(entity);
                continue;
            }
            let outcomes = entity.outcomes(record, store.session.world.now());
            self.has_undelivered |= outcomes.iter().any(|(is_delivered, _)| !is_delivered);
            table.print(&outcomes.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
        }
        Ok(())
    }
}

impl WatchedEntity {
    /// Whether every notice ended, or an attempt failed since the operator acted.
    fn is_settled(&self, outbox: &Outbox) -> bool {
        let is_over = |line: &NoticeLine| {
            outbox.waiting.iter().all(|notice| Some(notice.sequence()) != line.sequence)
        };
        let has_failed = last_attempt(outbox).is_some_and(|last| Some(last) != self.last.as_ref());
        self.lines.iter().all(is_over) || has_failed
    }

    /// For each notice, whether the product accepted it, and its row.
    fn outcomes(&self, record: &EntityRecord, now: UnixMillis) -> Vec<(bool, [String; 5])> {
        let current = NoticeLine::all(&self.key, record, now);
        let outcome = |line: &NoticeLine| {
            let kept = current.iter().find(|it| it.sequence == line.sequence);
            let (is_delivered, text) = match kept {
                Some(kept) => (false, kept_text(kept, now)),
                None => ended(&record.outbox, line.sequence),
            };
            (is_delivered, result_row(line, &text))
        };
        self.lines.iter().map(outcome).collect()
    }
}

/// The last attempt that failed, if no attempt is running.
fn last_attempt(outbox: &Outbox) -> Option<&Attempt> {
    let DeliveryState { attempts, .. } =
        outbox.delivery.as_ref().filter(|delivery| delivery.claimed.is_none())?;
    attempts.last()
}

fn kept_text(line: &NoticeLine, now: UnixMillis) -> String {
    match line.state {
        NoticeState::Dead => line.why(now),
        NoticeState::Waiting | NoticeState::AccessData => {
            format!("not accepted: {}", line.why(now))
        }
    }
}

/// Whether the product accepted a notice that is no longer in the outbox, and how it ended.
pub fn ended(outbox: &Outbox, sequence: Option<u64>) -> (bool, String) {
    let end = outbox.ends.iter().rev().find(|end| Some(end.sequence) == sequence);
    match end.map(|end| (end.how, end.attempts)) {
        Some((EndKind::Delivered, attempts)) => {
            (true, format!("delivered with attempt {attempts}"))
        }
        Some((EndKind::Dropped, _)) => {
            (false, "dropped: a later change made it useless".to_owned())
        }
        Some((EndKind::GivenUp, attempts)) => (false, format!("given up after attempt {attempts}")),
        None => (false, "no longer waits".to_owned()),
    }
}

const RELAY: &str = "the relay sends them: koohook serve within a second, a timer at its next run";
/// How often the records are read.
const INTERVAL: Duration = Duration::from_millis(500);
