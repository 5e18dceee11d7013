//! Failures on koohook's side.

use domain::decide::list::ListError;
use domain::record::RecordError;
use protocol::result_code::ResultCode;
use thiserror::Error;

use crate::seal::SealError;
use crate::store::Unavailable;

/// Why koohook did not carry out a verified call, or does not know whether it did. The marketplace
/// sends the call again.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Failure {
    /// The store did not answer.
    #[error("store unavailable")]
    StoreUnavailable,
    /// The deadline passed.
    #[error("deadline passed")]
    OutOfTime,
    /// Other writers were faster every time, until the deadline.
    #[error("write contended")]
    Contended,
    /// Neither the seal key nor a previous one decrypts a stored value.
    #[error("stored value sealed by another key")]
    Unopened,
    /// The configured keys do not decrypt the store's seal mark: another key sealed the store.
    #[error("store sealed by another key")]
    SealedElsewhere,
    /// The store had this process's seal mark, and has none now: it was emptied or replaced. A write
    /// would begin a new store, without anything that koohook has acknowledged.
    #[error("store lost its seal mark")]
    MarkLost,
    /// The stored value is not a record of koohook, a newer koohook wrote it, or the new value
    /// would be too large.
    #[error(transparent)]
    Value(#[from] RecordError),
    /// A list's index is incomplete, or too many of its parts wait for the product.
    #[error(transparent)]
    List(#[from] ListError),
    /// koohook panicked: a bug.
    #[error("panic")]
    Panicked,
}

impl From<Unavailable> for Failure {
    fn from(_: Unavailable) -> Self {
        Self::StoreUnavailable
    }
}

impl From<SealError> for Failure {
    fn from(_: SealError) -> Self {
        Self::Unopened
    }
}

impl From<Failure> for ResultCode {
    /// An unknown outcome is never reported as a success (decision G2).
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::StoreUnavailable
            | Failure::OutOfTime
            | Failure::Contended
            | Failure::Unopened
            | Failure::SealedElsewhere
            | Failure::MarkLost
            | Failure::Value(
                RecordError::NewerSchema | RecordError::Unreadable | RecordError::TooLarge,
            )
            | Failure::List(ListError::Index(_) | ListError::Backlog)
            | Failure::Panicked => Self::InternalError,
        }
    }
}
