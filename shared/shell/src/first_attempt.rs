//! Step 7 of a callback's path: the first attempt to tell the product, with the time that is left
//! after the commit. It settles what it can and fails nothing (decision E2).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::entity::{Entity, EntityRecord};
use domain::instance::ClockTrust;
use domain::order_details;
use domain::outbox::{Claim, Settled};
use domain::page::Change;
use futures_util::FutureExt;
use protocol::message::{Activity, Reply};
use protocol::signature::Contract;

use crate::callback::Call;
use crate::context::Product;
use crate::delivery::{Delivered, Delivery, NO_KEYS, Turn};
use crate::orders::Limits;
use crate::repository::Recalled;
use crate::world::{Unanswered, World};

/// What goes with the commit.
pub(crate) struct FirstAttempt<'a> {
    product: &'a Product,
    /// The claim; none where the marketplace is to be asked first what was ordered.
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

impl<'a, W: World> Call<'a, W> {
    /// Claims the next notice for this callback, where the product is to be told at once.
    pub fn claim(&self, kept: &mut EntityRecord, is_new: bool) -> Option<FirstAttempt<'a>> {
        let product =
            self.context.settings.product.as_ref().filter(|product| !product.budget.is_zero())?;
        let left = self.repository.deadline.left(&self.context.world);
        if left < LEAST || (self.context.is_muted() && !self.waits_for_the_product()) {
            return None;
        }
        let now = self.context.world.now();
        let head = kept.outbox.ready(now)?;
        if order_details::query_of(head).is_some() {
            if self.context.settings.orders.is_some() {
                return Some(FirstAttempt { product, claim: None, is_new });
            }
            kept.learn_nothing(head.sequence(), NO_KEYS);
        }
        let claim = kept.outbox.claim(left.saturating_add(GRACE), now);
        Some(FirstAttempt { product, claim, is_new })
    }

    /// Whether only the product can make this call a success: V1 counts any other answer to a
    /// purchase as a failure (decision E2).
    fn waits_for_the_product(&self) -> bool {
        self.verified.contract() == Contract::V1
            && self.line.activity == Some(Activity::NewInstance)
            && self.context.settings.template.is_none()
    }

    /// Tells the product, and answers with what it made of the purchase; `None` where the answer
    /// stays what it was. The change is committed: nothing here can take it back.
    pub async fn tell<P: Change>(
        &mut self,
        page: &P,
        request: &P::Request,
        standing: Recalled,
        inline: FirstAttempt<'a>,
    ) -> Option<Reply> {
        // The commit may have taken long; a claim that nobody uses runs out by itself.
        if self.repository.deadline.left(&self.context.world) < LEAST {
            self.line.notice = Some("left");
            return None;
        }
        let now = self.context.world.now();
        let answered = |entity: Entity| match P::Entity::try_from(entity.clone()) {
            Ok(ours) => page.answered(request, ours, inline.is_new, now).into(),
            Err(_) => entity,
        };
        let patience = inline.product.budget.saturating_add(self.stretch);
        let deadline = self.repository.deadline.before(MARGIN);
        let left = deadline.left(&self.context.world);
        let delivery = Delivery {
            context: self.context,
            product: inline.product,
            deadline,
            patience,
            least: LEAST_ANSWER,
            claim: left.saturating_add(GRACE),
            // The marketplace waits meanwhile: who gets no turn in time is left to the relay.
            orders: Limits { answer: patience / 2, turn: patience / 2 },
            // A callback has not asked the store for its time.
            clock: ClockTrust::Doubted,
            answered: &answered,
        };
        let offered = async {
            match &inline.claim {
                Some(claim) => {
                    let claimed = self.context.world.elapsed();
                    delivery.offer(standing, claim, claimed).await.map(Turn::Offered)
                }
                None => delivery.next(standing).await,
            }
        };
        self.line.writes += if inline.claim.is_some() { 1 } else { 2 };
        let delivered = match AssertUnwindSafe(offered).catch_unwind().await {
            Ok(Ok(Turn::Offered(delivered))) => delivered,
            Ok(Ok(Turn::Nothing | Turn::Busy)) => {
                self.line.notice = Some("left");
                return None;
            }
            Ok(Err(_)) | Err(_) => {
                self.line.notice = Some("unsettled");
                return None;
            }
        };
        self.line.notice = Some(word(&delivered));
        self.line.cause = delivered.unanswered.map(Unanswered::as_str);
        if delivered.unanswered == Some(Unanswered::TimedOut) {
            self.context.mute();
        }
        let entity = delivered.recalled.kept?.entity;
        // What was not written with this answer must not be answered (decision D11).
        if answered(entity.clone()) != entity {
            return None;
        }
        Some(page.reply(request, &entity.try_into().ok()?))
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
