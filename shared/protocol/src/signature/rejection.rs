//! Why a call is rejected.

use thiserror::Error;

use crate::json::JsonError;
use crate::result_code::ResultCode;

/// Why koohook rejects a call. An unverified caller may read the answer, so all rejections with one
/// code have the same body.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Rejection {
    /// The signature is missing.
    #[error("signature missing")]
    SignatureMissing,
    /// The signature has a length or characters that no HMAC-SHA256 has.
    #[error("signature malformed")]
    SignatureMalformed,
    /// None of the configured keys made the signature.
    #[error("signature wrong")]
    SignatureWrong,
    /// A signature field or a V1 parameter occurs twice.
    #[error("parameter repeated")]
    ParameterRepeated,
    /// A V1 parameter has an invalid name, or a value that is not UTF-8.
    #[error("parameter name malformed")]
    ParameterMalformed,
    /// V1: `timeStamp` is absent, or does not have 14 to 20 digits.
    #[error("time stamp malformed")]
    TimeStampMalformed,
    /// V2: `timestamp` is absent, or is not a number of 10 or 13 digits.
    #[error("timestamp malformed")]
    TimestampMalformed,
    /// V2: `timestamp` is not in the unit of `KOOHOOK_TIMESTAMP_UNIT`.
    #[error("timestamp is not in the unit of KOOHOOK_TIMESTAMP_UNIT")]
    TimestampOtherUnit {
        /// Whether one of the keys signed the call.
        signed: bool,
    },
    /// V2: `timestamp` is too old, or too far in the future.
    #[error("timestamp outside the tolerance")]
    OutsideTolerance {
        /// Whether one of the keys signed the call.
        signed: bool,
    },
    /// V2: `nonce` is absent, too long, or contains a character that is not printable ASCII.
    #[error("nonce malformed")]
    NonceMalformed,
    /// V1, after the signature was verified: a value contains a second parameter (decision B1).
    #[error("value contains a second parameter")]
    Folded,
    /// The body contains too many values, signed or not. The host answers HTTP 413 (decision G6).
    #[error("body contains too many values")]
    TooManyNodes,
    /// The signed body is not a JSON object, or is nested too deeply. V1 kit, signed or not: a
    /// member is an array or an object (decision B3).
    #[error("body malformed")]
    BodyMalformed,
    /// The signature was verified, but the body repeats a name with different values.
    #[error("body names one member twice")]
    BodyConflicting,
}

/// The body was not signed as received. It has no canonical form, so no signature can match.
impl From<JsonError> for Rejection {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooManyNodes => Self::TooManyNodes,
            // A body that is not a JSON object has no members for a signature to cover.
            JsonError::Malformed | JsonError::TooDeep | JsonError::NotAnObject => {
                Self::SignatureWrong
            }
        }
    }
}

impl Rejection {
    /// Whether one of the keys signed the call, although its timestamp cannot be accepted.
    pub const fn is_signed(self) -> bool {
        matches!(
            self,
            Self::TimestampOtherUnit { signed: true } | Self::OutsideTolerance { signed: true }
        )
    }

    /// The same rejection of a call that one of the keys signed.
    pub(super) const fn of_signed(mut self) -> Self {
        if let Self::TimestampOtherUnit { signed } | Self::OutsideTolerance { signed } = &mut self {
            *signed = true;
        }
        self
    }
}

impl From<Rejection> for ResultCode {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::SignatureMissing
            | Rejection::SignatureMalformed
            | Rejection::SignatureWrong
            | Rejection::ParameterRepeated
            | Rejection::ParameterMalformed
            | Rejection::TimeStampMalformed => Self::AuthenticationFailed,
            Rejection::TimestampMalformed
            | Rejection::TimestampOtherUnit { .. }
            | Rejection::OutsideTolerance { .. }
            | Rejection::NonceMalformed
            | Rejection::Folded
            | Rejection::TooManyNodes
            | Rejection::BodyMalformed
            | Rejection::BodyConflicting => Self::InvalidParameter,
        }
    }
}
