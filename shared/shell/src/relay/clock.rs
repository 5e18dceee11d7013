//! Whether a run may decide by this machine's clock (decision D12).

use std::time::Duration;

use domain::instance::ClockTrust;

use super::Relay;
use crate::store::Store;
use crate::world::World;

/// So far apart clocks may be before the log says so, and before nothing is decided by ours.
const CLOCKS_APART: Duration = Duration::from_secs(30);
const CLOCKS_DOUBTED: Duration = Duration::from_mins(5);

impl<W: World> Relay<'_, W> {
    /// Whether the store's clock agrees with ours; if the store tells no time, nothing speaks
    /// against ours (decision D12).
    pub(super) async fn judge_clock(&self) -> ClockTrust {
        let world = &self.context.world;
        let clock = world.store().clock(world.now());
        let told = world.within(self.deadline.left(world), clock).await.flatten();
        let now = world.now();
        let apart = told.map_or(Duration::ZERO, |told| told.since(now).max(now.since(told)));
        let seconds = apart.as_secs();
        let is_doubted = apart > CLOCKS_DOUBTED;
        if apart > CLOCKS_APART && self.context.may_log_clocks() {
            if is_doubted {
                let what = "clocks differ: nothing is given up by time until they agree";
                tracing::error!(seconds, "{what}");
            } else {
                tracing::warn!(seconds, "clocks differ");
            }
        }
        if is_doubted { ClockTrust::Doubted } else { ClockTrust::Trusted }
    }
}
