//! Delivers one entity's notices to the product. Nothing here can fail a callback.
//!
//! koohook claims a notice in the record and offers it to the product. Then it settles the outcome
//! on the record that exists by then. The types, in this order:
//!
//! 1. `NoticeDraft`: a notice as a decision makes it.
//! 2. `Notice`: a draft with its sequence number in the entity.
//! 3. `Outbox`: an entity's notices, in order, with their attempts and the dead letters.
//! 4. `Claim`: allows one delivery to offer a notice, until it expires.
//! 5. `AttemptOutcome`: how one attempt ended: accepted, failed, gone or paused.
//! 6. `Settled`: the notice's new state: delivered, waiting, or a dead letter.
//! 7. [`NoticeOutcome`]: the outcome as a word in the log. A [`DeliveryResult`] contains it and the
//!    current record.
//!
//! The first six are in `domain::notice` and `domain::outbox`; the retry schedule is in
//! `domain/src/outbox/retry_schedule.rs`.

mod advice;
mod offer_line;
mod offer_trouble;
mod order_details;
mod outcome;
mod ping;
mod sending;
mod webhook_request;

use std::time::Duration;

use domain::instance::ClockTrust;
use domain::order_details::query_of;
use domain::outbox::{AttemptOutcome, Claim, Settled, Settling};
use domain::purchase::AnsweredPurchase;
use domain::record::EntityRecord;

pub(crate) use self::advice::GIVEN_UP;
use self::offer_line::OfferLine;
pub(crate) use self::offer_line::log_product_works;
use self::order_details::OrderStep;
pub use self::outcome::{Claimed, DeliveryResult, NoticeOutcome, ProductPace};
pub use self::ping::{PingAnswer, ping};
use crate::context::{Context, Product};
use crate::failure::Failure;
use crate::order_lookup::AskLimits;
use crate::repository::{Repository, Slot, Start, Update, Updated, Written};
use crate::world::World;

/// Delivers the notices of a context's entities.
pub struct Delivery<'a, W> {
    /// The shared context.
    pub context: &'a Context<W>,
    /// The product that gets the notices.
    pub product: &'a Product,
    /// Reads and writes the record. Its deadline ends the delivery.
    pub repository: Repository<'a, W>,
    /// How long to wait for one answer from the product.
    pub patience: Duration,
    /// A message is sent only if at least this time is left.
    pub least: Duration,
    /// How long a claim is valid.
    pub claim: Duration,
    /// How long to wait for a turn of the order query, and for its answer.
    pub orders: AskLimits,
    /// Whether a notice may be given up because time has passed (decision D12).
    pub clock: ClockTrust,
    /// The purchase that waits for this delivery, if a callback delivers. Its reply changes the
    /// instance, too.
    pub answered: Option<AnsweredPurchase>,
}

/// Which notices a delivery offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Offers {
    /// One notice.
    One,
    /// The write that settles an accepted notice may also claim the entity's next notice.
    Several,
}

/// Why a notice has no order details, if no access key for the order query is set.
pub const NO_KEYS: &str = "no keys configured";
/// The time that a write with a claim may take. After a slower write, the notice is not offered, and
/// the claim is settled as paused.
const TO_CLAIM: Duration = Duration::from_secs(1);
/// The time that is reserved for settling, however slow the product is.
const SETTLE: Duration = Duration::from_millis(300);

