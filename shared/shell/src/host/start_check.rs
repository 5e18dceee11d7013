//! What a start proves of its store: the seal keys, and the rights (decisions F5, I5).

use std::time::Duration;

use domain::outbox::Reader;
use domain::settings::SettingError;

use super::error::HostError;
use super::machine::MachineWorld;
use crate::context::Context;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::seal::Seal;
use crate::store::{AnyStore, RightError, RightProof, Version};
use crate::world::{Deadline, World};

/// Proves keys and rights.
///
/// # Errors
/// What will not heal by itself. A store that does not answer now is a warning.
pub(super) async fn prove(world: &MachineWorld<AnyStore>, seal: &Seal) -> Result<(), HostError> {
    prove_keys(world, seal).await?;
    for (right, outcome) in try_rights(world).await {
        match outcome {
            Ok(()) => {}
            Err(RightError::Refused(text)) => return Err(HostError::Right { right, text }),
            Err(RightError::Unanswered(text)) => {
                let right = right.as_str();
                tracing::warn!(right, text, "store does not answer");
            }
        }
    }
    Ok(())
}

/// Tries what koohook does in a store.
pub(super) async fn try_rights(world: &MachineWorld<AnyStore>) -> Vec<RightProof> {
    let drawn = [(); 2].map(|()| Version(world.random()));
    let proof = world.store().prove(drawn, world.now());
    world.within(BUDGET, proof).await.unwrap_or_default()
}

/// Proves the keys alone.
///
/// # Errors
/// If the store's mark does not open.
pub(super) async fn prove_keys(
    world: &MachineWorld<AnyStore>,
    seal: &Seal,
) -> Result<(), HostError> {
    judge(repository(world, seal).prove_keys().await, seal)
}

/// Stops work in a store that another process has begun to seal, if this one has no key.
pub async fn look_for_seal(context: &Context<MachineWorld<AnyStore>>) {
    let seal = &context.settings.seal;
    if seal.seals() {
        return;
    }
    if let Err(fault) = repository(&context.world, seal).look_for_mark().await {
        tracing::error!(fault = %fault, advice = format!("KOOHOOK_SEAL_KEY {NO_KEY}"), "store not usable");
    }
}

pub(super) fn repository<'a>(
    world: &'a MachineWorld<AnyStore>,
    seal: &'a Seal,
) -> Repository<'a, MachineWorld<AnyStore>> {
    let deadline = Deadline::after(world.elapsed(), BUDGET);
    Repository::new(world, seal, Reader::Operator, deadline)
}

/// Only what will not heal by itself refuses a start.
pub(super) fn judge(proven: Result<(), Failure>, seal: &Seal) -> Result<(), HostError> {
    match proven {
        Ok(()) => Ok(()),
        Err(Failure::SealedElsewhere) => {
            let wants = if seal.seals() { OTHER_KEY } else { NO_KEY };
            Err(SettingError::new("KOOHOOK_SEAL_KEY", wants).into())
        }
        Err(fault) => {
            tracing::warn!(fault = %fault, "store does not answer");
            Ok(())
        }
    }
}

/// How long each of these may take.
const BUDGET: Duration = Duration::from_secs(5);
pub(super) const OTHER_KEY: &str = "does not open this store, nor does KOOHOOK_SEAL_KEY_PREVIOUS: add the key \
     that the store was sealed with to KOOHOOK_SEAL_KEY_PREVIOUS, or name another store";
const NO_KEY: &str = "is required: the store is sealed; set the key that it was sealed with";
