//! One entity's turn in a run: time passes for it, and a few of its notices are delivered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::outbox::RELAY_CLAIM;
use domain::record::Passed;
use domain::remark::Remark;

use super::Relay;
use super::tasks::TaskOutcome;
use crate::context::Product;
use crate::delivery::{Delivery, DeliveryResult, NoticeOutcome};
use crate::failure::Failure;
use crate::order_lookup::AskLimits;
use crate::repository::{Repository, Slot, Written};
use crate::unused_parts::unused;
use crate::world::World;

/// How many notices of an entity are delivered before it waits behind the others.
const NOTICES_A_TURN: usize = 4;

impl<W: World> Relay<'_, W> {
    /// Lets time pass for an entity, and delivers a few of its notices.
    pub(super) async fn turn<'d>(
        &'d self,
        repository: &Repository<'d, W>,
        key: &str,
    ) -> Result<TaskOutcome, Failure> {
        let slot = repository.read_key(key.to_owned()).await?;
        let Some((slot, changed)) = self.let_pass(repository, slot).await? else {
            return Ok(TaskOutcome::Left { key: key.to_owned(), has_unused: false });
        };
        match &self.context.settings.product {
            Some(product) => self.deliver(repository, product, slot, changed).await,
            None => Ok(end_turn(slot, changed)),
        }
    }

    /// Delivers a few notices. `changed` is whether the entity was changed before.
    async fn deliver<'d>(
        &'d self,
        repository: &Repository<'d, W>,
        product: &'d Product,
        mut slot: Slot,
        mut changed: bool,
    ) -> Result<TaskOutcome, Failure> {
        for _ in 0..NOTICES_A_TURN {
            if self.is_over() || !self.has_time() {
                self.report().unfinished |= !self.is_down();
                return Ok(end_turn(slot, changed));
            }
            let result = self.delivery(repository, product).next(slot).await?;
            self.note(&result);
            changed |= result.outcome.is_offered();
            slot = result.slot;
            match result.outcome {
                NoticeOutcome::Delivered | NoticeOutcome::GivenUp => (),
                NoticeOutcome::Paused => break,
                NoticeOutcome::Busy => return Ok(TaskOutcome::Busy(slot.key)),
                NoticeOutcome::Refused
                | NoticeOutcome::TimedOut
                | NoticeOutcome::NotReached
                | NoticeOutcome::NotOffered
                | NoticeOutcome::SettledBefore
                | NoticeOutcome::Unsettled => return Ok(end_turn(slot, changed)),
            }
        }
        Ok(TaskOutcome::HasMore(slot.key))
    }

    /// Writes the one transition that no call makes (decisions D11, D12), and corrects a wrong
    /// agenda entry: it would bring the entity up again and again. Returns the record and whether
    /// it changed; `None` if it does not exist, or another write was faster.
    async fn let_pass(
        &self,
        repository: &Repository<'_, W>,
        slot: Slot,
    ) -> Result<Option<(Slot, bool)>, Failure> {
        let Some(record) = slot.record().cloned() else { return Ok(None) };
        let now = self.context.world.now();
        let Passed { record, changed, abandoned, given_up } =
            record.pass(repository.reader, self.clock, now);
        let is_due = record.due(repository.reader, now).is_some_and(|due| due <= now);
        if !changed && is_due {
            return Ok(Some((slot, false)));
        }
        let written = repository.write(&slot, record).await;
        let is_unknown = written.is_err();
        if matches!(written, Ok(Written::Won(_)) | Err(_)) {
            self.log_pass(&slot.key, abandoned, given_up, is_unknown);
        }
        // A corrected entry may be read again from an index that lags behind.
        Ok(match written? {
            Written::Won(slot) => Some((slot, changed)),
            Written::Lost(_) => None,
        })
    }

    /// Logs what the passing of time ended. An operator should look at it, also if the write's
    /// outcome is unknown: no later run would log it.
    fn log_pass(&self, key: &str, abandoned: bool, given_up: bool, is_unknown: bool) {
        let mut report = self.report();
        if abandoned {
            let remark = Remark::Abandoned.as_str();
            tracing::error!(remark, key, is_unknown, "purchase abandoned");
            report.abandoned += usize::from(!is_unknown);
        }
        if given_up {
            tracing::error!(key, is_unknown, "notice given up");
            report.dead += usize::from(!is_unknown);
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
            // An entity that waits here for a turn to ask would delay others.
            orders: AskLimits { answer: *patience, turn: Duration::ZERO },
            clock: *clock,
            answered: None,
        }
    }

    /// Counts what became of a notice, and the offers in a row without an answer.
    fn note(&self, result: &DeliveryResult) {
        if result.unanswered.is_some() {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        } else if result.outcome.is_answered() {
            self.unanswered.store(0, Ordering::Relaxed);
        }
        let mut report = self.report();
        match result.outcome {
            NoticeOutcome::Delivered => report.delivered += 1,
            NoticeOutcome::Refused | NoticeOutcome::TimedOut | NoticeOutcome::NotReached => {
                report.failed += 1;
            }
            NoticeOutcome::GivenUp => {
                report.dead += 1;
                tracing::error!(key = result.slot.key, "notice given up");
            }
            NoticeOutcome::Paused
            | NoticeOutcome::NotOffered
            | NoticeOutcome::Busy
            | NoticeOutcome::SettledBefore
            | NoticeOutcome::Unsettled => (),
        }
    }
}

/// The end of a turn in which nothing more can be offered now.
fn end_turn(slot: Slot, changed: bool) -> TaskOutcome {
    let has_unused = !unused(&slot).is_empty();
    let key = slot.key;
    if changed {
        TaskOutcome::Changed { key, has_unused }
    } else {
        TaskOutcome::Left { key, has_unused }
    }
}
