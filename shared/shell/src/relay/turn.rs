//! One entity's turn in a run: time passes for it, and the product is told a few of its notices.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::outbox::Settled;
use domain::record::Passed;
use domain::remark::Remark;

use super::Relay;
use super::work::Done;
use crate::context::Product;
use crate::delivery::{CLAIM, Delivered, Delivery, Turn};
use crate::failure::Failure;
use crate::orders::Limits;
use crate::repository::{Repository, Slot, Written};
use crate::sweep::unused;
use crate::world::World;

/// How many notices an entity is told of before it waits behind the others.
const NOTICES_A_TURN: usize = 4;

impl<W: World> Relay<'_, W> {
    /// Lets time pass for an entity, and tells the product a few of its notices.
    pub(super) async fn turn(
        &self,
        repository: &Repository<'_, W>,
        key: &str,
    ) -> Result<Done, Failure> {
        let slot = repository.read_key(key.to_owned()).await?;
        let Some((mut slot, mut worked)) = self.let_pass(repository, slot).await? else {
            return Ok(Done::Left(key.to_owned(), false));
        };
        let left = |slot: &Slot, worked: bool| {
            let has_unused = !unused(slot).is_empty();
            let done = if worked { Done::Finished } else { Done::Left };
            Ok(done(key.to_owned(), has_unused))
        };
        let Some(product) = &self.context.settings.product else { return left(&slot, worked) };
        for _ in 0..NOTICES_A_TURN {
            if self.is_over() || !self.has_time() {
                self.report().unfinished |= !self.is_down();
                return left(&slot, worked);
            }
            match self.delivery(repository, product).next(slot.clone()).await? {
                Turn::Busy => return Ok(Done::Busy(key.to_owned())),
                Turn::Nothing => return left(&slot, worked),
                Turn::Offered(delivered) => {
                    self.note(&delivered);
                    worked = true;
                    let settled = delivered.settled;
                    slot = delivered.slot;
                    match settled {
                        Settled::Delivered | Settled::Dead => (),
                        Settled::Paused => break,
                        Settled::Waits | Settled::Nothing => return left(&slot, true),
                    }
                }
            }
        }
        Ok(Done::Again(key.to_owned()))
    }

    /// The one transition that no call makes (decisions D11, D12), and an agenda entry that was
    /// wrong is set right: it would bring the entity up again and again. `None` if another was
    /// faster; else what stands, and whether it was written.
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
            self.say(&slot.key, abandoned, given_up, is_unknown);
        }
        // An entry that was set right may be read again from an index that lags behind.
        Ok(match written? {
            Written::Won(slot) => Some((slot, changed)),
            Written::Lost(_) => None,
        })
    }

    /// What time did is an error to look at, also if the write's outcome is unknown: no later run
    /// would say it.
    fn say(&self, key: &str, abandoned: bool, given_up: bool, is_unknown: bool) {
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
            claim: CLAIM,
            // Whoever waited here for a turn to ask would hold up others.
            orders: Limits { answer: *patience, turn: Duration::ZERO },
            clock: *clock,
            answered: None,
        }
    }

    fn note(&self, delivered: &Delivered) {
        match (delivered.unanswered, delivered.settled) {
            (Some(_), _) => drop(self.silences.fetch_add(1, Ordering::Relaxed)),
            // Nobody was called, or another's attempt was settled.
            (None, Settled::Paused | Settled::Nothing) => (),
            (None, _) => self.silences.store(0, Ordering::Relaxed),
        }
        let mut report = self.report();
        match delivered.settled {
            Settled::Delivered => report.delivered += 1,
            Settled::Waits => report.failed += 1,
            Settled::Dead => {
                report.dead += 1;
                tracing::error!(key = delivered.slot.key, "notice given up");
            }
            Settled::Paused | Settled::Nothing => (),
        }
    }
}
