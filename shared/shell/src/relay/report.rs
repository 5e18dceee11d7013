//! The report of a run of the relay.

use serde_json::{Value, json};

use crate::unused_parts::Swept;
use crate::usage_sending::UsageCounts;

/// The report of a run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RelayReport {
    /// Notices that were delivered.
    pub delivered: usize,
    /// Attempts that failed. The relay tries again later.
    pub failed: usize,
    /// Notices that were given up: an operator should act.
    pub dead: usize,
    /// Purchases that were abandoned, because the marketplace refunded them.
    pub abandoned: usize,
    /// Tasks that failed, for example because the store did not answer.
    pub troubled: usize,
    /// Parts of lists that were swept.
    pub swept: Swept,
    /// Whether the run stopped delivering because the product was down.
    pub stopped: bool,
    /// Whether the time was up before all work was done.
    pub unfinished: bool,
    /// What the run did with usage.
    pub usage: UsageCounts,
}

impl RelayReport {
    /// Whether the run did nothing and had nothing left to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The report as a JSON object, for the timer that started the run.
    pub fn to_json(self) -> Value {
        let Self { delivered, failed, dead, abandoned, troubled, .. } = self;
        let Self { swept: Swept { deleted, kept }, stopped, unfinished, usage, .. } = self;
        json!({
            "delivered": delivered, "failed": failed, "dead": dead, "abandoned": abandoned,
            "troubled": troubled, "partsDeleted": deleted, "partsKept": kept,
            "stopped": stopped, "unfinished": unfinished,
            "usageSent": usage.sent, "usageRejected": usage.rejected,
            "usageWaiting": usage.waiting, "usageLate": usage.late,
            "usageDropped": usage.dropped, "usageTroubled": usage.troubled,
            "usageStopped": usage.stopped, "usageUnfinished": usage.unfinished,
        })
    }

    pub(super) fn add_swept(&mut self, swept: Swept) {
        self.swept.deleted += swept.deleted;
        self.swept.kept += swept.kept;
    }
}
