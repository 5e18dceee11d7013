//! The outcome of delivering a notice.

use std::time::Duration;

use domain::outbox::{Claim, Settled};
use http::StatusCode;

use crate::repository::Slot;
use crate::world::Unanswered;

/// The result of delivering an entity's next notice: it was offered and settled, or left.
#[derive(Debug)]
pub struct DeliveryResult {
    /// The outcome of the notice.
    pub outcome: NoticeOutcome,
    /// Why there was no answer over HTTP, if there was none.
    pub unanswered: Option<Unanswered>,
    /// How the product coped with it.
    pub pace: ProductPace,
    /// The claim of the entity's next notice, if the write that settled this one also made it. It
    /// must be offered next.
    pub next: Option<Claimed>,
    /// The current record.
    pub slot: Slot,
}

/// A claim that was written.
#[derive(Debug)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// The time before that write, as [`crate::world::World::elapsed`] gives it.
    pub at: Duration,
}

/// How a product copes with the notices that it gets concurrently.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProductPace {
    /// It answered quickly, or was not asked.
    Quick,
    /// It needed long.
    Slow,
    /// It did not answer, answered very late, or said that it cannot work now.
    Strained,
}

/// The longest quick answer, and the longest answer of a product that is not strained.
const QUICK: Duration = Duration::from_millis(100);
const NOT_STRAINED: Duration = Duration::from_secs(1);

impl ProductPace {
    /// The pace that an answer shows. Other errors than 429 and 5xx concern one notice.
    pub(super) fn of(status: Option<u16>, unanswered: Option<Unanswered>, took: Duration) -> Self {
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let is_overloaded = status.is_some_and(|status| {
            status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
        });
        if unanswered.is_some() || is_overloaded || took > NOT_STRAINED {
            Self::Strained
        } else if took > QUICK {
            Self::Slow
        } else {
            Self::Quick
        }
    }
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
        Self::without_offer(NoticeOutcome::NotOffered, slot)
    }

    pub(super) const fn busy(slot: Slot) -> Self {
        Self::without_offer(NoticeOutcome::Busy, slot)
    }

    const fn without_offer(outcome: NoticeOutcome, slot: Slot) -> Self {
        Self { outcome, unanswered: None, pace: ProductPace::Quick, next: None, slot }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_product_that_cannot_work_is_strained() {
        let [quick, slow, late] = [100, 101, 1_001].map(Duration::from_millis);
        let of = |status, took| ProductPace::of(Some(status), None, took);
        for status in [200, 202, 400, 401, 404, 410, 422] {
            assert_eq!(of(status, quick), ProductPace::Quick, "{status}");
            assert_eq!(of(status, slow), ProductPace::Slow, "{status}");
            assert_eq!(of(status, late), ProductPace::Strained, "{status}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert_eq!(of(status, quick), ProductPace::Strained, "{status}");
        }
        let refused = ProductPace::of(None, Some(Unanswered::Refused), Duration::ZERO);
        assert_eq!(refused, ProductPace::Strained);
    }
}
