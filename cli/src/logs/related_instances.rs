//! The instances that the lines about an order name. A renewal has its own order, so that only the
//! instance joins its lines with the lines of the purchase.

use std::collections::BTreeSet;

use super::log_line::LogEvent;

/// The IDs of instances.
#[derive(Debug, Default)]
pub struct RelatedInstances {
    ids: BTreeSet<String>,
    /// How many lines were selected only because they name one of the instances.
    pub added_lines: usize,
}

impl RelatedInstances {
    /// Adds the instance that an event names.
    pub fn learn(&mut self, event: &LogEvent<'_>) {
        if let Some(id) = event.text(INSTANCE).filter(|_| self.ids.len() < MOST) {
            self.ids.insert(id.to_owned());
        }
    }

    /// Whether an event names one of the instances.
    pub fn contains(&self, event: &LogEvent<'_>) -> bool {
        event.text(INSTANCE).is_some_and(|id| self.ids.contains(id))
    }

    /// The IDs, separated by commas.
    pub fn text(&self) -> String {
        self.ids.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

const INSTANCE: &str = "instanceId";
/// The most instances that are remembered. An order has few.
const MOST: usize = 1_000;
