//! The probe of a process: whether the store can be read and written, the keys decrypt it, and the
//! relay runs (decision I5).

use std::time::Duration;

use crate::context::Context;
use crate::failure::Failure;
use crate::readiness::NotReady;
use crate::store::{Put, Store, Stored, Unavailable, Value, Version};
use crate::world::{Deadline, World};

/// Probes a process repeatedly.
#[derive(Debug)]
pub struct Prober {
    /// The shortest time between two writes of the probe. Zero: each probe writes.
    rest: Duration,
    written: Option<Duration>,
}

impl Prober {
    /// Makes a prober that writes at most once in `rest`, unless the last probe found a fault.
    pub const fn new(rest: Duration) -> Self {
        Self { rest, written: None }
    }

    /// Probes once, and records the result.
    pub async fn probe<W: World>(&mut self, context: &Context<W>) {
        let found = self.find(context).await;
        if found.is_err() {
            self.written = None;
        }
        context.readiness.record(found, context.world.elapsed());
    }

    async fn find<W: World>(&mut self, context: &Context<W>) -> Result<(), NotReady> {
        let world = &context.world;
        let deadline = Deadline::after(world.elapsed(), BUDGET);
        context.repository(deadline).probe_keys().await.map_err(NotReady::Read)?;
        let began = world.elapsed();
        let is_due = self.written.is_none_or(|at| began.saturating_sub(at) >= self.rest);
        if is_due {
            let written = world.within(deadline.left(world), write(world)).await;
            let written = written.ok_or(Failure::OutOfTime).and_then(|put| Ok(put?));
            written.map_err(NotReady::Write)?;
            self.written = Some(began);
        }
        context.readiness.check_relay(world.elapsed())
    }
}

/// Writes a value that has expired already, so that it exists for no reader.
async fn write<W: World>(world: &W) -> Result<(), Unavailable> {
    let now = world.now();
    let version = Version(world.random());
    let value = Value { version, expires: Some(now), ..Value::default() };
    // A check of the permissions that was interrupted may have left a value that has not expired.
    let put = world.store().put(KEY, &value, None, now).await?;
    if let Put::Lost(Some(Stored { version, .. })) = put {
        world.store().put(KEY, &value, Some(version), now).await?;
    }
    Ok(())
}

/// The key that a probe writes: that of the check of the permissions.
const KEY: &str = "proof";
/// How long a probe may take.
const BUDGET: Duration = Duration::from_secs(5);
