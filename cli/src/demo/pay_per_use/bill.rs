//! The end of a story: the marketplace's bill, and the sums of the three parties.

use std::time::Duration;

use protocol::message::InstanceId;
use shell::world::{Deadline, World};
use simulator::usage::UsageMarketplace;

use super::UsageStage;
use crate::error::CommandError;
use crate::generated;

/// What the marketplace made of the records of one instance.
pub struct UsageBill {
    /// The sum of the records in a bill.
    pub billed: String,
    /// Records that repeat a window letter for letter. They are not billed.
    pub repeats: usize,
    /// Records that came too late for their bill.
    pub late: usize,
    /// Records that are rejected, or that repeat or overlap a window with other members.
    pub faults: usize,
}

impl UsageBill {
    /// Makes the marketplace check the records and write its bills of the next hour.
    pub fn make(marketplace: &mut UsageMarketplace, instance: &str) -> Self {
        let now = generated::now_millis();
        marketplace.run_background(now);
        marketplace.collect(now + HOUR_MILLIS);
        let of_instance =
            |records: &mut dyn Iterator<Item = &str>| records.filter(|id| *id == instance).count();
        let faults = marketplace
            .rejected_records()
            .chain(marketplace.altered_duplicates())
            .chain(marketplace.overlaps());
        Self {
            billed: marketplace.billed(instance),
            repeats: of_instance(&mut marketplace.duplicates().map(|it| it.instance_id.as_str())),
            late: of_instance(&mut marketplace.late().iter().map(|it| it.instance_id.as_str())),
            faults: of_instance(&mut faults.map(|it| it.instance_id.as_str())),
        }
    }
}

impl UsageStage<'_> {
    /// koohook's sum of an instance, as `koohook usage show` prints it.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn stored_total(&self, instance: &InstanceId) -> Result<String, CommandError> {
        let context = &self.koohook.context;
        let repository = context.repository(Deadline::after(context.world.elapsed(), BUDGET));
        let slot = self.runtime.block_on(repository.read_usage(instance))?;
        Ok(slot.record().map(|usage| usage.total().to_string()).unwrap_or_default())
    }
}

const BUDGET: Duration = Duration::from_secs(10);
const HOUR_MILLIS: u64 = 3_600_000;
