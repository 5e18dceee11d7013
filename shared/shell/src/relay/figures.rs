//! Reads what waits in the store, for metrics and alarms.

use std::time::Duration;

use super::{Relay, SETTLE};
use crate::store_figures::StoreFigures;
use crate::world::World;

/// How long a run waits for the figures at most.
const PATIENCE: Duration = Duration::from_secs(5);

impl<W: World> Relay<'_, W> {
    /// Reads the figures, if they are needed and it is time. If the store does not answer, the older
    /// figures stay: they contain the time when they were read, and the store logs its own failures.
    pub(super) async fn read_figures(&self) {
        let Self { context, deadline, .. } = self;
        let limit = deadline.before(SETTLE).left(&context.world).min(PATIENCE);
        if !context.settings.reads_figures || !context.figures.may_read(context.world.now()) {
            return;
        }
        if let Ok(figures) = StoreFigures::read(&context.world, limit).await {
            context.figures.set(figures);
        }
    }
}
