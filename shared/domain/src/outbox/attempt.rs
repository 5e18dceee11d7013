//! One attempt to deliver a notice.

use std::time::Duration;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::product::PurchaseAnswer;

/// How one attempt to deliver a notice ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttemptOutcome {
    /// The product accepted the notice. The answer to a purchase also decides about the order.
    Accepted(Option<PurchaseAnswer>),
    /// The attempt failed; the relay will try again.
    Failed {
        /// The stored form of the attempt.
        attempt: Attempt,
        /// The pause that the product asks for (`Retry-After`); zero if it asks for no pause.
        pause: Duration,
    },
    /// The product answered 410 Gone: it will never accept the notice.
    Gone(Attempt),
    /// The time ran out before a part of a list was sent. This counts neither as an attempt nor as
    /// a failure.
    Paused {
        /// The part to send next; the first part has number 1.
        part: usize,
    },
}

/// The stored form of an attempt that did not succeed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attempt {
    /// When it ended. If its outcome is unknown: when it began.
    pub at: UnixMillis,
    /// Its duration in milliseconds.
    pub millis: u64,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The part of a list that failed; the first part has number 1. Earlier parts are delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
    /// The fault, in koohook's words.
    pub fault: String,
    /// The beginning of the answer, without text that could be a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// The fault of an attempt that was never settled. Older versions wrote only its first two words.
pub const OUTCOME_UNKNOWN: &str =
    "outcome unknown: the process ended, or stopped for too long, during this attempt";

impl AttemptOutcome {
    /// The product's answer to a purchase, if there is one.
    pub const fn purchase_answer(&self) -> Option<&PurchaseAnswer> {
        match self {
            Self::Accepted(answer) => answer.as_ref(),
            Self::Failed { .. } | Self::Gone(_) | Self::Paused { .. } => None,
        }
    }

    /// The same outcome, for one part of a list.
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
    /// An attempt that was never settled: its process ended, or paused until the claim expired.
    /// `at` is when it began.
    pub(super) fn unknown(at: UnixMillis) -> Self {
        Self::of_fault(at, OUTCOME_UNKNOWN.to_owned())
    }

    /// An attempt that failed before there was an answer.
    pub const fn of_fault(at: UnixMillis, fault: String) -> Self {
        Self { at, millis: 0, status: None, part: None, fault, said: None }
    }
}
