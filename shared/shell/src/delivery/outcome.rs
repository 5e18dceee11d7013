//! The outcome of delivering a notice.

use domain::outbox::Settled;

use crate::repository::Slot;
use crate::world::Unanswered;

/// The result of delivering an entity's next notice: it was offered and settled, or left.
#[derive(Debug)]
pub struct DeliveryResult {
    /// The outcome of the notice.
    pub outcome: NoticeOutcome,
    /// Why there was no answer over HTTP, if there was none.
    pub unanswered: Option<Unanswered>,
    /// The current record.
    pub slot: Slot,
}

/// The outcome of a notice. [`Self::as_str`] is its word in the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeOutcome {
    /// The product accepted it.
    Delivered,
    /// The product answered with an error or an unusable body; the notice waits for its next attempt.
    Failed,
    /// The product did not answer in time; the notice waits for its next attempt.
    TimedOut,
    /// The product was not reached; the notice waits for its next attempt.
    NotReached,
    /// The notice is a dead letter: an operator should act.
    GivenUp,
    /// Part of its list was sent; there was no time for the rest.
    Paused,
    /// No notice was offered: no notice is ready, there is no time, or another delivery was faster.
    NotOffered,
    /// No notice was offered: the order query must be sent first, and other queries use all turns.
    Busy,
    /// It was offered, but another delivery settled it first.
    SettledBefore,
    /// It was offered, but the outcome could not be stored.
    Unsettled,
}

impl DeliveryResult {
    pub(super) const fn not_offered(slot: Slot) -> Self {
        Self { outcome: NoticeOutcome::NotOffered, unanswered: None, slot }
    }

    pub(super) const fn busy(slot: Slot) -> Self {
        Self { outcome: NoticeOutcome::Busy, unanswered: None, slot }
    }
}

impl NoticeOutcome {
    /// The outcome of a settled attempt.
    pub(super) const fn of(settled: Settled, unanswered: Option<Unanswered>) -> Self {
        match (settled, unanswered) {
            (Settled::Delivered, _) => Self::Delivered,
            (Settled::Waits, Some(Unanswered::TimedOut)) => Self::TimedOut,
            (Settled::Waits, Some(_)) => Self::NotReached,
            (Settled::Waits, None) => Self::Failed,
            (Settled::Dead, _) => Self::GivenUp,
            (Settled::Paused, _) => Self::Paused,
            (Settled::Nothing, _) => Self::SettledBefore,
        }
    }

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::NotReached => "not-reached",
            Self::GivenUp => "given-up",
            Self::Paused | Self::NotOffered | Self::Busy => "left",
            Self::SettledBefore => "delivered-before",
            Self::Unsettled => "outcome-unknown",
        }
    }

    /// Whether this delivery's attempt was settled with an answer of the product.
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::GivenUp)
    }

    /// Whether the notice was offered to the product.
    pub const fn is_offered(self) -> bool {
        !matches!(self, Self::NotOffered | Self::Busy)
    }
}
