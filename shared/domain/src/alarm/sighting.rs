//! What looks at the things that can be wrong showed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::kind::AlarmKind;

/// What a look at one thing showed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AlarmSighting {
    /// It is well.
    Fine,
    /// It is wrong.
    Fault {
        /// How many there are, or how many times it occurred since the last look. Of clocks the
        /// seconds.
        count: u64,
        /// How long the oldest has waited, if known.
        oldest: Option<Duration>,
    },
}

/// What one look showed. A kind that is not in it was not seen.
pub type AlarmSightings = BTreeMap<AlarmKind, AlarmSighting>;

impl AlarmSighting {
    /// A fault without more than its count.
    pub const fn fault(count: u64) -> Self {
        Self::Fault { count, oldest: None }
    }
}
