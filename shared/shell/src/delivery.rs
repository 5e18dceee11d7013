//! One entity's notices to the product: claimed in the value, offered, and settled on whatever
//! stands by then. Nothing here can fail a callback.

mod outcome;
mod sending;

use std::time::Duration;

use domain::instance::ClockTrust;
use domain::notice::Notice;
use domain::order_details;
use domain::outbox::{Attempt, Claim, Settled, Settling};
use domain::purchase::AnsweredPurchase;
use domain::record::EntityRecord;

use self::outcome::Complete;
pub use self::outcome::{Delivered, OfferOutcome, Turn};
use crate::context::{Context, Product};
use crate::failure::Failure;
use crate::orders::{Asked, Limits};
use crate::repository::{Repository, Slot, Start, Update, Updated, Written};
use crate::world::World;

/// How long a callback waits for the product, where nobody says (decision E2).
pub const BUDGET: Duration = Duration::from_millis(2_500);
/// How long the relay waits for one answer (decision E6).
pub const ATTEMPT: Duration = Duration::from_secs(10);
/// How long the relay claims a notice: no message is begun that may outlast it.
pub const CLAIM: Duration = Duration::from_secs(15);
/// How often a notice waits for what was ordered, before it is offered without: some three minutes.
const MAX_POSTPONED: u32 = 3;
/// What a notice says where nobody may ask.
pub const NO_KEYS: &str = "no keys configured";
/// What is left of the time for settling, however long the product takes.
const SETTLE: Duration = Duration::from_millis(300);

/// Delivers what a context's entities have to say.
pub struct Delivery<'a, W> {
    /// Whose.
    pub context: &'a Context<W>,
    /// To whom.
    pub product: &'a Product,
    /// Reads and writes, by when everything is settled.
    pub repository: Repository<'a, W>,
    /// How long one answer is waited for.
    pub patience: Duration,
    /// With less time left than this no message is begun.
    pub least: Duration,
    /// How long a claim lasts.
    pub claim: Duration,
    /// How long to wait for a turn to ask what was ordered, and for the answer.
    pub orders: Limits,
    /// Whether a notice may be given up because time has passed.
    pub clock: ClockTrust,
    /// The purchase whose own answer changes the instance in turn, if this delivers for one.
    pub answered: Option<AnsweredPurchase>,
}

impl<W: World> Delivery<'_, W> {
    /// Claims the next notice that may be offered, offers it, and settles it.
    ///
    /// # Errors
    /// If the store does not answer in time. A claim that stands runs out by itself.
    pub async fn next(&self, slot: Slot) -> Result<Turn, Failure> {
        let Some(mut kept) = slot.record().cloned() else { return Ok(Turn::Nothing) };
        let Some(notice) = kept.outbox.ready(self.context.world.now()).cloned() else {
            return Ok(Turn::Nothing);
        };
        match self.complete(&mut kept, &notice).await {
            Complete::Busy => return Ok(Turn::Busy),
            Complete::Yes if self.left() >= self.least => (),
            Complete::Yes | Complete::Waits => {
                // A lost race here is somebody else's offer.
                self.repository.write(&slot, kept).await?;
                return Ok(Turn::Nothing);
            }
        }
        let Some(claim) = kept.outbox.claim(self.claim, self.context.world.now()) else {
            return Ok(Turn::Nothing);
        };
        let claimed = self.context.world.elapsed();
        match self.repository.write(&slot, kept).await? {
            Written::Won(slot) => self.offer(slot, &claim, claimed).await.map(Turn::Offered),
            Written::Lost(_) => Ok(Turn::Nothing),
        }
    }

    /// Adds what was ordered, where that belongs into the notice; whether it can be offered now.
    async fn complete(&self, kept: &mut EntityRecord, notice: &Notice) -> Complete {
        let Some(query) = order_details::query_of(notice) else { return Complete::Yes };
        let Context { world, settings, .. } = self.context;
        let sequence = notice.sequence();
        let Some(orders) = &settings.orders else {
            kept.learn_nothing(sequence, NO_KEYS);
            return Complete::Yes;
        };
        let Limits { answer, turn } = self.orders;
        let limits = Limits { answer: answer.min(self.left()), turn: turn.min(self.left()) };
        match orders.ask(world, &query, limits).await {
            Asked::Found(details) => kept.learn(sequence, details),
            Asked::Never(reason) => kept.learn_nothing(sequence, &reason),
            Asked::NoTurn => return Complete::Busy,
            Asked::NotNow(reason) if kept.outbox.postponed(sequence) >= MAX_POSTPONED => {
                kept.learn_nothing(sequence, &reason);
            }
            Asked::NotNow(reason) => {
                tracing::warn!(reason, "order not known yet");
                let attempt = Attempt::of_fault(world.now(), format!("order query: {reason}"));
                let chance = u16::from_le_bytes(world.random());
                kept.outbox.postpone(sequence, attempt, chance, world.now());
                return Complete::Waits;
            }
        }
        Complete::Yes
    }

    /// How much time is left for answers: enough stays for settling them.
    fn left(&self) -> Duration {
        self.repository.deadline.left(&self.context.world).saturating_sub(SETTLE)
    }

    /// Offers a notice whose claim stands since a moment, and settles it.
    ///
    /// # Errors
    /// Where the outcome cannot be settled in time.
    pub async fn offer(
        &self,
        slot: Slot,
        claim: &Claim,
        claimed: Duration,
    ) -> Result<Delivered, Failure> {
        let outcome = self.send_all(&slot.key, claim, claimed).await?;
        let OfferOutcome { unanswered, .. } = outcome;
        if let Some(fault) = unanswered {
            let (key, advice) = (&slot.key, outcome::advice(fault));
            tracing::info!(key, cause = fault.as_str(), advice, "product did not answer");
        }
        let Updated { slot, decided: settled } = self.settle(slot, claim, &outcome).await?;
        Ok(Delivered { slot, settled, unanswered })
    }

    /// One write if nobody else wrote since; else on what they left, for as long as there is time.
    async fn settle(
        &self,
        slot: Slot,
        claim: &Claim,
        outcome: &OfferOutcome,
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

    fn settled(&self, kept: &mut EntityRecord, claim: &Claim, outcome: &OfferOutcome) -> Settled {
        let Context { world, settings, .. } = self.context;
        let template = settings.template.as_ref();
        let chance = u16::from_le_bytes(world.random());
        let offered = outcome.offered.clone();
        let told = outcome.told.as_ref();
        let settling = Settling { chance, clock: self.clock, now: world.now() };
        let settled = kept.settle(claim, offered, told, template, settling);
        // Whatever the product said, the call is answered with what stands now.
        if let Some(answered) = self.answered.filter(|_| settled != Settled::Nothing) {
            kept.entity = answered.apply(kept.entity.clone(), template);
        }
        settled
    }
}
