//! Checks for an operator whether koohook can use a store (decision I5).

use std::fs::{self, OpenOptions};

use super::machine::MachineWorld;
use crate::config::StoreConfig;
use crate::failure::Failure;
use crate::host::opening::UNENCRYPTED;
use crate::host::start_check::{OTHER_KEY, repository, try_rights};
use crate::seal::Seal;
use crate::store::{AnyStore, StoreSetting};

/// The result of one check.
#[derive(Debug)]
pub struct StoreCheck {
    /// The name of the check.
    pub what: &'static str,
    /// The finding; or the fault, and what to do.
    pub outcome: Result<&'static str, String>,
}

/// Tries every operation that koohook needs in a store. If the store cannot be written, it is still
/// read.
pub async fn check_store(config: &StoreConfig) -> Vec<StoreCheck> {
    if is_not_created(&config.store) {
        return vec![StoreCheck { what: "open", outcome: Ok(NOT_CREATED) }];
    }
    let (opened, refused) = match config.store.open(false).await {
        Ok(store) => (Ok(store), None),
        Err(fault) => (config.store.open_to_read().await, Some(fault.to_string())),
    };
    let outcome = refused.map_or(Ok("ok"), Err);
    let mut checks = vec![StoreCheck { what: "open", outcome }];
    let Ok(store) = opened else { return checks };
    let world = MachineWorld::new(store);
    checks.push(StoreCheck { what: "seal", outcome: seal(&world, &config.seal).await });
    for (right, outcome) in try_rights(&world).await {
        let outcome = outcome.map(|()| "ok").map_err(|lack| lack.to_string());
        checks.push(StoreCheck { what: right.as_str(), outcome });
    }
    checks
}

/// Whether the store is an empty file that this user may write. Opening it would create the store.
fn is_not_created(store: &StoreSetting) -> bool {
    let StoreSetting::Sqlite { path, .. } = store else { return false };
    let is_empty = fs::metadata(path.as_path()).is_ok_and(|file| file.is_file() && file.len() == 0);
    is_empty && OpenOptions::new().write(true).open(path.as_path()).is_ok()
}

/// Checks how the store is sealed. It puts no mark.
async fn seal(world: &MachineWorld<AnyStore>, seal: &Seal) -> Result<&'static str, String> {
    let is_marked = repository(world, seal).is_sealed().await.map_err(|fault| fault.to_string())?;
    if repository(world, seal).is_to_be_sealed().await.map_err(|fault| fault.to_string())? {
        return Err(format!("KOOHOOK_SEAL_KEY {UNENCRYPTED}"));
    }
    let proven = repository(world, seal).prove_keys_to_read().await;
    match (is_marked, proven) {
        (false, Ok(())) if seal.seals() => Ok(NOT_SEALED_YET),
        (false, Ok(())) => Ok(NOT_SEALED),
        (true, Ok(())) => Ok("ok"),
        (_, Err(Failure::SealedElsewhere)) if !seal.seals() => {
            Ok("sealed; set KOOHOOK_SEAL_KEY to check whether it decrypts the store")
        }
        (_, Err(Failure::SealedElsewhere)) => Err(format!("KOOHOOK_SEAL_KEY {OTHER_KEY}")),
        (_, Err(fault)) => Err(fault.to_string()),
    }
}

const NOT_SEALED: &str = "not sealed: no seal key was used yet, so stored values are unencrypted";
const NOT_SEALED_YET: &str =
    "no seal mark yet; the first koohook that serves with this key adds the mark";
const NOT_CREATED: &str = "the file is empty; the first koohook that serves creates the store";
