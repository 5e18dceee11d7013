//! The relay of a process that lives on: no platform's timer is needed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::opening::MachineContext;
use crate::host::start_check::look_for_seal;
use crate::relay::Relay;
use crate::world::World;

/// Relays again and again, as a timer does on a function platform, until the process ends.
pub async fn keep_relaying(context: Arc<MachineContext>) {
    let (mut assessed, mut looked) = (Instant::now(), Instant::now());
    let mut is_failing = false;
    loop {
        if looked.elapsed() >= LOOKED_EVERY {
            look_for_seal(&context).await;
            looked = Instant::now();
        }
        let outcome = Relay::new(&context, RUN).run().await;
        match &outcome {
            Ok(report) => report.log(),
            // It is tried every second: one line says so until it succeeds.
            Err(_) if is_failing => {}
            Err(fault) => tracing::error!(fault = %fault, "relay failed"),
        }
        is_failing = outcome.is_err();
        if assessed.elapsed() >= ASSESSED_EVERY {
            context.world.store().reassess().await;
            assessed = Instant::now();
        }
        tokio::time::sleep(REST).await;
    }
}

/// How long one run of the relay lasts at most.
const RUN: Duration = Duration::from_mins(1);
/// How long the relay rests: a failed attempt is due again after five seconds.
const REST: Duration = Duration::from_secs(1);
/// How often the durability of the store is checked.
const ASSESSED_EVERY: Duration = Duration::from_mins(5);
/// How often a process without a seal key looks whether another process has sealed the store.
const LOOKED_EVERY: Duration = Duration::from_mins(1);
