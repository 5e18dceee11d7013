//! One window of an instance's usage, and its state.

use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use super::cycle::Lateness;
use super::quantity::Quantity;
use super::window::UsageWindow;

/// One accepted window of an instance. The marketplace gets each as one record, and never two of them
/// merged (decision J2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageRecord {
    /// The window.
    pub window: UsageWindow,
    /// The usage in this window.
    pub quantity: Quantity,
    /// The package instance from which the marketplace deducts it.
    pub package: Option<InstanceId>,
    /// How many times an operator had it sent again.
    pub number: u32,
    /// Its state.
    pub state: RecordState,
}

/// The state of a window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordState {
    /// The usage is zero. It is never sent.
    Zero,
    /// It is not known to have reached the marketplace.
    Waiting(WaitingRecord),
    /// The marketplace received it. This does not mean that it was billed.
    Sent,
    /// The marketplace rejected it.
    Rejected {
        /// The marketplace's code.
        code: String,
        /// When.
        at: UnixMillis,
    },
}

/// What koohook knows about a window that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WaitingRecord {
    /// When it was accepted.
    pub accepted: UnixMillis,
    /// When the relay sends it next.
    pub next: UnixMillis,
    /// The marketplace's `record_time`. It is stored before the first sending, and never changes.
    pub record_time: Option<UnixMillis>,
    /// A batch with this record may have at most so many records: a larger batch was refused.
    pub at_most: Option<u16>,
    /// Since when the marketplace refuses it for a reason that may go away.
    pub refused_since: Option<UnixMillis>,
    /// How late it was when an operator last learned of it.
    pub told: Lateness,
    /// The code of the marketplace's last answer.
    pub code: Option<String>,
}

impl RecordState {
    /// The word for commands.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Waiting(WaitingRecord { record_time: Some(_), .. }) => "sending",
            Self::Waiting(_) => "waiting",
            Self::Sent => "sent",
            Self::Rejected { .. } => "rejected",
        }
    }
}

impl UsageRecord {
    /// What is known about the record while it waits.
    pub const fn waiting(&self) -> Option<&WaitingRecord> {
        match &self.state {
            RecordState::Waiting(waiting) => Some(waiting),
            RecordState::Zero | RecordState::Sent | RecordState::Rejected { .. } => None,
        }
    }

    pub(super) const fn waiting_mut(&mut self) -> Option<&mut WaitingRecord> {
        match &mut self.state {
            RecordState::Waiting(waiting) => Some(waiting),
            RecordState::Zero | RecordState::Sent | RecordState::Rejected { .. } => None,
        }
    }

    /// Whether it counts in the sum of the instance's usage.
    pub const fn counts(&self) -> bool {
        match self.state {
            RecordState::Zero | RecordState::Waiting(_) | RecordState::Sent => true,
            RecordState::Rejected { .. } => false,
        }
    }
}

impl WaitingRecord {
    /// A record that was just accepted.
    pub(super) const fn new(accepted: UnixMillis, next: UnixMillis, told: Lateness) -> Self {
        Self {
            accepted,
            next,
            record_time: None,
            at_most: None,
            refused_since: None,
            told,
            code: None,
        }
    }
}
