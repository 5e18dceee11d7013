//! What a start proves of its store: the seal keys, and the rights (decisions F5, I5).

use std::fs::{self, OpenOptions};
use std::time::Duration;

use domain::outbox::Reader;
use domain::settings::SettingError;

use super::{HostError, Machine};
use crate::config::StoreConfig;
use crate::context::Context;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::seal::Seal;
use crate::store::{AnyStore, RightError, RightProof, StoreSetting, Version};
use crate::world::{Deadline, World};

/// How long each of these may take.
const BUDGET: Duration = Duration::from_secs(5);

/// Opens a store for a command that writes. A command never begins to seal a store that others
/// serve in clear: they would have no key, and stop.
///
/// # Errors
/// If the store does not open, its seal does not open, or it refuses what the command does.
pub async fn open_to_write(keeping: &StoreConfig) -> Result<Machine<AnyStore>, HostError> {
    let world = Machine::new(keeping.store.open(false).await?);
    if matches!(repository(&world, &keeping.seal).is_to_be_sealed().await, Ok(true)) {
        return Err(SettingError { setting: "KOOHOOK_SEAL_KEY", wants: IN_CLEAR.to_owned() }.into());
    }
    prove(&world, &keeping.seal).await?;
    Ok(world)
}

/// Opens a store for a command that reads. It need not be writable.
///
/// # Errors
/// If the store does not open, or its seal does not open.
pub async fn open_to_read(keeping: &StoreConfig) -> Result<Machine<AnyStore>, HostError> {
    let world = Machine::new(keeping.store.open_to_read().await?);
    let proven = repository(&world, &keeping.seal).prove_keys_to_read().await;
    judge(proven, &keeping.seal)?;
    Ok(world)
}

/// What an examination found of one thing.
#[derive(Debug)]
pub struct Finding {
    /// What was tried.
    pub what: &'static str,
    /// A word for what was found; or what is wrong, and what to do.
    pub outcome: Result<&'static str, String>,
}

/// Tries what koohook does in a store. A store that cannot be written is still read.
pub async fn examine(keeping: &StoreConfig) -> Vec<Finding> {
    if is_unmade(&keeping.store) {
        return vec![Finding { what: "open", outcome: Ok(UNMADE) }];
    }
    let (opened, refused) = match keeping.store.open(false).await {
        Ok(store) => (Ok(store), None),
        Err(fault) => (keeping.store.open_to_read().await, Some(fault.to_string())),
    };
    let outcome = refused.map_or(Ok("ok"), Err);
    let mut findings = vec![Finding { what: "open", outcome }];
    let Ok(store) = opened else { return findings };
    let world = Machine::new(store);
    findings.push(Finding { what: "seal", outcome: seal(&world, &keeping.seal).await });
    for (right, outcome) in try_rights(&world).await {
        let outcome = outcome.map(|()| "ok").map_err(|lack| lack.to_string());
        findings.push(Finding { what: right.as_str(), outcome });
    }
    findings
}

/// Whether the store is an empty file that this user may write: opening it would make the store.
fn is_unmade(store: &StoreSetting) -> bool {
    let StoreSetting::Sqlite { path, .. } = store else { return false };
    let is_empty = fs::metadata(path.as_path()).is_ok_and(|file| file.is_file() && file.len() == 0);
    is_empty && OpenOptions::new().write(true).open(path.as_path()).is_ok()
}

/// How the store is sealed. An examination puts no mark.
async fn seal(world: &Machine<AnyStore>, seal: &Seal) -> Result<&'static str, String> {
    let is_marked = repository(world, seal).is_sealed().await.map_err(|fault| fault.to_string())?;
    let proven = repository(world, seal).prove_keys_to_read().await;
    match (is_marked, proven) {
        (false, Ok(())) => Ok("the store has no mark yet"),
        (true, Ok(())) => Ok("ok"),
        (_, Err(Failure::SealedElsewhere)) if !seal.seals() => {
            Ok("sealed; set KOOHOOK_SEAL_KEY to see whether the key opens it")
        }
        (_, Err(Failure::SealedElsewhere)) => Err(format!("KOOHOOK_SEAL_KEY {OTHER_KEY}")),
        (_, Err(fault)) => Err(fault.to_string()),
    }
}

/// Proves keys and rights.
///
/// # Errors
/// What will not heal by itself. A store that does not answer now is a warning.
pub(super) async fn prove(world: &Machine<AnyStore>, seal: &Seal) -> Result<(), HostError> {
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
async fn try_rights(world: &Machine<AnyStore>) -> Vec<RightProof> {
    let drawn = [(); 2].map(|()| Version(world.random()));
    let proof = world.store().prove(drawn, world.now());
    world.within(BUDGET, proof).await.unwrap_or_default()
}

/// Proves the keys alone.
///
/// # Errors
/// If the store's mark does not open.
pub(super) async fn prove_keys(world: &Machine<AnyStore>, seal: &Seal) -> Result<(), HostError> {
    judge(repository(world, seal).prove_keys().await, seal)
}

/// Stops work in a store that another process has begun to seal, if this one has no key.
pub async fn look_for_seal(context: &Context<Machine<AnyStore>>) {
    let seal = &context.settings.seal;
    if seal.seals() {
        return;
    }
    if let Err(fault) = repository(&context.world, seal).look_for_mark().await {
        tracing::error!(fault = %fault, advice = format!("KOOHOOK_SEAL_KEY {NO_KEY}"), "store not usable");
    }
}

fn repository<'a>(
    world: &'a Machine<AnyStore>,
    seal: &'a Seal,
) -> Repository<'a, Machine<AnyStore>> {
    let deadline = Deadline::after(world.elapsed(), BUDGET);
    Repository::new(world, seal, Reader::Nobody, deadline)
}

/// Only what will not heal by itself refuses a start.
fn judge(proven: Result<(), Failure>, seal: &Seal) -> Result<(), HostError> {
    match proven {
        Ok(()) => Ok(()),
        Err(Failure::SealedElsewhere) => {
            let wants = if seal.seals() { OTHER_KEY } else { NO_KEY };
            Err(SettingError { setting: "KOOHOOK_SEAL_KEY", wants: wants.to_owned() }.into())
        }
        Err(fault) => {
            tracing::warn!(fault = %fault, "store does not answer");
            Ok(())
        }
    }
}

const UNMADE: &str = "the file is empty; the first koohook that serves makes the store";
const IN_CLEAR: &str = "is set, and the values of this store are in clear: unset it here, or start \
     the koohook that serves with it first";
const OTHER_KEY: &str = "does not open this store, nor does KOOHOOK_SEAL_KEY_PREVIOUS: add the key \
     that the store was sealed with to KOOHOOK_SEAL_KEY_PREVIOUS, or name another store";
const NO_KEY: &str = "is required: the store is sealed; set the key that it was sealed with";
