//! Runs the relay in a long-running process, which needs no timer of a platform.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future;

use super::opening::MachineContext;
use crate::alarms::{self, tell_people};
use crate::host::start_check::look_for_seal;
use crate::relay::Relay;
use crate::world::World;

/// Runs the relay repeatedly, as a timer does on a function platform, until the process ends. A robot
/// that is slow delays no delivery.
pub async fn keep_relaying(context: Arc<MachineContext>) {
    future::join(keep_running(&context), keep_telling(&context)).await;
}

async fn keep_telling(context: &MachineContext) {
    loop {
        tokio::time::sleep(TOLD_EVERY).await;
        tell_people(context, alarms::BUDGET).await;
    }
}

async fn keep_running(context: &MachineContext) {
    let (mut assessed, mut looked) = (Instant::now(), Instant::now());
    context.readiness.note_relay(context.world.elapsed());
    loop {
        if looked.elapsed() >= LOOKED_EVERY {
            look_for_seal(context).await;
            looked = Instant::now();
        }
        let report = Relay::untold(context, RUN).run().await;
        if report.is_ok() {
            context.readiness.note_relay(context.world.elapsed());
        }
        if assessed.elapsed() >= ASSESSED_EVERY {
            context.world.store().reassess().await;
            assessed = Instant::now();
        }
        // A run that had no time for everything goes on at once.
        if !report.is_ok_and(|report| report.unfinished) {
            tokio::time::sleep(REST).await;
        }
    }
}

/// The longest run of the relay.
const RUN: Duration = Duration::from_mins(1);
/// The pause between two runs. A failed attempt is due again after five seconds.
const REST: Duration = Duration::from_secs(1);
/// How often people are told, if there is something to say.
const TOLD_EVERY: Duration = Duration::from_secs(5);
/// How often the durability of the store is checked.
const ASSESSED_EVERY: Duration = Duration::from_mins(5);
/// How often a process without a seal key checks whether another process has sealed the store.
const LOOKED_EVERY: Duration = Duration::from_mins(1);
