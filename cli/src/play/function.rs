//! The functions of koohook, each at an address of its own.

use simulator::scenario::Step;

/// The function that serves a step's activity.
pub fn function(step: &Step) -> &'static str {
    match step.activity() {
        "newInstance" => "new-instance",
        "refreshInstance" => "refresh-instance",
        "expireInstance" => "expire-instance",
        "updateInstanceStatus" | "instanceStatus" => "update-instance-status",
        "upgradeInstance" | "upgrade" => "upgrade-instance",
        "releaseInstance" => "release-instance",
        "queryInstance" => "query-instance",
        "changeInstanceCheck" => "change-instance-check",
        "tenantSync" => "tenant-sync",
        "applicationSync" => "application-sync",
        "authSync" => "auth-sync",
        "singleOrgSync" => "single-org-sync",
        "allOrgSync" => "all-org-sync",
        _ => "receive",
    }
}
