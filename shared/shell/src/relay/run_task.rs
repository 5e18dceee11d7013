//! Runs one task. A failure or a panic in one entity does not affect the others.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::agenda_place::AgendaFound;
use super::tasks::{Task, TaskOutcome};
use super::{RELAY_ADVICE, Relay};
use crate::failure::Failure;
use crate::unusable_entities::makes_unusable;
use crate::unused_parts::{sweep_parts, sweep_unused};
use crate::world::World;

impl<W: World> Relay<'_, W> {
    /// Runs a task. Logs and counts its failure.
    pub(super) async fn run_task(&self, task: Task) -> TaskOutcome {
        let key = task.key().map(str::to_owned);
        let if_failed = match &task {
            Task::Deliver(key) => TaskOutcome::Failed(key.clone()),
            Task::ReadAgenda(_) => TaskOutcome::AgendaRead(AgendaFound::default()),
            Task::SweepList(_) | Task::SweepParts(..) => TaskOutcome::Swept(None),
        };
        let outcome = AssertUnwindSafe(self.try_task(task)).catch_unwind().await;
        match outcome.unwrap_or(Err(Failure::Panicked)) {
            Ok(outcome) => {
                key.inspect(|key| self.context.unusable().readmit(key));
                outcome
            }
            Err(fault) => {
                self.report_failure(key, fault);
                if_failed
            }
        }
    }

    async fn try_task(&self, task: Task) -> Result<TaskOutcome, Failure> {
        let repository = self.context.repository(self.deadline);
        match task {
            Task::Deliver(key) => self.turn(&repository, &key).await,
            // If the agenda cannot be read, the run continues with the entities that it has.
            Task::ReadAgenda(read) => {
                Ok(TaskOutcome::AgendaRead(self.due_entries(read).await.unwrap_or_default()))
            }
            Task::SweepList(key) => {
                let list = repository.read_key(key.clone()).await?;
                let (swept, more) = sweep_unused(&repository, list).await?;
                self.report().add_swept(swept);
                Ok(TaskOutcome::Swept(Some(key).filter(|_| more)))
            }
            Task::SweepParts(owner, names) => {
                let swept = sweep_parts(&repository, &owner, &names).await?;
                self.report().add_swept(swept);
                Ok(TaskOutcome::Swept(None))
            }
        }
    }

    fn report_failure(&self, key: Option<String>, fault: Failure) {
        self.report().troubled += 1;
        self.context.metrics.failed("relay", fault);
        let now = self.context.world.elapsed();
        match key {
            Some(key) if makes_unusable(fault) => self.context.unusable().skip(&key, fault, now),
            entity => {
                if let Some(repeated) = self.context.troubles.tasks.occurred(now) {
                    let (repeated, advice) = (Some(repeated).filter(|it| *it > 1), RELAY_ADVICE);
                    tracing::warn!(
                        entity,
                        fault = %fault,
                        repeated,
                        advice,
                        "task failed; a later run tries again"
                    );
                }
            }
        }
    }
}
