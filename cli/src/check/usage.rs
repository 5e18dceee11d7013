//! Checks whether usage waits for too long.

use shell::config::{StoreConfig, variable};
use shell::host::open_to_read;

use crate::error::CommandError;
use crate::findings::{Finding, FindingLevel, Findings};
use crate::session::Session;
use crate::usage::waiting::find_usage;

/// Prints how many windows wait. A store that cannot be read has its own findings.
pub fn check(findings: &mut Findings) {
    if let Ok(config) = StoreConfig::read(&variable)
        && config.store.must_exist().is_ok()
    {
        let found = find(config).unwrap_or_else(|fault| Finding::failed(fault.to_string()));
        findings.print("usage", &found);
    }
}

/// Late usage says nothing about the settings, so it does not fail the check.
fn find(config: StoreConfig) -> Result<Finding, CommandError> {
    let session = Session::open(config, async |config| Ok(open_to_read(config).await?))?;
    let found = find_usage(&session)?;
    let is_failed = found.level == FindingLevel::Failed;
    Ok(if is_failed { Finding::warn(found.text) } else { found })
}
