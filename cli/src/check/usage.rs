//! Checks whether usage waits for too long.

use shell::config::{StoreConfig, variable};
use shell::host::open_to_read;

use crate::findings::{Finding, Findings};
use crate::session::Session;
use crate::usage::waiting::find_usage;

/// Prints how many windows wait, with the same level as `koohook status`. A store that cannot be read has its own findings.
pub fn check(findings: &mut Findings) {
    if let Ok(config) = StoreConfig::read(&variable)
        && config.store.must_exist().is_ok()
    {
        let session = Session::open(config, async |config| Ok(open_to_read(config).await?));
        let found = session.and_then(|session| find_usage(&session));
        let found = found.unwrap_or_else(|fault| Finding::failed(fault.to_string()));
        findings.print("usage", &found);
    }
}
