//! Delivers one entity's notices to the product. Nothing here can fail a callback.
//!
//! A notice is claimed in the record, offered to the product, and settled on the record as it is
//! by then. The types on its way:
//!
//! 1. `NoticeDraft`: what a decision wants the product to know.
//! 2. `Notice`: a draft with its number among the entity's notices.
//! 3. `Outbox`: an entity's notices, in order, with the attempts so far and the dead letters.
//! 4. `Claim`: the right to offer a notice, until it expires.
//! 5. `AttemptOutcome`: how one attempt ended: accepted, failed, gone or paused.
//! 6. `Settled`: what that makes of the notice: delivered, waits, or a dead letter.
//! 7. [`NoticeOutcome`]: what became of the notice, as a word in the log. A [`DeliveryResult`] holds
//!    it beside the record as it is now.
//!
//! The first six are in `domain::notice` and `domain::outbox`; the retry schedule is in
//! `domain/src/outbox/retry_schedule.rs`.

mod advice;
mod order_details;
mod outcome;
mod sending;

use std::time::Duration;

use domain::instance::ClockTrust;
use domain::outbox::{AttemptOutcome, Claim, Settled, Settling};
use domain::purchase::AnsweredPurchase;
use domain::record::EntityRecord;

use self::advice::advice;
use self::order_details::OrderStep;
pub use self::outcome::{DeliveryResult, NoticeOutcome};
use self::sending::Sent;
use crate::context::{Context, Product};
use crate::failure::Failure;
use crate::order_lookup::AskLimits;
use crate::repository::{Repository, Slot, Start, Update, Updated, Written};
use crate::world::World;

/// Delivers the notices of a context's entities.
pub struct Delivery<'a, W> {
    /// The context.
    pub context: &'a Context<W>,
    /// The product that gets the notices.
    pub product: &'a Product,
    /// Reads and writes, until everything must be settled.
    pub repository: Repository<'a, W>,
    /// How long to wait for one answer.
    pub patience: Duration,
    /// No message is begun with less time than this.
    pub least: Duration,
    /// How long a claim lasts.
    pub claim: Duration,
    /// How long to wait for a turn to ask what was ordered, and for the answer.
    pub orders: AskLimits,
    /// Whether a notice may be given up because time has passed.
    pub clock: ClockTrust,
    /// The purchase whose own answer changes the instance in turn, if this delivers for one.
    pub answered: Option<AnsweredPurchase>,
}

/// What a notice says of the order if no keys are set to ask for it.
pub const NO_KEYS: &str = "no keys configured";
/// The time that is kept for settling, however long the product takes.
const SETTLE: Duration = Duration::from_millis(300);

impl<W: World> Delivery<'_, W> {
    /// Claims the next notice that may be offered, offers it, and settles it.
    ///
    /// # Errors
    /// If the store does not answer in time. A claim that was written expires by itself.
    pub async fn next(&self, slot: Slot) -> Result<DeliveryResult, Failure> {
        let Some(mut record) = slot.record().cloned() else {
            return Ok(DeliveryResult::not_offered(slot));
        };
        let Some(notice) = record.outbox.ready(self.context.world.now()).cloned() else {
            return Ok(DeliveryResult::not_offered(slot));
        };
        match self.add_order(&mut record, &notice).await {
            OrderStep::NoTurn => Ok(DeliveryResult::busy(slot)),
            OrderStep::Complete if self.left() >= self.least => {
                self.claim_and_offer(slot, record).await
            }
            OrderStep::Complete | OrderStep::Postponed => {
                // If this write loses a race, another delivery has offered the notice.
                self.repository.write(&slot, record).await?;
                Ok(DeliveryResult::not_offered(slot))
            }
        }
    }

    async fn claim_and_offer(
        &self,
        slot: Slot,
        mut record: EntityRecord,
    ) -> Result<DeliveryResult, Failure> {
        let Some(claim) = record.outbox.claim(self.claim, self.context.world.now()) else {
            return Ok(DeliveryResult::not_offered(slot));
        };
        let claimed = self.context.world.elapsed();
        match self.repository.write(&slot, record).await? {
            Written::Won(slot) => self.offer(slot, &claim, claimed).await,
            Written::Lost(_) => Ok(DeliveryResult::not_offered(slot)),
        }
    }

    /// How much time is left for answers: enough stays for settling them.
    fn left(&self) -> Duration {
        self.repository.deadline.left(&self.context.world).saturating_sub(SETTLE)
    }

    /// Offers a notice whose claim was written, and settles it. `claimed` is when that was.
    ///
    /// # Errors
    /// If the outcome cannot be stored in time.
    pub async fn offer(
        &self,
        slot: Slot,
        claim: &Claim,
        claimed: Duration,
    ) -> Result<DeliveryResult, Failure> {
        let Sent { outcome, unanswered } = self.send_all(&slot.key, claim, claimed).await?;
        if let Some(fault) = unanswered {
            let (key, advice) = (&slot.key, advice(fault));
            tracing::info!(key, cause = fault.as_str(), advice, "product did not answer");
        }
        let Updated { slot, decided: settled } = self.settle(slot, claim, &outcome).await?;
        Ok(DeliveryResult { outcome: NoticeOutcome::of(settled, unanswered), unanswered, slot })
    }

    /// Settles the claim on what is stored by then, as often as another write is faster.
    async fn settle(
        &self,
        slot: Slot,
        claim: &Claim,
        outcome: &AttemptOutcome,
    ) -> Result<Updated<Settled>, Failure> {
        let settle = |slot: &Slot| {
            let Some(mut record) = slot.record().cloned() else {
                return Ok(Update::Leave(Settled::Nothing));
            };
            Ok(match self.settled(&mut record, claim, outcome) {
                Settled::Nothing => Update::Leave(Settled::Nothing),
                settled => Update::write(record, settled),
            })
        };
        self.repository.update(Start::Slot(slot), settle).await
    }

    fn settled(
        &self,
        record: &mut EntityRecord,
        claim: &Claim,
        outcome: &AttemptOutcome,
    ) -> Settled {
        let Context { world, settings, .. } = self.context;
        let template = settings.template.as_ref();
        let chance = u16::from_le_bytes(world.random());
        let settling = Settling { chance, clock: self.clock, now: world.now() };
        let settled = record.settle(claim, outcome, template, settling);
        // The marketplace is answered with what is stored now, whatever the product said.
        if let Some(answered) = self.answered.filter(|_| settled != Settled::Nothing) {
            record.entity = answered.apply(record.entity.clone(), template);
        }
        settled
    }
}
