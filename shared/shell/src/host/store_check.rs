//! Checks what koohook does in a store, for an operator (decision I5).

use std::fs::{self, OpenOptions};

use super::machine::MachineWorld;
use crate::config::StoreConfig;
use crate::failure::Failure;
use crate::host::start_check::{OTHER_KEY, repository, try_rights};
use crate::seal::Seal;
use crate::store::{AnyStore, StoreSetting};

/// One thing that was checked.
#[derive(Debug)]
pub struct StoreCheck {
    /// What was tried.
    pub what: &'static str,
    /// A word for what was found; or what is wrong, and what to do.
    pub outcome: Result<&'static str, String>,
}

/// Tries what koohook does in a store. A store that cannot be written is still read.
pub async fn check_store(config: &StoreConfig) -> Vec<StoreCheck> {
    if is_unmade(&config.store) {
        return vec![StoreCheck { what: "open", outcome: Ok(UNMADE) }];
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

/// Whether the store is an empty file that this user may write: opening it would make the store.
fn is_unmade(store: &StoreSetting) -> bool {
    let StoreSetting::Sqlite { path, .. } = store else { return false };
    let is_empty = fs::metadata(path.as_path()).is_ok_and(|file| file.is_file() && file.len() == 0);
    is_empty && OpenOptions::new().write(true).open(path.as_path()).is_ok()
}

/// How the store is sealed. A check puts no mark.
async fn seal(world: &MachineWorld<AnyStore>, seal: &Seal) -> Result<&'static str, String> {
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

const UNMADE: &str = "the file is empty; the first koohook that serves makes the store";
