//! Sends batches, one after another, and settles each answer.

use std::time::Duration;

use domain::usage::{Batch, BatchPlan, StopCause};
use futures_util::FutureExt;
use protocol::usage::PushVerdict;

use super::keys::SigningKeys;
use super::push::{PushOutcome, push};
use super::{UsageRun, lines};
use crate::failure::Failure;
use crate::web::Unanswered;
use crate::world::World;

impl<W: World> UsageRun<'_, W> {
    /// Sends the batches of a plan, until nothing is left or the run must stop.
    pub(super) async fn send_batches(
        &mut self,
        plan: &mut BatchPlan,
        keys: &mut SigningKeys<'_, W>,
    ) {
        while self.has_time()
            && let Some(batch) = plan.next_batch()
        {
            match self.begin(keys).await {
                Ok(true) if self.has_time() => self.send(batch, plan, keys).boxed().await,
                Ok(true) => plan.put_back(batch),
                Ok(false) => {
                    lines::log_waiting_for_key(self.context);
                    plan.stop_before(batch, StopCause::KeyRefused);
                }
                Err(fault) => {
                    self.counts.troubled += 1;
                    lines::log_failure(self.context, fault);
                    plan.stop_before(batch, StopCause::Store);
                }
            }
        }
    }

    /// Whether a request may be sent now, with the keys that sign it.
    async fn begin(&self, keys: &mut SigningKeys<'_, W>) -> Result<bool, Failure> {
        let now = self.context.world.now();
        let aksk = keys.sender.key.as_deref();
        let is_shut = aksk.is_some_and(|aksk| !aksk.gate().may_ask(now));
        if is_shut { Ok(false) } else { keys.begin_try().await }
    }

    async fn send(&mut self, batch: Batch, plan: &mut BatchPlan, keys: &mut SigningKeys<'_, W>) {
        let world = &self.context.world;
        let began = world.elapsed();
        let outcome = self.push(&batch, keys).await;
        self.counts.batches += 1;
        let took = world.elapsed().saturating_sub(began);
        lines::log_batch(&batch, &outcome, took);
        let outcomes = match &outcome {
            Ok(answer) => plan.answered(batch, answer, keys.is_believed()),
            Err(fault) => plan.unanswered(batch, fault.as_str()),
        };
        let learned = learn(&outcome, plan, keys).await;
        self.settle(outcomes).await;
        if let Err(fault) = learned {
            // The next run learns it again.
            lines::log_failure(self.context, fault);
        }
        self.after(&outcome, plan, keys).await;
    }

    async fn push(&self, batch: &Batch, keys: &SigningKeys<'_, W>) -> PushOutcome {
        let (world, patience) = (&self.context.world, self.limits.patience);
        // One call at a time until the key of the open APIs has worked: concurrent calls would lock a
        // wrong key. Waiting for a turn uses up no patience.
        let _turn = match keys.sender.key.as_deref() {
            None => None,
            Some(aksk) => {
                let spare = self.spare_time();
                Some(world.within(spare, aksk.turn()).await.ok_or(Unanswered::TimedOut)?)
            }
        };
        let sent = world.within(patience, push(world, keys.sender, keys.key(), &batch.records));
        sent.await.unwrap_or(Err(Unanswered::TimedOut))
    }

    /// The time that is left beside one request with its full time.
    fn spare_time(&self) -> Duration {
        let super::UsageRunLimits { deadline, patience, settle, .. } = self.limits;
        deadline.left(&self.context.world).saturating_sub(patience.saturating_add(settle))
    }

    /// Logs what the outcome shows. After a wrong signature, the previous key is tried.
    async fn after(
        &mut self,
        outcome: &PushOutcome,
        plan: &mut BatchPlan,
        keys: &mut SigningKeys<'_, W>,
    ) {
        if has_failed(outcome) {
            self.has_failed = true;
            lines::log_down(self.context, outcome);
        }
        match plan.stop() {
            Some(StopCause::WrongBodySign) if keys.change_key() => {
                let outcomes = plan.change_key(keys.has_received());
                self.settle(outcomes).await;
            }
            Some(StopCause::WrongBodySign | StopCause::KeyRefused) => {
                lines::log_key_refused(self.context, outcome);
            }
            Some(StopCause::UnknownAnswer) => lines::log_unknown_answer(self.context, outcome),
            None if has_received(outcome) => lines::log_received(self.context, self.has_failed),
            // The end of the run logs the first; the failures themselves the others.
            Some(StopCause::AllRejected | StopCause::Down | StopCause::Store) | None => (),
        }
    }
}

/// Stores what an answer shows about the key and the size of batches.
async fn learn<W: World>(
    outcome: &PushOutcome,
    plan: &BatchPlan,
    keys: &mut SigningKeys<'_, W>,
) -> Result<(), Failure> {
    // A lower limit is stored when the marketplace has received a batch under it: a refusal of every
    // batch shows nothing about their size.
    if has_received(outcome) && plan.limit() < keys.batch_limit() {
        keys.note_limit(plan.limit()).await?;
    }
    match outcome.as_ref().map(|answer| answer.verdict) {
        Ok(PushVerdict::Received) => keys.note_accepted(true).await,
        Ok(PushVerdict::InstanceNotFound | PushVerdict::TooMany) => keys.note_accepted(false).await,
        Ok(PushVerdict::KeyRefused) => keys.note_refused().await,
        Ok(PushVerdict::WrongBodySign) if plan.stop() == Some(StopCause::WrongBodySign) => {
            keys.note_refused().await
        }
        Ok(PushVerdict::WrongBodySign) if !plan.has_received_now() => keys.note_doubted().await,
        // Such an answer may come before the signature was verified.
        Ok(
            PushVerdict::Retry
            | PushVerdict::RecordAtFault
            | PushVerdict::WrongBodySign
            | PushVerdict::Unknown,
        )
        | Err(_) => keys.note_nothing().await,
    }
}

fn has_received(outcome: &PushOutcome) -> bool {
    outcome.as_ref().is_ok_and(|answer| answer.verdict == PushVerdict::Received)
}

/// Whether the marketplace did not answer, or failed.
fn has_failed(outcome: &PushOutcome) -> bool {
    match outcome {
        Ok(answer) => answer.verdict == PushVerdict::Retry,
        Err(_) => true,
    }
}
