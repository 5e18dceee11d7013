//! Something on our side.

use domain::decide::list::ListError;
use domain::record::RecordError;
use protocol::result_code::ResultCode;
use thiserror::Error;

use crate::seal::SealError;
use crate::store::Unavailable;

/// Why a verified call was not carried out, or perhaps not. The marketplace calls again.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Failure {
    /// The store did not answer.
    #[error("store unavailable")]
    StoreUnavailable,
    /// The time was up.
    #[error("deadline passed")]
    OutOfTime,
    /// Others were faster, again and again.
    #[error("write contended")]
    Contended,
    /// A stored value does not open under our seal keys.
    #[error("stored value sealed by another key")]
    Unopened,
    /// The store's mark does not open: it is sealed by keys that are not ours.
    #[error("store sealed by another key")]
    SealedElsewhere,
    /// A stored value is not ours, is of a newer koohook, or would be too large.
    #[error("stored value unusable")]
    Value(#[from] RecordError),
    /// A list's index is not whole, or too much of it waits for the product.
    #[error(transparent)]
    List(#[from] ListError),
    /// A bug of ours.
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
    /// An unknown outcome is never a success (decision G2).
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::StoreUnavailable
            | Failure::OutOfTime
            | Failure::Contended
            | Failure::Unopened
            | Failure::SealedElsewhere
            | Failure::Value(
                RecordError::NewerSchema | RecordError::Unreadable | RecordError::TooLarge,
            )
            | Failure::List(ListError::Index(_) | ListError::Backlog)
            | Failure::Panicked => Self::InternalError,
        }
    }
}
