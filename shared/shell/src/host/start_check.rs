//! The checks of the store at a start: the seal keys and the permissions (decisions F5, I5).

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

/// Checks the keys and the permissions.
///
/// # Errors
/// If a check fails for a reason that does not go away. A store that does not answer now is only a
/// warning.
pub(super) async fn prove(world: &MachineWorld<AnyStore>, seal: &Seal) -> Result<(), HostError> {
    prove_keys(world, seal).await?;
    for (right, outcome) in try_rights(world).await {
        match outcome {
            Ok(()) => {}
            Err(RightError::Refused(text)) => return Err(HostError::Right { right, text }),
            Err(RightError::Unanswered(text)) => {
                let right = right.as_str();
                tracing::warn!(right, text, advice = CHECK, "store does not answer");
            }
        }
    }
    Ok(())
}

/// Tries every operation that koohook needs in a store.
pub(super) async fn try_rights(world: &MachineWorld<AnyStore>) -> Vec<RightProof> {
    let drawn = [(); 2].map(|()| Version(world.random()));
    let proof = world.store().prove(drawn, world.now());
    world.within(BUDGET, proof).await.unwrap_or_default()
}

/// Checks only the keys.
///
/// # Errors
/// If the keys do not decrypt the store's seal mark.
pub(super) async fn prove_keys(
    world: &MachineWorld<AnyStore>,
    seal: &Seal,
) -> Result<(), HostError> {
    judge(repository(world, seal).prove_keys().await, seal)
}

/// For a process without a key: stops work in a store that another process has begun to seal.
pub async fn look_for_seal(context: &Context<MachineWorld<AnyStore>>) {
    let seal = &context.settings.seal;
    if seal.seals() {
        return;
    }
    if let Err(fault) = repository(&context.world, seal).look_for_mark().await {
        tracing::error!(fault = %fault, advice = format!("KOOHOOK_SEAL_KEY {NO_KEY}"), "store cannot be used");
    }
}

pub(super) fn repository<'a>(
    world: &'a MachineWorld<AnyStore>,
    seal: &'a Seal,
) -> Repository<'a, MachineWorld<AnyStore>> {
    let deadline = Deadline::after(world.elapsed(), BUDGET);
    Repository::new(world, seal, Reader::Operator, deadline)
}

/// A start fails only for a reason that does not go away.
pub(super) fn judge(proven: Result<(), Failure>, seal: &Seal) -> Result<(), HostError> {
    match proven {
        Ok(()) => Ok(()),
        Err(Failure::SealedElsewhere) => {
            let problem = if seal.seals() { OTHER_KEY } else { NO_KEY };
            Err(SettingError::new("KOOHOOK_SEAL_KEY", problem).into())
        }
        Err(fault) => {
            tracing::warn!(fault = %fault, advice = CHECK, "store does not answer");
            Ok(())
        }
    }
}

const CHECK: &str = "koohook answers 000005 until the store answers; run koohook check";
/// How long each check may take.
const BUDGET: Duration = Duration::from_secs(5);
pub(super) const OTHER_KEY: &str = "does not decrypt this store, nor does a key in KOOHOOK_SEAL_KEY_PREVIOUS; add the \
     key that sealed the store to KOOHOOK_SEAL_KEY_PREVIOUS, or name another store";
const NO_KEY: &str = "is required, because the store is sealed; set the key that sealed it";
