//! The state of a window, as the commands name it.

use clap::ValueEnum;
use domain::usage::{RecordState, WaitingRecord};

/// The state of a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum UsageStateOption {
    /// It was never sent.
    Waiting,
    /// It is fixed and perhaps sent. The marketplace has not said that it received it.
    Sending,
    /// The marketplace rejected it.
    Rejected,
    /// The marketplace received it. This does not mean that it was billed.
    Sent,
    /// Its value is zero. It is never sent.
    Zero,
}

impl UsageStateOption {
    /// The states that need an operator, if they last.
    pub const OPEN: [Self; 3] = [Self::Waiting, Self::Sending, Self::Rejected];

    /// The state of a record.
    pub const fn of(state: &RecordState) -> Self {
        match state {
            RecordState::Waiting(WaitingRecord { record_time: None, .. }) => Self::Waiting,
            RecordState::Waiting(_) => Self::Sending,
            RecordState::Rejected { .. } => Self::Rejected,
            RecordState::Sent => Self::Sent,
            RecordState::Zero => Self::Zero,
        }
    }

    /// The word that the commands print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Rejected => "rejected",
            Self::Sent => "sent",
            Self::Zero => "zero",
        }
    }
}
