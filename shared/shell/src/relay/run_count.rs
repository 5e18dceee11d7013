//! Counts a run in the metrics.

use std::time::Duration;

use super::{RelayError, RelayReport};
use crate::context::Context;
use crate::world::World;

/// Counts a run that began at a time of the process.
pub(super) fn count_run<W: World>(
    context: &Context<W>,
    outcome: &Result<RelayReport, RelayError>,
    began: Duration,
) {
    let took = context.world.elapsed().saturating_sub(began);
    let (end, abandoned) = match outcome {
        Err(_) => ("failed", 0),
        Ok(report) if report.stopped => ("product-down", report.abandoned),
        Ok(report) if report.unfinished => ("unfinished", report.abandoned),
        Ok(report) => ("finished", report.abandoned),
    };
    context.metrics.relayed(end, abandoned, took);
    match outcome {
        Err(RelayError::Agenda(failure)) => context.metrics.failed("relay", *failure),
        Err(RelayError::TooShort) => (),
        Ok(report) => {
            context.note_relayed();
            let usage = report.usage;
            context.metrics.usage_sent(&[
                ("sent", usage.sent),
                ("rejected", usage.rejected),
                ("waiting", usage.waiting),
                ("late", usage.late),
                ("dropped", usage.dropped),
            ]);
        }
    }
}
