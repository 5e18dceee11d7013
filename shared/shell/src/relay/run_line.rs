//! The log line of a run with work, and the ends of troubles that a run finds.

use super::{RELAY_ADVICE, Relay, RelayError, RelayReport};
use crate::context::Context;
use crate::delivery::log_product_works;
use crate::unused_parts::Swept;
use crate::world::World;

/// Logs that a run failed, or that runs do not fail any more (decision I2).
pub(super) fn log_outcome<W: World>(
    context: &Context<W>,
    outcome: &Result<RelayReport, RelayError>,
) {
    let (now, trouble) = (context.world.elapsed(), &context.troubles.failed_runs);
    match outcome {
        Ok(_) => {
            if let Some(count) = trouble.succeeded(now) {
                tracing::info!(count, "relay works again");
            }
        }
        Err(fault) => {
            if let Some(count) = trouble.occurred(now) {
                let repeated = Some(count).filter(|count| *count > 1);
                let advice = match fault {
                    RelayError::Agenda(_) => RELAY_ADVICE,
                    RelayError::TooShort => LONGER,
                };
                tracing::error!(fault = %fault, repeated, advice, "relay failed");
            }
        }
    }
}

impl RelayReport {
    /// Whether an operator should learn of the run.
    const fn is_alarm(&self) -> bool {
        let without_effect = self.unfinished && self.delivered + self.failed == 0;
        self.stopped || self.dead > 0 || self.troubled > 0 || without_effect
    }

    /// Whether the run shows that the relay works.
    fn is_success(&self) -> bool {
        !self.is_empty() && !self.is_alarm() && (self.delivered > 0 || self.failed == 0)
    }
}

impl<W: World> Relay<'_, W> {
    /// Writes the line of a run that did something: as a warning at the start of a trouble, and once
    /// a minute while it lasts (decision I2).
    pub(super) fn write_line(&self, report: &RelayReport) {
        let (now, troubles) = (self.context.world.elapsed(), &self.context.troubles);
        log_product_works(&troubles.product.over(now));
        let repeated = report.is_alarm().then(|| troubles.runs.occurred(now)).flatten();
        let ended = if report.is_success() {
            troubles.runs.succeeded(now)
        } else {
            troubles.runs.over(now)
        };
        if !report.is_empty() {
            self.write_counts(report, repeated);
        }
        if let Some(count) = ended {
            let _ = troubles.tasks.ended();
            tracing::info!(count, "relay works again");
        }
    }

    fn write_counts(&self, report: &RelayReport, repeated: Option<u64>) {
        let RelayReport { delivered, failed, dead, abandoned, .. } = *report;
        let RelayReport { troubled, swept: Swept { deleted, kept }, stopped, .. } = *report;
        let usage = report.usage;
        let some = |count: usize| Some(count).filter(|count| *count > 0);
        let millis = self.budget.saturating_sub(self.deadline.left(&self.context.world));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    delivered,
                    failed,
                    dead,
                    abandoned,
                    troubled,
                    partsDeleted = deleted,
                    partsKept = kept,
                    stopped,
                    unfinished = report.unfinished,
                    usageSent = some(usage.sent),
                    usageRejected = some(usage.rejected),
                    usageWaiting = some(usage.waiting),
                    usageLate = some(usage.late),
                    usageDropped = some(usage.dropped),
                    usageTroubled = some(usage.troubled),
                    usageStopped = Some(true).filter(|_| usage.stopped),
                    usageUnfinished = Some(true).filter(|_| usage.unfinished),
                    repeated = repeated.filter(|count| *count > 1),
                    millis = u64::try_from(millis.as_millis()).unwrap_or(u64::MAX),
                    "relay run finished"
                )
            };
        }
        if repeated.is_some() {
            line!(warn);
        } else {
            line!(info);
        }
    }
}

const LONGER: &str = "set the timeout of the relay's function to 30 s";
