//! Accepts reported windows of one instance, and stores them: from the product's message, or from an
//! operator's file (decisions J1, J2, J7).

use domain::entity::{Entity, Subject};
use domain::instance::{ChargingMode, Instance, ShownUsageKind};
use domain::record::EntityRecord;
use domain::usage::{
    InstanceReport, InstanceUsage, RecordVerdict, RejectReason, ReportDecision, UsageCycle,
    UsageLife,
};

use crate::failure::Failure;
use crate::repository::{Repository, Slot, Start, Update, Updated, UsageSlot, UsageUpdate};
use crate::world::World;

/// Accepts reported windows within the repository's deadline.
#[derive(Clone, Copy)]
pub struct UsageIntake<'a, W> {
    /// The repository.
    pub repository: &'a Repository<'a, W>,
    /// When usage is late.
    pub cycle: UsageCycle,
}

/// What became of the records of one instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceOutcome {
    /// What became of each record, in the order of the report.
    pub verdicts: Vec<RecordVerdict>,
    /// Whether the instance has little room for more windows.
    pub is_almost_full: bool,
}

impl<W: World> UsageIntake<'_, W> {
    /// Stores the records of one instance. Those that are accepted are stored when it returns.
    ///
    /// # Errors
    /// If the store does not answer in time, or a stored value is unusable.
    pub async fn store(&self, report: &InstanceReport<'_>) -> Result<InstanceOutcome, Failure> {
        let subject = Subject::Instance(report.instance_id.clone());
        let judged = self.repository.update(Start::Subject(&subject), |slot: &Slot| {
            Ok::<_, Failure>(Update::Leave(life(slot.record())))
        });
        let Updated { slot: instance, decided: life } = judged.await?;
        let life = match life {
            Ok(life) => life,
            Err(reason) => return Ok(InstanceOutcome::rejected(report, reason)),
        };
        let slot = self.repository.read_usage(report.instance_id).await?;
        let updated = self.repository.update_usage(slot, |slot: &UsageSlot| {
            let ReportDecision { verdicts, write } = self.decide(report, slot, life);
            Ok::<_, Failure>(match write {
                None => UsageUpdate::Leave(verdicts),
                Some(usage) => UsageUpdate::Write(usage, verdicts),
            })
        });
        let updated = updated.await?;
        let outcome = InstanceOutcome::new(updated.decided, updated.slot.record());
        if outcome.has_windows() {
            self.learn(instance).await?;
        }
        Ok(outcome)
    }

    /// Stores that the instance has windows, if its mode is unknown and it learned nothing before
    /// (decision J7). The windows are stored first, because a rejected record teaches nothing. The
    /// relay sends stored windows of every kind. If koohook stops in between, or this write fails,
    /// the product gets no 200 and repeats the report. The repeat teaches the kind.
    async fn learn(&self, instance: Slot) -> Result<(), Failure> {
        let updated = self.repository.update(Start::Slot(instance), |slot: &Slot| {
            Ok::<_, Failure>(match learned(slot.record()) {
                None => Update::Leave(()),
                Some(record) => Update::write(record, ()),
            })
        });
        updated.await.map(|_| ())
    }

    /// Decides on the records of one instance, and stores nothing.
    ///
    /// # Errors
    /// If the store does not answer in time, or a stored value is unusable.
    pub async fn try_out(&self, report: &InstanceReport<'_>) -> Result<InstanceOutcome, Failure> {
        let slot = self.repository.read(&Subject::Instance(report.instance_id.clone())).await?;
        let life = match life(slot.record()) {
            Ok(life) => life,
            Err(reason) => return Ok(InstanceOutcome::rejected(report, reason)),
        };
        let slot = self.repository.read_usage(report.instance_id).await?;
        let ReportDecision { verdicts, write } = self.decide(report, &slot, life);
        Ok(InstanceOutcome::new(verdicts, write.as_ref().or_else(|| slot.record())))
    }

    fn decide(
        &self,
        report: &InstanceReport<'_>,
        slot: &UsageSlot,
        life: UsageLife,
    ) -> ReportDecision {
        report.decide(slot.record(), life, self.cycle, self.repository.world.now())
    }
}

impl InstanceOutcome {
    /// Whether a window was accepted, now or before.
    fn has_windows(&self) -> bool {
        self.verdicts.iter().any(|verdict| !matches!(verdict, RecordVerdict::Rejected(_)))
    }

    fn new(verdicts: Vec<RecordVerdict>, usage: Option<&InstanceUsage>) -> Self {
        Self { verdicts, is_almost_full: usage.is_some_and(InstanceUsage::is_almost_full) }
    }

    fn rejected(report: &InstanceReport<'_>, reason: RejectReason) -> Self {
        Self { verdicts: report.reject(reason), is_almost_full: false }
    }
}

/// When an instance exists, or why it cannot have windows.
fn life(record: Option<&EntityRecord>) -> Result<UsageLife, RejectReason> {
    let instance = instance(record).ok_or(RejectReason::InstanceUnknown)?;
    match instance.charging() {
        Some(ChargingMode::Package | ChargingMode::Other) => Err(RejectReason::NotPayPerUse),
        Some(ChargingMode::PayPerUse) | None => Ok(instance.usage_life()),
    }
}

/// The record to write after a window was accepted. `None` if nothing changes.
fn learned(record: Option<&EntityRecord>) -> Option<EntityRecord> {
    let learned = instance(record)?.learn_usage(ShownUsageKind::Windows)?;
    Some(EntityRecord { entity: learned.into(), ..record?.clone() })
}

fn instance(record: Option<&EntityRecord>) -> Option<&Instance> {
    match &record?.entity {
        Entity::Instance(instance) => Some(instance),
        Entity::MovedTo(_) | Entity::Tenant(_) | Entity::Application(_) | Entity::KitList(_) => {
            None
        }
    }
}
