//! Checks the store: the table, each operation, the seal and the clock.

use shell::config::{Config, StoreConfig, variable};
use shell::host::{self, StoreCheck};
use shell::store::dynamodb::{AwsCredentials, Dynamodb};
use shell::store::{Store, StoreOpenError, StoreSetting};

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

fn finding(outcome: Result<&str, String>) -> Finding {
    outcome.map_or_else(Finding::failed, Finding::ok)
}

const NO_FILE: &str = "the file does not exist; koohook serve creates it when it starts";
