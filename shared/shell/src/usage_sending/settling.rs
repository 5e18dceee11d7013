//! Writes the outcomes of sent records.

use std::collections::BTreeMap;

use domain::usage::{BatchPlan, PlanEnd, RecordOutcome, SendOutcome, Settlement};
use futures_util::stream;
use futures_util::{FutureExt, StreamExt};
use protocol::message::InstanceId;

use super::taking::AT_ONCE;
use super::{UsageRun, lines};
use crate::failure::Failure;
use crate::repository::UsageUpdate;
use crate::world::World;

impl<W: World> UsageRun<'_, W> {
    /// Ends a run: settles what only its end shows.
    pub(super) async fn end(&mut self, plan: BatchPlan) {
        self.counts.stopped = plan.stop().is_some();
        let PlanEnd { outcomes, unproven, unfinished } = plan.end();
        self.counts.unfinished |= unfinished;
        if let Some(fault) = unproven {
            lines::log_all_rejected(self.context, &fault);
        }
        self.settle(outcomes).await;
    }

    /// Settles records: one read and one write for each instance. If a write fails, the records wait
    /// until they are sent again, letter for letter.
    pub(super) async fn settle(&mut self, outcomes: Vec<RecordOutcome>) {
        let mut by_instance: BTreeMap<InstanceId, Vec<RecordOutcome>> = BTreeMap::new();
        for outcome in outcomes {
            by_instance.entry(outcome.0.instance_id.clone()).or_default().push(outcome);
        }
        let settled = {
            let run = &*self;
            let settle = |(instance, outcomes): (InstanceId, Vec<RecordOutcome>)| async move {
                let settled = run.settle_instance(&instance, &outcomes).boxed().await;
                (outcomes, settled)
            };
            let settling = stream::iter(by_instance).map(settle).buffer_unordered(AT_ONCE);
            settling.collect::<Vec<_>>().await
        };
        for (outcomes, settled) in settled {
            self.note_settled(&outcomes, settled);
        }
    }

    async fn settle_instance(
        &self,
        instance: &InstanceId,
        outcomes: &[RecordOutcome],
    ) -> Result<Vec<Settlement>, Failure> {
        let slot = self.repository.read_usage(instance).await?;
        let cycle = self.context.settings.usage_cycle;
        let updated = self.repository.update_usage(slot, |slot| {
            let now = self.context.world.now();
            let Some(usage) = slot.record() else {
                return Ok::<_, Failure>(UsageUpdate::Leave(Vec::new()));
            };
            let mut after = usage.clone();
            let settle =
                |(record, outcome): &RecordOutcome| after.settle(record, outcome, cycle, now);
            let settled: Vec<_> = outcomes.iter().map(settle).collect();
            let is_changed = settled.iter().any(|settled| settled.changed);
            Ok(if is_changed {
                UsageUpdate::Write(after, settled)
            } else {
                UsageUpdate::Leave(settled)
            })
        });
        Ok(updated.await?.decided)
    }

    fn note_settled(
        &mut self,
        outcomes: &[RecordOutcome],
        settled: Result<Vec<Settlement>, Failure>,
    ) {
        let settled = settled.unwrap_or_else(|fault| {
            self.counts.troubled += 1;
            lines::log_failure(self.context, fault);
            outcomes.iter().map(|(_, outcome)| if_unsure(outcome)).collect()
        });
        for ((record, outcome), settled) in outcomes.iter().zip(settled) {
            match outcome {
                SendOutcome::Sent => self.counts.sent += 1,
                SendOutcome::Again { .. } | SendOutcome::Refused { .. } if !settled.rejected => {
                    self.counts.waiting += 1;
                    let end = record.window.end();
                    self.oldest_waiting = Some(self.oldest_waiting.map_or(end, |it| it.min(end)));
                }
                SendOutcome::Again { .. }
                | SendOutcome::Refused { .. }
                | SendOutcome::Rejected { .. } => (),
            }
            self.lines.add_settled(record, outcome, settled);
        }
    }
}

/// What an operator must learn if it is not known whether the outcome was written. No later run would
/// log a rejection that was written.
fn if_unsure(outcome: &SendOutcome) -> Settlement {
    let rejected = matches!(outcome, SendOutcome::Rejected { .. });
    Settlement { rejected, ..Settlement::default() }
}
