//! Why a believed callback was not carried out.

use std::fmt;

use domain::refusal::Refusal;
use protocol::message::Malformed;
use protocol::result_code::ResultCode;

use crate::failure::Failure;

/// Why a believed callback was not carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// No function here serves this activity.
    ActivityUnknown,
    /// The request is not as the guide says.
    Malformed(Malformed),
    /// The rules say no.
    Refused(Refusal),
    /// An answer with credentials was given to this signature before.
    UsedBefore,
    /// Something on our side.
    Failed(Failure),
}

impl From<Trouble> for ResultCode {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::ActivityUnknown => Self::InvalidParameter,
            Trouble::Malformed(malformed) => malformed.into(),
            Trouble::Refused(refusal) => refusal.into(),
            Trouble::UsedBefore => Self::AuthenticationFailed,
            Trouble::Failed(failure) => failure.into(),
        }
    }
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<F: Into<Failure>> From<F> for Trouble {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl fmt::Display for Trouble {
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
