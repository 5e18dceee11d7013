//! An operator has a window sent again (decision J4).

use protocol::time::UnixMillis;
use thiserror::Error;

use super::cycle::Lateness;
use super::instance_usage::InstanceUsage;
use super::quantity::Quantity;
use super::send_time::REFUSED_AFTER;
use super::usage_record::{RecordState, UsageRecord, WaitingRecord};
use super::window::UsageWindow;

/// Why a window cannot be sent again.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AgainError {
    /// The instance has no such window.
    #[error("instance has no window with this begin and end; run koohook usage show")]
    Unknown,
    /// It waits already.
    #[error("window waits already; run koohook usage now to send it")]
    Waits,
    /// The marketplace refuses windows that began 21 days ago.
    #[error("window began more than 21 days ago; the marketplace refuses it")]
    TooOld,
    /// The usage is zero, which the marketplace never accepts.
    #[error("value is zero, which the marketplace does not accept; give another value")]
    Zero,
}

impl InstanceUsage {
    /// Makes a window wait that was sent or rejected, with a new number, so that the marketplace
    /// sees a new record. `quantity` replaces its usage.
    ///
    /// # Errors
    /// If there is nothing to send.
    pub fn send_again(
        &mut self,
        window: UsageWindow,
        quantity: Option<Quantity>,
        now: UnixMillis,
    ) -> Result<(), AgainError> {
        let record = self.record_mut(window).ok_or(AgainError::Unknown)?;
        if now.since(window.begin()) > REFUSED_AFTER {
            return Err(AgainError::TooOld);
        }
        let quantity = quantity.unwrap_or(record.quantity);
        if quantity.is_zero() {
            return Err(AgainError::Zero);
        }
        match record.state {
            RecordState::Waiting(_) => return Err(AgainError::Waits),
            RecordState::Zero | RecordState::Sent | RecordState::Rejected { .. } => (),
        }
        // The operator knows that it is late.
        let now = now.whole_second();
        let waiting = WaitingRecord::new(now, now, Lateness::Missing);
        let number = record.number.saturating_add(1);
        let state = RecordState::Waiting(waiting);
        *record = UsageRecord { quantity, number, state, ..record.clone() };
        Ok(())
    }
}
