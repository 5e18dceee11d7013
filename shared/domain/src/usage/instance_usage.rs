//! The stored value with the usage of one instance.

use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use super::info_report::{UsageInfoEntry, UsageInfoReport};
use super::quantity::UsageTotal;
use super::usage_record::UsageRecord;
use super::window::UsageWindow;

/// The usage of one instance: its windows of about three weeks, the sum since its beginning, and what
/// the product says about a package.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceUsage {
    /// The instance. The key contains only a digest of its ID.
    pub instance_id: InstanceId,
    /// The windows, the earliest first. They never overlap.
    pub records: Vec<UsageRecord>,
    /// The sum of the windows that were deleted, without the rejected ones.
    pub forgotten: UsageTotal,
    /// The newest end of an accepted window.
    pub newest_end: Option<UnixMillis>,
    /// What the product last sent with `usage-info`.
    pub info: Option<ReportedInfo>,
    /// When a relay first found that windows are old enough to be deleted (decision D12).
    pub sighted: Option<UnixMillis>,
}

/// What the product last sent with `usage-info`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportedInfo {
    /// When the product signed it.
    pub at: UnixMillis,
    /// Its entries.
    pub entries: Vec<UsageInfoEntry>,
}

impl InstanceUsage {
    /// The usage of an instance that has reported nothing.
    pub const fn new(instance_id: InstanceId) -> Self {
        Self {
            instance_id,
            records: Vec::new(),
            forgotten: UsageTotal::ZERO,
            newest_end: None,
            info: None,
            sighted: None,
        }
    }

    /// The record of exactly this window.
    pub fn record(&self, window: UsageWindow) -> Option<&UsageRecord> {
        let place = self.place(window)?;
        self.records.get(place)
    }

    pub(super) fn record_mut(&mut self, window: UsageWindow) -> Option<&mut UsageRecord> {
        let place = self.place(window)?;
        self.records.get_mut(place)
    }

    fn place(&self, window: UsageWindow) -> Option<usize> {
        let place =
            self.records.binary_search_by_key(&window.begin(), |it| it.window.begin()).ok()?;
        self.records.get(place).filter(|record| record.window == window).map(|_| place)
    }

    /// The sum of everything that was accepted since the beginning, without what was rejected later
    /// (decision J6).
    pub fn total(&self) -> UsageTotal {
        let counted = self.records.iter().filter(|record| record.counts());
        counted.fold(self.forgotten, |sum, record| sum.plus(record.quantity))
    }

    /// Stores a message about the usage of a package. Returns whether it changes anything: a message
    /// that was signed before the last one does not (decision J6).
    pub fn apply_info(&mut self, report: &UsageInfoReport, at: UnixMillis) -> bool {
        let reported = ReportedInfo { at, entries: report.entries.clone() };
        let is_new = self.info.as_ref().is_none_or(|last| last.at <= at && *last != reported);
        if is_new {
            self.info = Some(reported);
        }
        is_new
    }

    /// Whether more than 80 % of the room for windows is used (decision J2).
    pub fn is_almost_full(&self) -> bool {
        self.records.len() * 5 > MAX_WINDOWS * 4
    }
}

/// How many windows an instance may have: quarter hours for 22 days. They fit into one value, whatever
/// their states are.
pub const MAX_WINDOWS: usize = 2_112;

/// How many different packages the windows of one instance may name. One purchase has at most 30.
pub const MAX_PACKAGES: usize = 128;
