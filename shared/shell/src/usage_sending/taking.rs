//! Takes the due windows of values. A taken window is stored in its final form, and no other relay
//! takes it for a while.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::usage::{InstanceUsage, OutgoingRecord, TakeRules, TakenUsage};
use futures_util::stream;
use futures_util::{FutureExt, StreamExt};
use protocol::message::InstanceId;

use super::{UsageRun, lines};
use crate::failure::Failure;
use crate::repository::UsageUpdate;
use crate::unusable_entities::makes_unusable;
use crate::world::World;

/// What became of a value.
enum Take {
    /// Its windows are taken, or its entry on the agenda is corrected.
    Taken(TakenValue),
    /// It waits until the records of this round are sent.
    NextRound,
    /// It changes later, and the agenda contains it until then.
    Stuck,
    /// It does not exist any more.
    Absent,
}

/// What was taken from a value.
type TakenValue = Box<(InstanceId, TakenUsage)>;

/// Why a value was not taken, and what was perhaps taken: the outcome of the write may be unknown.
type TakeFailure = (Failure, Option<TakenValue>);

/// How many values are read and written concurrently.
pub(super) const AT_ONCE: usize = 16;
/// A round takes no further values after it has taken so many records.
const MAX_RECORDS_A_ROUND: usize = 2_000;

impl<W: World> UsageRun<'_, W> {
    /// Takes what is due in values. A value that cannot be used does not delay the others.
    pub(super) async fn take_all(
        &mut self,
        keys: Vec<String>,
        rules: TakeRules,
    ) -> Vec<OutgoingRecord> {
        let in_flight = AtomicUsize::new(0);
        let taken = {
            let (run, in_flight) = (&*self, &in_flight);
            let take = |key: String| async move {
                let outcome = run.take(&key, rules, in_flight).boxed().await;
                (key, outcome)
            };
            stream::iter(keys).map(take).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await
        };
        taken.into_iter().flat_map(|(key, outcome)| self.note_take(&key, outcome)).collect()
    }

    fn note_take(&mut self, key: &str, outcome: Result<Take, TakeFailure>) -> Vec<OutgoingRecord> {
        match outcome {
            Ok(Take::Taken(taken)) => {
                let (instance, taken) = *taken;
                self.context.unusable().readmit(key);
                self.context.unknown_changes().remove(key);
                self.lines.add_taken(&instance, &taken);
                self.oldest_taken = self.oldest_taken.into_iter().chain(taken.oldest).min();
                return taken.outgoing;
            }
            Ok(Take::NextRound) => self.agenda.forget(key),
            Ok(Take::Stuck) => self.agenda.note_stuck(),
            Ok(Take::Absent) => (),
            Err((fault, unsure)) => self.note_failed_take(key, fault, unsure),
        }
        Vec::new()
    }

    /// Notes a failure. What was perhaps written is logged, since no later run would log it.
    fn note_failed_take(&mut self, key: &str, fault: Failure, unsure: Option<TakenValue>) {
        self.counts.troubled += 1;
        self.agenda.note_stuck();
        if makes_unusable(fault) {
            let elapsed = self.context.world.elapsed();
            self.context.unusable().skip(key, fault, elapsed);
        } else {
            lines::log_failure(self.context, fault);
        }
        if let Some((instance, taken)) = unsure.as_deref()
            && self.context.unknown_changes().add(key, lines::names(taken))
        {
            self.lines.add_taken(instance, taken);
        }
    }

    async fn take(
        &self,
        key: &str,
        rules: TakeRules,
        in_flight: &AtomicUsize,
    ) -> Result<Take, TakeFailure> {
        if in_flight.load(Ordering::Relaxed) >= MAX_RECORDS_A_ROUND || !self.has_settling_time() {
            return Ok(Take::NextRound);
        }
        let slot = self.repository.read_usage_key(key.to_owned()).await;
        let slot = slot.map_err(|fault| (fault, None))?;
        let (mut is_first, mut decided) = (true, None);
        let updated = self.repository.update_usage(slot, |slot| {
            let was_first = std::mem::replace(&mut is_first, false);
            let usage = slot.record();
            let (update, taken) = usage.map_or((UsageUpdate::Leave(Take::Absent), None), |usage| {
                self.decide(usage, rules, was_first)
            });
            decided = taken;
            Ok::<_, Failure>(update)
        });
        match updated.await {
            Ok(updated) => {
                let taken = decided.map(Take::Taken);
                if let Some(Take::Taken(taken)) = &taken {
                    in_flight.fetch_add(taken.1.outgoing.len(), Ordering::Relaxed);
                }
                Ok(taken.unwrap_or(updated.decided))
            }
            Err(fault) => Err((fault, decided)),
        }
    }

    /// Takes what is due. If nothing is due, a wrong entry of the agenda is corrected by a write, unless
    /// another writer has just written the value.
    fn decide(
        &self,
        usage: &InstanceUsage,
        rules: TakeRules,
        is_first: bool,
    ) -> (UsageUpdate<Take>, Option<TakenValue>) {
        let now = self.context.world.now();
        let mut after = usage.clone();
        let taken = after.take(rules, now);
        let is_due = usage.due().is_some_and(|due| due <= now);
        if after != *usage || is_first && !is_due {
            let taken = Box::new((usage.instance_id.clone(), taken));
            (UsageUpdate::Write(after, Take::Absent), Some(taken))
        } else {
            let left = if is_due { Take::Stuck } else { Take::Absent };
            (UsageUpdate::Leave(left), None)
        }
    }
}
