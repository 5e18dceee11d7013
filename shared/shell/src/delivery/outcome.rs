//! What comes of an offer, and of a turn at an entity.

use std::time::Duration;

use marketplace::outbox::{Offered, Settled};
use marketplace::product::Told;

use crate::shelf::Recalled;

/// How one offer ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(super) offered: Offered,
    pub(super) told: Option<Told>,
    /// Why there was no answer over HTTP, if there was none.
    pub unanswered: Option<Silence>,
}

impl Outcome {
    /// The time was not enough to go on.
    pub(super) const fn paused() -> Self {
        Self { offered: Offered::Paused(1), told: None, unanswered: None }
    }

    /// The same outcome, of a product that asks for a pause.
    pub(super) fn asking_for(mut self, pause: Duration) -> Self {
        if let Offered::Failed(_, asked) = &mut self.offered {
            *asked = pause;
        }
        self
    }

    /// The same outcome, of one part of a list.
    pub(super) fn at_part(mut self, part: usize) -> Self {
        match &mut self.offered {
            Offered::Delivered => (),
            Offered::Paused(next) => *next = part,
            Offered::Failed(attempt, _) | Offered::Undeliverable(attempt) => {
                attempt.part = Some(part);
            }
        }
        self
    }
}

/// No answer over HTTP came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Silence {
    /// The time was up.
    TimedOut,
    /// There was no connection, or it ended.
    Broken,
}

/// A notice that was offered and settled.
#[derive(Debug)]
pub struct Delivered {
    /// What stands now, to go on from.
    pub recalled: Recalled,
    /// What became of the notice.
    pub settled: Settled,
    /// Why there was no answer over HTTP, if there was none.
    pub unanswered: Option<Silence>,
}

/// What came of a turn at an entity.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and what stands is used")]
pub enum Turn {
    /// A notice was offered.
    Offered(Delivered),
    /// There is nothing to offer now, or another was faster.
    Nothing,
    /// What was ordered is to be asked first, and others are asking.
    Busy,
}

/// Whether a notice can be offered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Complete {
    Yes,
    /// What belongs into it is not known; it waits.
    Waits,
    Busy,
}
