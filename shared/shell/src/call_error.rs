//! Why koohook did not carry out a verified callback.

use std::fmt;

use domain::refusal::Refusal;
use protocol::message::Malformed;
use protocol::result_code::ResultCode;

use crate::failure::Failure;

/// Why koohook did not carry out a verified callback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CallError {
    /// No function in this process serves this activity.
    ActivityUnknown,
    /// The request does not follow the guide.
    Malformed(Malformed),
    /// The rules reject the call, for example because the instance was released.
    Refused(Refusal),
    /// koohook already answered this signature with credentials (decision B8).
    UsedBefore,
    /// koohook failed.
    Failed(Failure),
}

impl From<CallError> for ResultCode {
    fn from(error: CallError) -> Self {
        match error {
            CallError::ActivityUnknown => Self::InvalidParameter,
            CallError::Malformed(malformed) => malformed.into(),
            CallError::Refused(refusal) => refusal.into(),
            CallError::UsedBefore => Self::AuthenticationFailed,
            CallError::Failed(failure) => failure.into(),
        }
    }
}

impl From<Malformed> for CallError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<F: Into<Failure>> From<F> for CallError {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActivityUnknown => formatter.write_str("activity unknown"),
            Self::Malformed(malformed) => malformed.fmt(formatter),
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::UsedBefore => formatter.write_str("signature used before"),
            Self::Failed(failure) => failure.fmt(formatter),
        }
    }
}
