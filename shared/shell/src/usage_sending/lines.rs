//! The log lines of a run (decision I2). They contain no body, key or signature.
//!
//! `windows`: the lines about windows, one a run and level. `marketplace`: the lines about the
//! marketplace and the keys.

mod marketplace;
mod windows;

use domain::usage::{Lateness, TakenUsage};

pub(super) use self::marketplace::{
    log_all_rejected, log_batch, log_down, log_key_refused, log_no_key, log_received,
    log_unknown_answer, log_waiting_for_key,
};
pub(super) use self::windows::UsageLines;
use crate::context::Context;
use crate::failure::Failure;
use crate::world::World;

/// The names of the changes that an operator must learn.
pub(super) fn names(taken: &TakenUsage) -> Vec<&'static str> {
    let has = |level| taken.late.iter().any(|(_, lateness)| *lateness == level);
    let late = has(Lateness::Late).then_some("usage-late");
    let missing = has(Lateness::Missing).then_some("usage-missing");
    let dropped = (!taken.dropped.is_empty()).then_some("usage-dropped");
    [late, missing, dropped].into_iter().flatten().collect()
}

/// Logs that koohook cannot read or write what belongs to usage.
pub(super) fn log_failure<W: World>(context: &Context<W>, fault: Failure) {
    context.metrics.failed("usage-sending", fault);
    let trouble = &context.troubles.usage_tasks;
    if let Some(count) = trouble.occurred(context.world.elapsed()) {
        let repeated = Some(count).filter(|count| *count > 1);
        tracing::warn!(
            fault = %fault,
            repeated,
            advice = STORE_ADVICE,
            "usage cannot be sent; a later run tries again"
        );
    }
}

/// Notes a run without failures.
pub(super) fn log_success<W: World>(context: &Context<W>) {
    if let Some(count) = context.troubles.usage_tasks.succeeded(context.world.elapsed()) {
        tracing::info!(count, "usage is read and written again");
    }
}

const STORE_ADVICE: &str = "run koohook store check with the settings of this process";
