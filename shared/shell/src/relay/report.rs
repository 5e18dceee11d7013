//! What a run of the relay did.

use crate::unused_parts::Swept;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RelayReport {
    /// Notices that were delivered.
    pub delivered: usize,
    /// Attempts that failed; another one follows.
    pub failed: usize,
    /// Notices that were given up: an operator should look.
    pub dead: usize,
    /// Purchases that the marketplace gave up.
    pub abandoned: usize,
    /// Tasks that failed, for example because the store did not answer.
    pub troubled: usize,
    /// Parts of lists that were looked at.
    pub swept: Swept,
    /// Whether the product was down, so that the other notices were not offered.
    pub stopped: bool,
    /// Whether time was up before the work was done.
    pub unfinished: bool,
}

impl RelayReport {
    /// Whether there was anything to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The report as a JSON object, for the timer that started the run.
    pub fn to_json(self) -> String {
        let Self { delivered, failed, dead, abandoned, troubled, swept, stopped, unfinished } =
            self;
        let Swept { deleted, kept } = swept;
        serde_json::json!({
            "delivered": delivered, "failed": failed, "dead": dead, "abandoned": abandoned,
            "troubled": troubled, "partsLetGo": deleted, "partsKept": kept,
            "stopped": stopped, "unfinished": unfinished,
        })
        .to_string()
    }

    /// Writes the report to the log: as a warning if an operator should look.
    pub fn log(&self) {
        let Self { delivered, failed, dead, abandoned, troubled, stopped, unfinished, .. } = *self;
        let in_vain = unfinished && delivered + failed == 0;
        if stopped || dead > 0 || troubled > 0 || in_vain {
            tracing::warn!(
                delivered, failed, dead, abandoned, troubled, stopped, unfinished, "relayed"
            );
        } else if !self.is_empty() {
            tracing::info!(delivered, failed, dead, abandoned, stopped, unfinished, "relayed");
        }
    }

    pub(super) fn add_swept(&mut self, swept: Swept) {
        self.swept.deleted += swept.deleted;
        self.swept.kept += swept.kept;
    }
}
