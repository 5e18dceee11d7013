//! Whether a run may use this machine's clock to give up notices and abandon purchases (decision
//! D12).

use std::time::Duration;

use domain::alarm::AlarmKind;
use domain::instance::ClockTrust;

use super::Relay;
use crate::store::Store;
use crate::trouble_log::TroubleLog;
use crate::world::World;

/// Above the first difference, the run logs a warning. Above the second, the run gives up no notice
/// and abandons no purchase.
const CLOCKS_APART: Duration = Duration::from_secs(30);
const CLOCKS_DOUBTED: Duration = Duration::from_mins(5);
const SYNCHRONISE: &str = "synchronise the clocks of this machine and of the store (NTP); the times that this process \
     wrote are wrong by this difference, if the store's clock is right";
const FAR_APART: &str = "synchronise the clocks of this machine and of the store (NTP); the times that this process \
     wrote are wrong by this difference, if the store's clock is right; until the clocks agree within 5 minutes, \
     the relay abandons no purchase and gives up no notice because of time";

impl<W: World> Relay<'_, W> {
    /// Whether the store's clock agrees with this machine's clock. If the store does not report a
    /// time, this machine's clock is trusted (decision D12).
    pub(super) async fn judge_clock(&self) -> ClockTrust {
        let world = &self.context.world;
        let clock = world.store().clock(world.now());
        let store_time = world.within(self.deadline.left(world), clock).await.flatten();
        let now = world.now();
        let Some(at) = store_time else { return ClockTrust::Trusted };
        let apart = at.since(now).max(now.since(at));
        if apart > CLOCKS_APART {
            self.context.seen.fault(AlarmKind::ClocksDiffer, apart.as_secs());
        } else {
            self.context.seen.fine(AlarmKind::ClocksDiffer);
        }
        let machine = if at > now { "behind the store" } else { "ahead of the store" };
        log_difference(&self.context.troubles.clocks, apart, machine, world.elapsed());
        if apart > CLOCKS_DOUBTED { ClockTrust::Doubted } else { ClockTrust::Trusted }
    }
}

/// `machine` is where this machine's clock is.
fn log_difference(trouble: &TroubleLog, apart: Duration, machine: &str, now: Duration) {
    if apart <= CLOCKS_APART {
        if let Some(count) = trouble.succeeded(now) {
            tracing::info!(count, "clocks agree again");
        }
        return;
    }
    if trouble.occurred(now).is_none() {
        return;
    }
    let seconds = apart.as_secs();
    if apart > CLOCKS_DOUBTED {
        tracing::error!(seconds, machine, advice = FAR_APART, "clocks differ");
    } else {
        tracing::warn!(seconds, machine, advice = SYNCHRONISE, "clocks differ");
    }
}
