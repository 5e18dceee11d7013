//! Sends the windows that wait, without a wait for the full hour.

use std::time::Duration;

use protocol::message::InstanceId;
use shell::relay::{Relay, UsageCounts};
use shell::world::{Deadline, World};

use super::UsageStage;
use crate::error::CommandError;
use crate::usage::make_due;

impl UsageStage<'_> {
    /// Makes the windows of an instance due, as `koohook usage now` does, and runs the relay once, as
    /// a timer does. Returns what the run did with usage.
    ///
    /// # Errors
    /// If the store does not answer, or the run does not start.
    pub fn send_now(&self, instance: &InstanceId) -> Result<UsageCounts, CommandError> {
        let context = &self.koohook.context;
        let repository = context.repository(Deadline::after(context.world.elapsed(), BUDGET));
        self.runtime.block_on(make_due(&repository, instance))?;
        context.read_usage_again();
        let run = Relay::new(context, BUDGET).run();
        Ok(self.runtime.block_on(run)?.usage)
    }
}

/// The time of a run, as on a function platform.
const BUDGET: Duration = Duration::from_secs(30);
