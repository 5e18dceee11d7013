//! One entity's turn in a run: changes that only depend on time are applied, and a few notices are
//! delivered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::instance::LongWait;
use domain::outbox::RELAY_CLAIM;
use domain::record::Passed;
use domain::remark::Remark;

use super::Relay;
use super::tasks::TaskOutcome;
use crate::context::Product;
use crate::delivery::{Delivery, DeliveryResult, NoticeOutcome};
use crate::failure::Failure;
use crate::log_ids::LogIds;
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
        for _ in 0..NOTICES_A_TURN {
            if self.is_over() || !self.has_time() {
                self.report().unfinished |= !self.is_down();
                return Ok(end_turn(slot, changed));
            }
            let result = self.delivery(repository, product).next(slot).await?;
            self.count(&result);
            changed |= result.outcome.is_offered();
            slot = result.slot;
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
    /// and whether it changed. Returns `None` if the record does not exist, or another write was
    /// faster.
    async fn pass_time(
        &self,
        repository: &Repository<'_, W>,
        slot: Slot,
    ) -> Result<Option<(Slot, bool)>, Failure> {
        let Some(record) = slot.record().cloned() else { return Ok(None) };
        let now = self.context.world.now();
        let passed = record.pass(repository.reader, self.clock, now);
        let Passed { changed, abandoned, given_up, long_wait, record } = passed;
        let ids = LogIds::of_record(&record);
        let is_due = record.due(repository.reader, now).is_some_and(|due| due <= now);
        if !changed && is_due {
            return Ok(Some((slot, false)));
        }
        let written = repository.write(&slot, record).await;
        let is_unknown = written.is_err();
        if matches!(written, Ok(Written::Won(_)) | Err(_)) {
            self.log_pass(&slot.key, abandoned, given_up, is_unknown);
            if let Some(wait) = long_wait {
                log_long_wait(&ids, wait);
            }
        }
        // The index may lag, so that this run may read the corrected entry once more.
        Ok(match written? {
            Written::Won(slot) => Some((slot, changed)),
            Written::Lost(_) => None,
        })
    }

    /// Logs what was given up because time passed, since an operator must act. It logs this also if
    /// the write's outcome is unknown: no later run would log it.
    fn log_pass(&self, key: &str, abandoned: bool, given_up: bool, is_unknown: bool) {
        let mut report = self.report();
        if abandoned {
            let remark = Remark::Abandoned.as_str();
            tracing::error!(remark, key, is_unknown, advice = ABANDONED, "purchase abandoned");
            report.abandoned += usize::from(!is_unknown);
        }
        if given_up {
            tracing::error!(key, is_unknown, advice = GIVEN_UP, "notice given up");
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
        let mut report = self.report();
        match result.outcome {
            NoticeOutcome::Delivered => report.delivered += 1,
            NoticeOutcome::Failed | NoticeOutcome::TimedOut | NoticeOutcome::NotReached => {
                report.failed += 1;
            }
            NoticeOutcome::GivenUp => {
                report.dead += 1;
                tracing::error!(key = result.slot.key, advice = GIVEN_UP, "notice given up");
            }
            NoticeOutcome::Paused
            | NoticeOutcome::NotOffered
            | NoticeOutcome::Busy
            | NoticeOutcome::SettledBefore
            | NoticeOutcome::Unsettled => (),
        }
    }
}

/// What an operator can do about a notice that was given up.
const GIVEN_UP: &str = "repair the product, then run koohook notices replay";
/// What an operator can do about a purchase that waits long for access data.
const NO_ACCESS: &str =
    "let the product send the access data; the marketplace fails the order after 3 hours";
/// What an operator can do about an abandoned purchase.
const ABANDONED: &str = "check the orders of this time in the console; if the buyer was refunded, close the account in your \
     product";

/// Logs that a purchase waits long for access data (decision I2).
fn log_long_wait(ids: &LogIds, wait: LongWait) {
    let minutes = wait.span().as_secs() / 60;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                orderId = ids.order_id,
                instanceId = ids.instance_id,
                minutes,
                advice = NO_ACCESS,
                "purchase waits for access data"
            )
        };
    }
    match wait {
        LongWait::Warning => line!(warn),
        LongWait::Error => line!(error),
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
