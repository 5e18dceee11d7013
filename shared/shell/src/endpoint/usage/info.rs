//! Stores what the product says about the usage of an instance, for the marketplace's query (decisions
//! J6, J7).

use std::time::Duration;

use domain::entity::{Entity, Subject};
use domain::instance::{Access, ChargingMode, Instance, InstanceState, ShownUsageKind};
use domain::record::{EntityRecord, RecordError};
use domain::usage::{InstanceUsage, UsageInfoReport, UsageMessageError};
use http::request::Parts;
use protocol::message::InstanceId;

use super::usage_refusal::UsageRefusal;
use crate::context::Context;
use crate::endpoint::product_call::verify;
use crate::log_ids::LogIds;
use crate::repository::{Repository, Slot, Start, Update, UsageSlot, UsageUpdate};
use crate::world::{Deadline, World};

/// Applies a message. Returns whether it changed anything. `ids` gets the IDs that the message proves,
/// for the log.
pub(super) async fn apply<W: World>(
    context: &Context<W>,
    id: &InstanceId,
    head: &Parts,
    body: &[u8],
    ids: &mut LogIds,
) -> Result<bool, UsageRefusal> {
    let at = verify(context, head, body)?;
    let report = UsageInfoReport::read(id, body);
    if report.as_ref().map_or_else(names_instance, |_| true) {
        *ids = LogIds::of_instance(id);
    }
    let report = report?;
    let repository = context.repository(Deadline::after(context.world.elapsed(), BUDGET));
    let shown =
        if report.is_of_package() { ShownUsageKind::PackageInfo } else { ShownUsageKind::Info };
    learn(&repository, id, shown, ids).await?;
    let slot = repository.read_usage(id).await?;
    let updated = repository.update_usage(slot, |slot: &UsageSlot| {
        let current = slot.record().cloned();
        let mut usage = current.unwrap_or_else(|| InstanceUsage::new(id.clone()));
        if !usage.apply_info(&report, at) {
            return Ok(UsageUpdate::Leave(false));
        }
        match usage.to_bytes() {
            Err(RecordError::TooLarge) => Err(UsageRefusal::TooLarge),
            Ok(_) | Err(_) => Ok(UsageUpdate::Write(usage, true)),
        }
    });
    Ok(updated.await?.decided)
}

/// Checks that the instance can have usage. If its mode is unknown, koohook learns from the message
/// what it is.
async fn learn<W: World>(
    repository: &Repository<'_, W>,
    id: &InstanceId,
    shown: ShownUsageKind,
    ids: &mut LogIds,
) -> Result<(), UsageRefusal> {
    let subject = Subject::Instance(id.clone());
    let updated = repository.update(Start::Subject(&subject), |slot: &Slot| {
        let record = slot.record().ok_or(UsageRefusal::Unknown)?;
        let Entity::Instance(instance) = &record.entity else { return Err(UsageRefusal::Unknown) };
        *ids = LogIds::of_record(record);
        check(instance)?;
        Ok::<_, UsageRefusal>(match instance.learn_usage(shown) {
            None => Update::Leave(()),
            Some(learned) => {
                let record = EntityRecord { entity: learned.into(), ..record.clone() };
                Update::write(record, ())
            }
        })
    });
    updated.await.map(|_| ())
}

fn check(instance: &Instance) -> Result<(), UsageRefusal> {
    if instance.state == InstanceState::Released || instance.access == Access::Abandoned {
        return Err(UsageRefusal::Gone);
    }
    match instance.charging() {
        Some(ChargingMode::Other) => Err(UsageRefusal::OtherMode),
        Some(ChargingMode::PayPerUse | ChargingMode::Package) | None => Ok(()),
    }
}

/// Whether a message with this fault names the instance of its path. The signature does not cover
/// the path.
const fn names_instance(fault: &UsageMessageError) -> bool {
    matches!(fault, UsageMessageError::Entry | UsageMessageError::EntryCount)
}

/// How long a call may take.
const BUDGET: Duration = Duration::from_secs(10);
