//! Checks the store: the table, each operation, the seal and the clock.

use std::time::Duration;

use domain::outbox::Reader;
use shell::aws::AwsCredentials;
use shell::config::{Config, StoreConfig, variable};
use shell::host::{self, MachineWorld, StoreCheck};
use shell::repository::Repository;
use shell::store::dynamodb::Dynamodb;
use shell::store::{AnyStore, Store, StoreOpenError, StoreSetting};
use shell::world::{Deadline, World};

use super::clock;
use crate::findings::{Finding, Findings};

/// Prints a finding for each check.
pub async fn check(config: &Config, findings: &mut Findings) {
    match config.store.must_exist() {
        Ok(()) => {}
        Err(StoreOpenError::NoFile) => {
            return findings.print("store open", &Finding::warn(NO_FILE));
        }
        Err(fault) => return findings.print("store open", &Finding::failed(fault.to_string())),
    }
    if let StoreSetting::Dynamodb(setting) = &config.store {
        let credentials = AwsCredentials::from_env().map_err(|fault| fault.to_string());
        let found = match credentials {
            Ok(credentials) => {
                let table = Dynamodb::new(setting, credentials);
                table.check_table().await.map_err(|fault| fault.to_string())
            }
            Err(text) => Err(text),
        };
        findings.print("store table", &finding(found.map(|()| setting.table.as_str())));
    }
    let Ok(of_store) = StoreConfig::to_check(&variable) else { return };
    for StoreCheck { what, outcome } in host::check_store(&of_store).await {
        findings.print(&format!("store {what}"), &finding(outcome));
    }
    if let Ok(store) = config.store.open_to_read().await {
        let world = MachineWorld::new(store);
        if let Some(found) = catalogue(&world, &of_store).await {
            findings.print("store complete", &found);
        }
        let store = world.store();
        match store.clock(clock::now()).await {
            Some(at) => findings.print("clock store", &clock::compare("the store", at)),
            None if config.store.is_local() => {}
            None => findings.print("clock store", &Finding::warn("the store reports no time")),
        }
        if let Some(grade) = store.grade() {
            let text = format!("grade {grade}; docs/stores.md explains the grades");
            findings.print("store grade", &Finding::ok(text));
        }
    }
}

/// Whether the catalogue has the entry of every entity. A store that does not answer has failed other
/// checks.
async fn catalogue(world: &MachineWorld<AnyStore>, config: &StoreConfig) -> Option<Finding> {
    let deadline = Deadline::after(world.elapsed(), BUDGET);
    let repository = Repository::new(world, &config.seal, Reader::Operator, deadline);
    let is_complete = repository.catalogue_is_complete().await.ok()?;
    let is_empty = async || world.store().is_empty().await == Ok(Some(true));
    Some(if is_complete || is_empty().await {
        Finding::ok("the catalogue is complete")
    } else {
        Finding::warn(INCOMPLETE)
    })
}

fn finding(outcome: Result<&str, String>) -> Finding {
    outcome.map_or_else(Finding::failed, Finding::ok)
}

/// How long the read of the mark may take.
const BUDGET: Duration = Duration::from_secs(10);
const INCOMPLETE: &str =
    "the catalogue may lack entities of an older version; run koohook store reindex";
const NO_FILE: &str = "the file does not exist; koohook serve creates it when it starts";
