//! What a run saw of the things of which people are told (decision I7).

use domain::alarm::AlarmKind;

use super::{RelayError, RelayReport};
use crate::context::Context;
use crate::usage_sending::UsageCounts;
use crate::world::World;

/// Notes what a run saw.
pub(super) fn note_run<W: World>(context: &Context<W>, outcome: &Result<RelayReport, RelayError>) {
    let seen = &context.seen;
    match outcome {
        Err(RelayError::Agenda(_)) => seen.fault(AlarmKind::StoreDown, 1),
        Err(RelayError::TooShort) => (),
        Ok(report) => {
            if report.stopped {
                seen.fault(AlarmKind::ProductDown, 1);
            }
            if report.dead > 0 {
                seen.fault(AlarmKind::NoticesDead, count(report.dead));
            }
            note_usage(context, report.usage);
        }
    }
}

/// Usage is well if the marketplace received all that was sent.
fn note_usage<W: World>(context: &Context<W>, usage: UsageCounts) {
    let UsageCounts { sent, waiting, late, troubled, stopped, unfinished, .. } = usage;
    if late > 0 {
        context.seen.fault(AlarmKind::UsageLate, count(late));
    } else if sent > 0 && waiting + troubled == 0 && !stopped && !unfinished {
        context.seen.fine(AlarmKind::UsageLate);
    }
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
