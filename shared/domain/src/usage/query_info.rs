//! The usage of an instance in the answer to queryInstance (decision J6).

use protocol::message::{UsageInfo, UsageValue};
use protocol::time::UnixMillis;

use super::info_report::UsageInfoEntry;
use super::instance_usage::{InstanceUsage, ReportedInfo};
use super::quantity::UsageTotal;
use crate::instance::{Instance, NewestCalls, UsageKind};

impl Instance {
    /// The `usageInfo` of a query. Empty for an instance that has no usage.
    pub fn usage_info(&self, usage: Option<&InstanceUsage>, now: UnixMillis) -> Vec<UsageInfo> {
        let Some(kind) = self.usage_kind() else { return Vec::new() };
        if let Some(ReportedInfo { at, entries }) = self.queried_info(usage) {
            return entries.iter().map(|entry| of_entry(entry, *at)).collect();
        }
        match kind {
            UsageKind::PayPerUse => {
                let reported = usage.and_then(|usage| usage.info.as_ref());
                let counted = usage.and_then(|usage| Some((usage.total(), usage.newest_end?)));
                let (total, at) =
                    counted.unwrap_or_else(|| (UsageTotal::ZERO, self.first_known(now)));
                let dashboard_url = reported.and_then(only_address);
                vec![UsageInfo { dashboard_url, ..info(total, at) }]
            }
            UsageKind::Package => vec![info(UsageTotal::ZERO, self.first_known(now))],
        }
    }

    /// The product's entries, if a query answers them and not the sum of windows: those of a package,
    /// and those of an instance of unknown mode until it has windows (decision J7).
    pub fn queried_info<'a>(&self, usage: Option<&'a InstanceUsage>) -> Option<&'a ReportedInfo> {
        let usage = usage?;
        let answers_entries = match self.usage_kind()? {
            UsageKind::Package => true,
            UsageKind::PayPerUse => self.charging().is_none() && usage.newest_end.is_none(),
        };
        usage.info.as_ref().filter(|_| answers_entries)
    }

    /// The beginning of the instance. An instance without a beginning has the earliest time that its
    /// record contains. `now` if it contains none.
    fn first_known(&self, now: UnixMillis) -> UnixMillis {
        let NewestCalls { status, refresh, upgrade, access } = self.newest;
        let known = [status, refresh, upgrade, access].into_iter().flatten().min();
        self.began_at.or(known).unwrap_or(now).min(now)
    }
}

/// The usage of an instance that was not counted yet: zero up to `at`.
pub fn no_usage(at: UnixMillis) -> UsageInfo {
    info(UsageTotal::ZERO, at)
}

fn info(total: UsageTotal, at: UnixMillis) -> UsageInfo {
    UsageInfo {
        related_instance_id: None,
        usage_value: UsageValue::of_ten_thousandths(total.ten_thousandths()),
        statistical_time: at,
        dashboard_url: None,
    }
}

fn of_entry(entry: &UsageInfoEntry, at: UnixMillis) -> UsageInfo {
    let UsageInfoEntry { usage_value, related_instance_id, dashboard_url } = entry.clone();
    UsageInfo { related_instance_id, dashboard_url, ..info(usage_value, at) }
}

/// The address of the buyer's usage, if the product sent one entry. With several entries it is
/// unknown which address belongs to the instance.
fn only_address(reported: &ReportedInfo) -> Option<String> {
    match reported.entries.as_slice() {
        [UsageInfoEntry { dashboard_url, .. }] => dashboard_url.clone(),
        _ => None,
    }
}
