//! One attempt to deliver a notice.

use std::time::Duration;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::product::PurchaseAnswer;

/// How one attempt to deliver a notice ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttemptOutcome {
    /// The product accepted the notice. To a purchase it also says what becomes of the order.
    Accepted(Option<PurchaseAnswer>),
    /// The attempt failed; another one follows.
    Failed {
        /// What is kept of it.
        attempt: Attempt,
        /// The pause that the product asks for (`Retry-After`); zero if it asks for none.
        pause: Duration,
    },
    /// The product answered 410 Gone: it never wants the notice.
    Gone(Attempt),
    /// The time ran out before this part of a list was sent, 1 being the first. That is neither an
    /// attempt nor a failure.
    Paused {
        /// The part to go on with.
        part: usize,
    },
}

/// What is kept of an attempt that did not succeed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attempt {
    /// When it ended.
    pub at: UnixMillis,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Which part of a list failed, 1 being the first. The parts before it are delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
    /// What was wrong, in our own words.
    pub fault: String,
    /// How the answer began, without anything that could be a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

impl AttemptOutcome {
    /// What the product said of a purchase, if it said anything.
    pub const fn purchase_answer(&self) -> Option<&PurchaseAnswer> {
        match self {
            Self::Accepted(answer) => answer.as_ref(),
            Self::Failed { .. } | Self::Gone(_) | Self::Paused { .. } => None,
        }
    }

    /// The same outcome, of one part of a list.
    #[must_use]
    pub const fn at_part(mut self, number: usize) -> Self {
        match &mut self {
            Self::Accepted(_) => (),
            Self::Paused { part } => *part = number,
            Self::Failed { attempt, .. } | Self::Gone(attempt) => attempt.part = Some(number),
        }
        self
    }
}

impl Attempt {
    /// An attempt that was never settled: its process ended, or paused for too long.
    pub(super) fn unknown(at: UnixMillis) -> Self {
        Self::of_fault(at, "outcome unknown".to_owned())
    }

    /// An attempt that failed before there was an answer.
    pub const fn of_fault(at: UnixMillis, fault: String) -> Self {
        Self { at, millis: 0, status: None, part: None, fault, said: None }
    }
}
