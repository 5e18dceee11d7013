//! When the relay must read the usage of an instance.

use protocol::time::UnixMillis;

use super::forget::forgettable_at;
use super::instance_usage::InstanceUsage;
use crate::instance::CHECK_AGAIN;

impl InstanceUsage {
    /// When the relay must read the value: to send windows, or to delete old ones. It is a hint for
    /// the agenda.
    pub fn due(&self) -> Option<UnixMillis> {
        let next = self.records.iter().filter_map(|record| {
            let waiting = record.waiting()?;
            Some(waiting.next.max(record.window.end()))
        });
        let oldest = self.records.iter().map(forgettable_at).min();
        let forget = match self.sighted {
            Some(sighted) if oldest.is_some() => Some(sighted.after(CHECK_AGAIN)),
            Some(_) | None => oldest,
        };
        next.chain(forget).min()
    }
}
