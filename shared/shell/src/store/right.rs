//! The permissions that koohook needs in a store, and why one may be missing.

use thiserror::Error;

/// A permission that koohook needs in a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Right {
    /// To read a value.
    Read,
    /// To run a script, in Redis.
    Script,
    /// To write a value, with and without entries on an agenda and in the catalogue.
    Write,
    /// To read an agenda.
    Agenda,
    /// To read a list of the catalogue.
    Catalogue,
}

/// Why koohook could not confirm a permission.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RightError {
    /// The store denies the permission. Contains what to do.
    #[error("{0}")]
    Refused(String),
    /// The store does not answer, or has a temporary failure. Contains what to do.
    #[error("{0}")]
    Unanswered(String),
}

/// A permission, and the result of trying it.
pub type RightProof = (Right, Result<(), RightError>);

impl Right {
    /// The permission's name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Script => "script",
            Self::Write => "write",
            Self::Agenda => "agenda",
            Self::Catalogue => "catalogue",
        }
    }
}
