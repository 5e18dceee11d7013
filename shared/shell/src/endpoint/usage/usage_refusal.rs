//! Why a call about usage has no effect.

use domain::usage::UsageMessageError;
use domain::webhook::WebhookError;
use http::StatusCode;
use thiserror::Error;

use crate::failure::Failure;

/// Why a call about usage has no effect. The product gets this text, so that its developer can
/// correct the call.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(super) enum UsageRefusal {
    #[error(transparent)]
    Unverified(#[from] WebhookError),
    #[error(transparent)]
    Malformed(#[from] UsageMessageError),
    #[error("instance unknown; check the instanceId in the path")]
    Unknown,
    #[error("instance gone: it was released, or its purchase was abandoned and refunded")]
    Gone,
    #[error("instance is neither pay-per-use nor a package; send no usage of it")]
    OtherMode,
    #[error(
        "usageInfo is too long beside the windows of this instance; send fewer entries, or shorter addresses"
    )]
    TooLarge,
    #[error("temporary failure: {0}; sign the message again and resend it")]
    Failed(#[from] Failure),
}

impl UsageRefusal {
    /// The HTTP status of the answer.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Unverified(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed(UsageMessageError::Misdirected) => StatusCode::BAD_REQUEST,
            Self::Malformed(_) | Self::TooLarge => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::OtherMode => StatusCode::CONFLICT,
            Self::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The outcome of the call, as the log names it.
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Unverified(_) => "rejected",
            Self::Failed(_) => "failed",
            Self::Malformed(_) | Self::Unknown | Self::Gone | Self::OtherMode | Self::TooLarge => {
                "refused"
            }
        }
    }

    /// Whether the call is not proven. Anyone can send such a call.
    pub const fn is_unproven(self) -> bool {
        matches!(self, Self::Unverified(_))
    }
}
