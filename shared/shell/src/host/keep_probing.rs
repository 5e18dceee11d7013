//! Probes a long-running process, so that `/readyz` can report the result (decision I5).

use std::sync::Arc;
use std::time::Duration;

use super::opening::MachineContext;
use crate::probe::Prober;
use crate::world::World;

/// Probes once, and then repeatedly in the background until the process ends. A process that its
/// platform freezes between calls must not do this: a frozen probe would report a wrong result.
pub async fn start_probing(context: Arc<MachineContext>) {
    context.readiness.begin();
    let rest = if context.world.store().bills_writes() { REST_BILLED } else { Duration::ZERO };
    let mut prober = Prober::new(rest);
    prober.probe(&context).await;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            prober.probe(&context).await;
        }
    });
}

/// How often a process probes itself.
const EVERY: Duration = Duration::from_secs(10);
/// The shortest time between two writes of the probe in a store that bills each write.
const REST_BILLED: Duration = Duration::from_mins(1);
