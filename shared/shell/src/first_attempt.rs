//! Step 7 of a callback's path: the first attempt to notify the product, with the time that is left
//! after the write. It settles what it can and fails nothing (decision E2).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::decide::Kind;
use domain::entity::EntityRecord;
use domain::instance::ClockTrust;
use domain::order_details;
use domain::outbox::{Claim, Settled};
use domain::page::Change;
use domain::purchase::AnsweredPurchase;
use futures_util::FutureExt;
use protocol::message::{Activity, Reply};
use protocol::signature::Contract;

use crate::callback::Callback;
use crate::context::Product;
use crate::delivery::{Delivered, Delivery, NO_KEYS, Turn};
use crate::orders::Limits;
use crate::repository::{Repository, Slot};
use crate::world::{Unanswered, World};

/// What goes with the write.
pub(crate) struct FirstAttempt<'a> {
    product: &'a Product,
    /// The claim; none if the marketplace is to be asked first what was ordered.
    claim: Option<Claim>,
    /// Whether the call made what the notice is about.
    is_new: bool,
}

/// With less time left than this the product is left to the relay.
const LEAST: Duration = Duration::from_secs(1);
/// How long before the deadline all of it must be over.
const MARGIN: Duration = Duration::from_millis(500);
/// An answer that has less time than this is not waited for: it would count as an attempt.
const LEAST_ANSWER: Duration = Duration::from_millis(400);
/// How long a claim outlives its callback.
const GRACE: Duration = Duration::from_secs(2);

impl<'a, W: World> Callback<'a, W> {
    /// Claims the next notice for this callback, if the product is to be notified at once.
    pub fn claim(&self, record: &mut EntityRecord, is_new: bool) -> Option<FirstAttempt<'a>> {
        let product =
            self.context.settings.product.as_ref().filter(|product| !product.budget.is_zero())?;
        let left = self.repository.deadline.left(&self.context.world);
        if left < LEAST || (self.context.is_muted() && !self.waits_for_the_product()) {
            return None;
        }
        let now = self.context.world.now();
        let head = record.outbox.ready(now)?;
        if order_details::query_of(head).is_some() {
            if self.context.settings.orders.is_some() {
                return Some(FirstAttempt { product, claim: None, is_new });
            }
            record.learn_nothing(head.sequence(), NO_KEYS);
        }
        let claim = record.outbox.claim(left.saturating_add(GRACE), now);
        Some(FirstAttempt { product, claim, is_new })
    }

    /// Whether only the product can make this call a success: V1 counts any other answer to a
    /// purchase as a failure (decision E2).
    fn waits_for_the_product(&self) -> bool {
        self.verified.contract() == Contract::V1
            && self.log.activity == Some(Activity::NewInstance)
            && self.context.settings.template.is_none()
    }

    /// Notifies the product, and answers with what it made of the purchase; `None` if the answer
    /// stays what it was. The change is written: nothing here can take it back.
    pub async fn attempt<E: Kind>(
        &mut self,
        change: &dyn Change<E>,
        slot: Slot,
        first: FirstAttempt<'a>,
    ) -> Option<Reply> {
        // The write may have taken long; a claim that is not used runs out by itself.
        if self.repository.deadline.left(&self.context.world) < LEAST {
            self.log.notice = Some("left");
            return None;
        }
        let (is_new, now) = (first.is_new, self.context.world.now());
        let purchase = change.purchase();
        let answered = purchase.map(|contract| AnsweredPurchase { contract, is_new, now });
        let delivered = self.deliver(slot, &first, answered).await?;
        let entity = delivered.slot.found?.record.entity;
        // What was not written with this answer must not be answered (decision D11).
        let template = self.context.settings.template.as_ref();
        if answered.is_some_and(|answered| answered.apply(entity.clone(), template) != entity) {
            return None;
        }
        Some(change.reply(&entity.try_into().ok()?))
    }

    /// Offers the notice and settles it; `None` if nothing was settled.
    async fn deliver(
        &mut self,
        slot: Slot,
        first: &FirstAttempt<'a>,
        answered: Option<AnsweredPurchase>,
    ) -> Option<Delivered> {
        let delivery = self.delivery(first.product, answered);
        let offered = async {
            match &first.claim {
                Some(claim) => {
                    let claimed = self.context.world.elapsed();
                    delivery.offer(slot, claim, claimed).await.map(Turn::Offered)
                }
                None => delivery.next(slot).await,
            }
        };
        let turn = AssertUnwindSafe(offered).catch_unwind().await;
        let (word, delivered) = match turn {
            Ok(Ok(Turn::Offered(delivered))) => (word(&delivered), Some(delivered)),
            Ok(Ok(Turn::Nothing | Turn::Busy)) => ("left", None),
            Ok(Err(_)) | Err(_) => ("unsettled", None),
        };
        let unanswered = delivered.as_ref().and_then(|delivered| delivered.unanswered);
        self.log.notice = Some(word);
        self.log.cause = unanswered.map(Unanswered::as_str);
        if unanswered == Some(Unanswered::TimedOut) {
            self.context.mute();
        }
        delivered
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
            // The marketplace waits meanwhile: who gets no turn in time is left to the relay.
            orders: Limits { answer: patience / 2, turn: patience / 2 },
            // A callback has not asked the store for its time.
            clock: ClockTrust::Doubted,
            answered,
        }
    }
}

const fn word(delivered: &Delivered) -> &'static str {
    match (delivered.settled, delivered.unanswered) {
        (Settled::Delivered, _) => "delivered",
        (Settled::Waits, Some(Unanswered::TimedOut)) => "timed-out",
        (Settled::Waits, Some(_)) => "not-reached",
        (Settled::Waits, None) => "refused",
        (Settled::Dead, _) => "given-up",
        (Settled::Paused, _) => "left",
        (Settled::Nothing, _) => "settled-before",
    }
}
