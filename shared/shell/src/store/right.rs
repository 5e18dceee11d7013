//! What koohook does in a store, and why a store may not let it.

use thiserror::Error;

/// Something that koohook does in a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Right {
    /// Reading a value.
    Read,
    /// Running a script, in a Redis.
    Script,
    /// Writing a value, on an agenda and off it.
    Write,
    /// Reading an agenda.
    Agenda,
}

/// Why a right is not proved.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RightError {
    /// The store refuses, and will go on refusing: what to do.
    #[error("{0}")]
    Refused(String),
    /// The store does not answer, or not now: what to do.
    #[error("{0}")]
    Unanswered(String),
}

/// A right, and what came of trying it.
pub type RightProof = (Right, Result<(), RightError>);

impl Right {
    /// The right's name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Script => "script",
            Self::Write => "write",
            Self::Agenda => "agenda",
        }
    }
}
