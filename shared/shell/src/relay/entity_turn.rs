//! One entity's turn in a run: changes that only depend on time are applied, and a few notices are
//! delivered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::alarm::AlarmKind;
use domain::outbox::RELAY_CLAIM;
use domain::record::EntityRecord;

use super::Relay;
use super::tasks::TaskOutcome;
use super::time_lines::TimeLines;
use crate::context::Product;
use crate::delivery::{Claimed, Delivery, DeliveryResult, NoticeOutcome, Offers};
use crate::failure::Failure;
use crate::order_lookup::AskLimits;
use crate::repository::{Repository, Slot, Written};
use crate::unused_parts::unused;
use crate::world::World;

/// How many notices of an entity are delivered before the other entities get their turns.
const NOTICES_A_TURN: usize = 4;

impl<W: World> Relay<'_, W> {
    /// Applies to an entity the changes that only depend on time, and delivers a few of its
    /// notices.
    pub(super) async fn turn<'d>(
        &'d self,
        repository: &Repository<'d, W>,
        key: &str,
    ) -> Result<TaskOutcome, Failure> {
        let slot = repository.read_key(key.to_owned()).await?;
        let Some((slot, changed)) = self.pass_time(repository, slot).await? else {
            return Ok(TaskOutcome::Left { key: key.to_owned(), has_unused: false });
        };
        match &self.context.settings.product {
            Some(product) => self.deliver(repository, product, slot, changed).await,
            None => Ok(end_turn(slot, changed)),
        }
    }

    /// Delivers a few notices. `changed` is whether this turn has changed the entity already.
    async fn deliver<'d>(
        &'d self,
        repository: &Repository<'d, W>,
        product: &'d Product,
        mut slot: Slot,
        mut changed: bool,
    ) -> Result<TaskOutcome, Failure> {
        let mut claimed: Option<Claimed> = None;
        for left in (0..NOTICES_A_TURN).rev() {
            // A claimed notice is always offered: without enough time, that ends the claim.
            if claimed.is_none() && (self.is_over() || !self.has_time()) {
                self.report().unfinished |= !self.is_down();
                return Ok(end_turn(slot, changed));
            }
            let delivery = self.delivery(repository, product);
            let offers = if left > 0 { Offers::Several } else { Offers::One };
            let result = match claimed.take() {
                Some(claimed) => delivery.offer(slot, &claimed, offers).await?,
                None => delivery.next(slot, offers).await?,
            };
            self.count(&result);
            changed |= result.outcome.is_offered();
            (slot, claimed) = (result.slot, result.next);
            match result.outcome {
                NoticeOutcome::Delivered | NoticeOutcome::GivenUp => (),
                NoticeOutcome::Paused => break,
                NoticeOutcome::Busy => return Ok(TaskOutcome::Busy(slot.key)),
                NoticeOutcome::Failed
                | NoticeOutcome::TimedOut
                | NoticeOutcome::NotReached
                | NoticeOutcome::NotOffered
                | NoticeOutcome::SettledBefore
                | NoticeOutcome::Unsettled => return Ok(end_turn(slot, changed)),
            }
        }
        Ok(TaskOutcome::HasMore(slot.key))
    }

    /// Writes the changes that only depend on time (decisions D11, D12). It also corrects a wrong
    /// agenda entry, which would make the relay read the entity in every run. Returns the record
    /// and whether it changed. Returns `None` if the record does not exist, or another write or another
    /// delivery was faster.
    async fn pass_time(
        &self,
        repository: &Repository<'_, W>,
        slot: Slot,
    ) -> Result<Option<(Slot, bool)>, Failure> {
        let Some(record) = slot.record() else { return Ok(None) };
        let (now, reader) = (self.context.world.now(), repository.reader);
        let is_due = |record: &EntityRecord| record.due(reader, now).is_some_and(|due| due <= now);
        if record.is_at_rest(reader, now) && is_due(record) {
            self.context.unknown_changes().remove(&slot.key);
            return Ok(Some((slot, false)));
        }
        let passed = record.clone().pass(reader, self.clock, now);
        if !passed.changed && is_due(&passed.record) {
            self.context.unknown_changes().remove(&slot.key);
            return Ok(Some((slot, false)));
        }
        if !passed.changed && passed.record.outbox.is_attempted(now) {
            // Another relay was faster. A write here would only delay its next write.
            return Ok(None);
        }
        let (lines, changed) = (TimeLines::new(&slot.key, &passed, now), passed.changed);
        let written = repository.write(&slot, passed.record).await;
        self.log_passed(&slot.key, &lines, &written);
        // The index may lag, so that this run may read the corrected entry once more.
        Ok(match written? {
            Written::Won(slot) => Some((slot, changed)),
            Written::Lost(_) => None,
        })
    }

    /// Logs and counts the changes that were written, or may have been written.
    fn log_passed(&self, key: &str, lines: &TimeLines, written: &Result<Written, Failure>) {
        let mut unknown = self.context.unknown_changes();
        match written {
            Ok(Written::Won(_)) => {
                unknown.remove(key);
                lines.write(false);
                self.note_passed(lines);
                lines.count(&self.context.metrics);
                let mut report = self.report();
                report.abandoned += usize::from(lines.abandoned);
                report.dead += usize::from(lines.gives_up());
            }
            Ok(Written::Lost(_)) => unknown.remove(key),
            Err(_) if unknown.add(key, lines.names()) => {
                lines.write(true);
                self.note_passed(lines);
            }
            Err(_) => (),
        }
    }

    /// Notes of what people are told.
    fn note_passed(&self, lines: &TimeLines) {
        if lines.abandoned {
            self.context.seen.fault(AlarmKind::PurchasesAbandoned, 1);
        }
        if lines.waits() {
            self.context.seen.fault(AlarmKind::PurchasesPending, 1);
        }
    }

    fn delivery<'d>(
        &'d self,
        repository: &Repository<'d, W>,
        product: &'d Product,
    ) -> Delivery<'d, W> {
        let Self { context, patience, clock, .. } = self;
        Delivery {
            context,
            product,
            repository: repository.clone(),
            patience: *patience,
            least: *patience,
            claim: RELAY_CLAIM,
            // An entity that waited here for a turn of the order query would delay other entities.
            orders: AskLimits { answer: *patience, turn: Duration::ZERO },
            clock: *clock,
            answered: None,
        }
    }

    /// Counts the outcome of a notice, and the offers in a row without an answer.
    fn count(&self, result: &DeliveryResult) {
        if result.unanswered.is_some() {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        } else if result.outcome.is_answered() {
            self.unanswered.store(0, Ordering::Relaxed);
        }
        if result.outcome.is_offered() {
            self.concurrency().note(result.pace);
        }
        let mut report = self.report();
        match result.outcome {
            NoticeOutcome::Delivered => report.delivered += 1,
            NoticeOutcome::Failed | NoticeOutcome::TimedOut | NoticeOutcome::NotReached => {
                report.failed += 1;
            }
            NoticeOutcome::GivenUp => report.dead += 1,
            NoticeOutcome::Paused
            | NoticeOutcome::NotOffered
            | NoticeOutcome::Busy
            | NoticeOutcome::SettledBefore
            | NoticeOutcome::Unsettled => (),
        }
    }
}

/// The end of a turn, if no further notice can be offered now.
fn end_turn(slot: Slot, changed: bool) -> TaskOutcome {
    let has_unused = !unused(&slot).is_empty();
    let key = slot.key;
    if changed {
        TaskOutcome::Changed { key, has_unused }
    } else {
        TaskOutcome::Left { key, has_unused }
    }
}