impl<W: World> Delivery<'_, W> {
    /// Claims, offers and settles the next notice that may be offered.
    ///
    /// # Errors
    /// If the store does not answer in time. A written claim expires automatically.
    pub async fn next(&self, slot: Slot, offers: Offers) -> Result<DeliveryResult, Failure> {
        let Some(mut record) = slot.record().cloned() else {
            return Ok(DeliveryResult::not_offered(slot));
        };
        let Some(notice) = record.outbox.ready(self.context.world.now()).cloned() else {
            return Ok(DeliveryResult::not_offered(slot));
        };
        match self.add_order(&mut record, &notice).await {
            OrderStep::NoTurn => Ok(DeliveryResult::busy(slot)),
            OrderStep::Complete if self.left() >= self.least => {
                self.claim_and_offer(slot, record, offers).await
            }
            OrderStep::Complete | OrderStep::Postponed => {
                // A lost race does no harm. If the notice still waits, a later attempt repeats this
                // step.
                self.repository.write(&slot, record).await?;
                Ok(DeliveryResult::not_offered(slot))
            }
        }
    }

    async fn claim_and_offer(
        &self,
        slot: Slot,
        mut record: EntityRecord,
        offers: Offers,
    ) -> Result<DeliveryResult, Failure> {
        let Some(claim) = record.outbox.claim(self.claim, self.context.world.now()) else {
            return Ok(DeliveryResult::not_offered(slot));
        };
        let claimed = Claimed { claim, at: self.context.world.elapsed() };
        match self.repository.write(&slot, record).await? {
            Written::Won(slot) => self.offer(slot, &claimed, offers).await,
            Written::Lost(_) => Ok(DeliveryResult::not_offered(slot)),
        }
    }

    /// The time that is left for answers, without the time that is reserved for settling.
    fn left(&self) -> Duration {
        self.repository.deadline.left(&self.context.world).saturating_sub(SETTLE)
    }

    /// Offers a notice whose claim was written, and settles it.
    ///
    /// # Errors
    /// If the outcome cannot be stored in time.
    pub async fn offer(
        &self,
        slot: Slot,
        claimed: &Claimed,
        offers: Offers,
    ) -> Result<DeliveryResult, Failure> {
        let Claimed { claim, at } = claimed;
        let (began, line) = (self.context.world.elapsed(), OfferLine::new(&slot, claim));
        let sent = Box::pin(self.send_all(&slot.key, claim, *at)).await;
        let took = self.context.world.elapsed().saturating_sub(began);
        let sent = sent.inspect_err(|fault| line.write_failure(self.context, *fault, took))?;
        let unanswered = sent.unanswered();
        let pace = ProductPace::of(sent.status, unanswered, took);
        let updated = self.settle(slot, claim, &sent.outcome, offers).await;
        let outcome = updated.as_ref().map_or(NoticeOutcome::Unsettled, |updated| {
            NoticeOutcome::of(updated.decided.0, unanswered)
        });
        line.write(self.context, &sent, outcome, took);
        let Updated { slot, decided: (_, next) } = updated?;
        Ok(DeliveryResult { outcome, unanswered, pace, next, slot })
    }

    /// Settles the claim on the current record, and may claim the next notice. Repeats this if
    /// another write is faster.
    async fn settle(
        &self,
        slot: Slot,
        claim: &Claim,
        outcome: &AttemptOutcome,
        offers: Offers,
    ) -> Result<Updated<(Settled, Option<Claimed>)>, Failure> {
        let settle = |slot: &Slot| {
            let Some(mut record) = slot.record().cloned() else {
                return Ok(Update::Leave((Settled::Nothing, None)));
            };
            Ok(match self.settled(&mut record, claim, outcome) {
                Settled::Nothing => Update::Leave((Settled::Nothing, None)),
                settled @ Settled::Delivered if offers == Offers::Several => {
                    let next = self.claim_next(&mut record);
                    Update::write(record, (settled, next))
                }
                settled => Update::write(record, (settled, None)),
            })
        };
        Box::pin(self.repository.update(Start::Slot(slot), settle)).await
    }

    /// Claims the next notice, if nothing must happen before it is offered, and there is time.
    fn claim_next(&self, record: &mut EntityRecord) -> Option<Claimed> {
        let (now, at) = (self.context.world.now(), self.context.world.elapsed());
        let next = record.outbox.ready(now)?;
        let (sequence, is_asked) = (next.sequence(), query_of(next).is_some());
        let must_wait = is_asked && self.context.settings.orders.is_some();
        if must_wait || self.left() < self.least.saturating_add(TO_CLAIM) {
            return None;
        }
        if is_asked {
            record.learn_nothing(sequence, NO_KEYS);
        }
        record.outbox.claim(self.claim, now).map(|claim| Claimed { claim, at })
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
        // The marketplace is answered from the stored record, so this reply's change is stored too.
        if let Some(answered) = self.answered.filter(|_| settled != Settled::Nothing) {
            record.entity = answered.apply(record.entity.clone(), template);
        }
        settled
    }
}
