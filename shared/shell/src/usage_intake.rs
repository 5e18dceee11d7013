//! Accepts reported windows of one instance, and stores them: from the product's message, or from an
//! operator's file (decisions J1, J2, J7).

use domain::entity::{Entity, Subject};
use domain::instance::{ChargingMode, UsageKind};
use domain::record::EntityRecord;
use domain::usage::{
    InstanceReport, InstanceUsage, RecordVerdict, RejectReason, ReportDecision, UsageCycle,
    UsageLife,
};

use crate::failure::Failure;
use crate::repository::{Repository, Slot, Start, Update, UsageSlot, UsageUpdate};
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

/// An instance that can have usage, or why it cannot.
struct JudgedInstance {
    life: Result<UsageLife, RejectReason>,
    /// The record to write: an instance of unknown mode is pay-per-use from now on (decision J7).
    learned: Option<EntityRecord>,
}

impl<W: World> UsageIntake<'_, W> {
    /// Stores the records of one instance. Those that are accepted are stored when it returns.
    ///
    /// # Errors
    /// If the store does not answer in time, or a stored value is unusable.
    pub async fn store(&self, report: &InstanceReport<'_>) -> Result<InstanceOutcome, Failure> {
        let subject = Subject::Instance(report.instance_id.clone());
        let updated = self.repository.update(Start::Subject(&subject), |slot: &Slot| {
            let JudgedInstance { life, learned } = JudgedInstance::of(slot.record());
            Ok::<_, Failure>(match learned {
                None => Update::Leave(life),
                Some(record) => Update::write(record, life),
            })
        });
        let life = match updated.await?.decided {
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
        Ok(InstanceOutcome::new(updated.decided, updated.slot.record()))
    }

    /// Decides on the records of one instance, and stores nothing.
    ///
    /// # Errors
    /// If the store does not answer in time, or a stored value is unusable.
    pub async fn try_out(&self, report: &InstanceReport<'_>) -> Result<InstanceOutcome, Failure> {
        let slot = self.repository.read(&Subject::Instance(report.instance_id.clone())).await?;
        let life = match JudgedInstance::of(slot.record()).life {
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
    fn new(verdicts: Vec<RecordVerdict>, usage: Option<&InstanceUsage>) -> Self {
        Self { verdicts, is_almost_full: usage.is_some_and(InstanceUsage::is_almost_full) }
    }

    fn rejected(report: &InstanceReport<'_>, reason: RejectReason) -> Self {
        Self { verdicts: report.reject(reason), is_almost_full: false }
    }
}

impl JudgedInstance {
    fn of(record: Option<&EntityRecord>) -> Self {
        let rejected = |reason| Self { life: Err(reason), learned: None };
        let Some((record, Entity::Instance(instance))) = record.map(|it| (it, &it.entity)) else {
            return rejected(RejectReason::InstanceUnknown);
        };
        match instance.charging() {
            Some(ChargingMode::Package | ChargingMode::Other) => {
                return rejected(RejectReason::NotPayPerUse);
            }
            Some(ChargingMode::PayPerUse) | None => (),
        }
        let learned = instance.learn_usage(UsageKind::PayPerUse);
        let learned =
            learned.map(|learned| EntityRecord { entity: learned.into(), ..record.clone() });
        Self { life: Ok(instance.usage_life()), learned }
    }
}
