//! When an instance exists (decisions J2, J5).

use protocol::time::UnixMillis;

use super::send_time::USAGE_ENDS_AFTER;
use crate::instance::{Instance, UsageKind};

/// When an instance exists. Usage outside this time is rejected.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UsageLife {
    /// The second in which its purchase was signed; `None` if koohook does not know it.
    pub begins: Option<UnixMillis>,
    /// The second in which its release was signed; `None` if it was not released, or if koohook does
    /// not know it.
    pub ends: Option<UnixMillis>,
}

impl Instance {
    /// When the instance exists.
    pub const fn usage_life(&self) -> UsageLife {
        UsageLife { begins: self.began_at, ends: self.released_at }
    }

    /// Until when the product may report usage of a released pay-per-use instance (decision J5).
    /// `None` for every other instance.
    pub fn usage_until(&self) -> Option<UnixMillis> {
        let released = self.released_at?.after(USAGE_ENDS_AFTER);
        (self.usage_kind() == Some(UsageKind::PayPerUse)).then_some(released)
    }
}
