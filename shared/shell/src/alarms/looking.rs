//! What the figures of the store show.

use std::time::Duration;

use domain::alarm::AlarmKind;
use domain::instance::LongWait;
use protocol::time::UnixMillis;

use crate::context::Context;
use crate::store_figures::{Backlog, StoreFigures};
use crate::world::World;

/// Notes what the newest figures show. Older figures show nothing about now.
pub(super) fn look_at_figures<W: World>(context: &Context<W>) {
    let now = context.world.now();
    let figures = context.store_figures();
    let is_new = |figures: &StoreFigures| now.since(figures.read_at) <= NEW;
    let Some(figures) = figures.filter(is_new) else { return };
    look_at_dead(context, &figures, now);
    look_at_pending(context, figures.pending, now);
    if is_none(figures.usage) {
        context.seen.fine(AlarmKind::UsageLate);
    }
}

/// An entity that has dead letters and is also due is not in the figures of dead letters. So their
/// absence shows something only if nothing is due.
fn look_at_dead<W: World>(context: &Context<W>, figures: &StoreFigures, now: UnixMillis) {
    let dead = figures.dead;
    if dead.count > 0 {
        context.seen.found(AlarmKind::NoticesDead, count(dead), Some(dead.age(now)));
    } else if is_none(figures.waiting) {
        context.seen.fine(AlarmKind::NoticesDead);
    }
}

/// The figures have the last change of a purchase. It may have waited for longer.
fn look_at_pending<W: World>(context: &Context<W>, pending: Backlog, now: UnixMillis) {
    let age = pending.age(now);
    if is_none(pending) {
        context.seen.fine(AlarmKind::PurchasesPending);
    } else if age >= LongWait::Warning.span() {
        context.seen.found(AlarmKind::PurchasesPending, count(pending), Some(age));
    }
}

const fn is_none(backlog: Backlog) -> bool {
    backlog.count == 0 && backlog.is_all
}

fn count(backlog: Backlog) -> u64 {
    u64::try_from(backlog.count).unwrap_or(u64::MAX)
}

/// The relay reads the figures once a minute.
const NEW: Duration = Duration::from_mins(2);
