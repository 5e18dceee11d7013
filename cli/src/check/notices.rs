//! Checks whether the product accepts what it gets.

use shell::config::{StoreConfig, variable};

use crate::error::CommandError;
use crate::findings::{Finding, Findings};
use crate::local_time::span_text;
use crate::notices::failing::{FailingNotices, failing_notices};

/// Prints how many notices wait after failed attempts. A store that cannot be read has its own
/// findings.
pub fn check(findings: &mut Findings) {
    if let Ok(config) = StoreConfig::read(&variable)
        && config.store.must_exist().is_ok()
    {
        let found = failing_notices(config);
        findings.print("notices", &finding(found));
    }
}

fn finding(found: Result<FailingNotices, CommandError>) -> Finding {
    match found {
        Ok(FailingNotices { count: 0, .. }) => Finding::ok("none waits after a failed attempt"),
        Ok(FailingNotices { count, age }) => {
            let wait = if count == 1 { "waits" } else { "wait" };
            let age = span_text(age);
            Finding::warn(format!(
                "{count} {wait} after failed attempts, the oldest for {age}; see koohook notices list"
            ))
        }
        Err(fault) => Finding::failed(fault.to_string()),
    }
}
