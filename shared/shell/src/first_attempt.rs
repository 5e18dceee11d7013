//! Step 7 of a callback: the first attempt to notify the product, in the time that is left after
//! the write. A failure here never fails the callback (decision E2).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::decide::Kind;
use domain::instance::ClockTrust;
use domain::order_details;
use domain::outbox::Claim;
use domain::page::Change;
use domain::purchase::AnsweredPurchase;
use domain::record::EntityRecord;
use futures_util::FutureExt;
use protocol::message::Reply;
use protocol::signature::Contract;

use crate::context::{Context, Product};
use crate::delivery::{Claimed, Delivery, DeliveryResult, NO_KEYS, NoticeOutcome, Offers};
use crate::order_lookup::AskLimits;
use crate::repository::{Repository, Slot};
use crate::world::{Unanswered, World};

/// The first attempt of one callback.
pub(crate) struct FirstAttempt<'a, W> {
    pub context: &'a Context<W>,
    pub repository: Repository<'a, W>,
    /// The extra time that this call and the product have, compared with other calls.
    pub stretch: Duration,
    /// The contract, if the call is a purchase, whose answer depends on the product.
    pub purchase: Option<Contract>,
}

/// The first attempt that this callback will make. The callback's write includes its claim, unless
/// koohook must first query the order details.
pub(crate) struct ClaimedAttempt<'a> {
    product: &'a Product,
    /// The claim. `None` if koohook must first ask the marketplace for the order details.
    claim: Option<Claim>,
    /// Whether this call created the entity.
    is_new: bool,
}

/// The outcome of the first attempt.
#[derive(Debug)]
pub(crate) struct Attempted {
    /// The outcome of the notice.
    pub notice: NoticeOutcome,
    /// Why the product did not answer, if it did not.
    pub cause: Option<&'static str>,
    /// The reply from the record after the attempt. `None` if the notice was not offered, or if
    /// this reply must not be given.
    pub reply: Option<Reply>,
}

/// The least time that an attempt needs. If less time remains, the relay sends the notice.
const LEAST: Duration = Duration::from_secs(1);
/// How long before the deadline the attempt must have ended.
const MARGIN: Duration = Duration::from_millis(500);
/// The shortest useful wait for an answer. A shorter wait would still count as an attempt.
const LEAST_ANSWER: Duration = Duration::from_millis(400);
/// How long after the callback's deadline its claim expires.
const GRACE: Duration = Duration::from_secs(2);

impl<'a, W: World> FirstAttempt<'a, W> {
    /// Claims the next notice for this callback, if the product is to be notified immediately.
    pub fn claim(&self, record: &mut EntityRecord, is_new: bool) -> Option<ClaimedAttempt<'a>> {
        let Context { settings, world, .. } = self.context;
        let product = settings.product.as_ref().filter(|product| !product.budget.is_zero())?;
        let left = self.repository.deadline.left(world);
        if left < LEAST || (self.context.is_muted() && !self.waits_for_the_product()) {
            return None;
        }
        let head = record.outbox.ready(world.now())?;
        if order_details::query_of(head).is_some() {
            if settings.orders.is_some() {
                return Some(ClaimedAttempt { product, claim: None, is_new });
            }
            record.learn_nothing(head.sequence(), NO_KEYS);
        }
        let claim = record.outbox.claim(left.saturating_add(GRACE), world.now());
        Some(ClaimedAttempt { product, claim, is_new })
    }

    /// Whether this call can succeed only with the product's answer. V1 counts any other answer to
    /// a purchase as a failure (decision E2).
    fn waits_for_the_product(&self) -> bool {
        self.purchase == Some(Contract::V1) && self.context.settings.template.is_none()
    }

    /// Notifies the product. Its answer to a purchase changes the reply. The change itself is
    /// written already and stays written.
    pub async fn make<E: Kind>(
        &self,
        change: &dyn Change<E>,
        slot: Slot,
        claimed: ClaimedAttempt<'a>,
    ) -> Attempted {
        // The write may have been slow. A claim that is not used expires automatically.
        if self.repository.deadline.left(&self.context.world) < LEAST {
            return Attempted { notice: NoticeOutcome::NotOffered, cause: None, reply: None };
        }
        let (is_new, now) = (claimed.is_new, self.context.world.now());
        let answered = self.purchase.map(|contract| AnsweredPurchase { contract, is_new, now });
        let Some(DeliveryResult { outcome, unanswered, slot, .. }) =
            self.deliver(slot, claimed, answered).await
        else {
            return Attempted { notice: NoticeOutcome::Unsettled, cause: None, reply: None };
        };
        if unanswered == Some(Unanswered::TimedOut) {
            self.context.mute();
        }
        let offered = Some(slot).filter(|_| outcome.is_offered());
        let reply = offered.and_then(|slot| self.reply(change, slot, answered));
        Attempted { notice: outcome, cause: unanswered.map(Unanswered::as_str), reply }
    }

    /// The reply from the current instance. `None` if the record does not contain what this reply
    /// would change: then the reply must not be given (decision D11).
    fn reply<E: Kind>(
        &self,
        change: &dyn Change<E>,
        slot: Slot,
        answered: Option<AnsweredPurchase>,
    ) -> Option<Reply> {
        let entity = slot.found?.record.entity;
        let template = self.context.settings.template.as_ref();
        if answered.is_some_and(|answered| answered.apply(entity.clone(), template) != entity) {
            return None;
        }
        Some(change.reply(&entity.try_into().ok()?))
    }

    /// Offers the notice and settles it. `None` if the outcome could not be stored.
    async fn deliver(
        &self,
        slot: Slot,
        claimed: ClaimedAttempt<'a>,
        answered: Option<AnsweredPurchase>,
    ) -> Option<DeliveryResult> {
        let delivery = self.delivery(claimed.product, answered);
        let offered = async {
            match claimed.claim {
                Some(claim) => {
                    let claimed = Claimed { claim, at: self.context.world.elapsed() };
                    delivery.offer(slot, &claimed, Offers::One).await
                }
                None => delivery.next(slot, Offers::One).await,
            }
        };
        AssertUnwindSafe(offered).catch_unwind().await.ok()?.ok()
    }

    fn delivery(
        &self,
        product: &'a Product,
        answered: Option<AnsweredPurchase>,
    ) -> Delivery<'a, W> {
        let patience = product.budget.saturating_add(self.stretch);
        let deadline = self.repository.deadline.before(MARGIN);
        let repository = Repository { deadline, ..self.repository.clone() };
        let left = deadline.left(&self.context.world);
        Delivery {
            context: self.context,
            repository,
            product,
            patience,
            least: LEAST_ANSWER,
            claim: left.saturating_add(GRACE),
            // The marketplace is waiting. If the query gets no turn in time, the relay sends it
            // later.
            orders: AskLimits { answer: patience / 2, turn: patience / 2 },
            // A callback does not compare its clock with the store's.
            clock: ClockTrust::Doubted,
            answered,
        }
    }
}
