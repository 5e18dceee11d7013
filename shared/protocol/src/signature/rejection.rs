//! Why a call is not believed.

use thiserror::Error;

use crate::json::JsonError;
use crate::result_code::ResultCode;

/// Why we do not believe the caller. A stranger may read the answer: it has one body per code.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Rejection {
    /// The signature is missing.
    #[error("signature missing")]
    SignatureMissing,
    /// A signature that no HMAC-SHA256 could have, by its length or letters.
    #[error("signature malformed")]
    SignatureMalformed,
    /// A signature that none of our keys makes.
    #[error("signature wrong")]
    SignatureWrong,
    /// A parameter of the proof occurs twice.
    #[error("parameter repeated")]
    ParameterRepeated,
    /// A V1 parameter whose name is not a name, or whose value is not text.
    #[error("parameter name malformed")]
    ParameterMalformed,
    /// V1: `timeStamp` absent, or not of 14 to 20 digits.
    #[error("time stamp malformed")]
    TimeStampMalformed,
    /// V2: `timestamp` absent, or not of the unit's length.
    #[error("timestamp malformed")]
    TimestampMalformed,
    /// V2: `timestamp` well-formed in the unit that `KOOHOOK_TIMESTAMP_UNIT` does not name.
    #[error("timestamp in the other unit than KOOHOOK_TIMESTAMP_UNIT says")]
    TimestampOtherUnit,
    /// V2: signed too long ago, or too far ahead.
    #[error("timestamp outside the tolerance")]
    OutsideTolerance,
    /// V2: `nonce` absent, too long, or not of printable characters.
    #[error("nonce malformed")]
    NonceMalformed,
    /// V1, proven: a value that signs like two parameters (decision B1).
    #[error("value folds into two parameters")]
    Folded,
    /// More values than a body may hold, signed or not: the host answers HTTP 413 (decision G6).
    #[error("body holds too many values")]
    TooManyNodes,
    /// V2, proven: no JSON object, or nested too deep.
    #[error("body malformed")]
    BodyMalformed,
    /// V2, proven: one name with two values.
    #[error("body names one member twice")]
    BodyConflicting,
}

/// A body that was not signed as it arrived, and has no canonical form that could be.
impl From<JsonError> for Rejection {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooManyNodes => Self::TooManyNodes,
            // What is not JSON has no members, and so no signature could cover them.
            JsonError::Malformed | JsonError::TooDeep | JsonError::NotAnObject => {
                Self::SignatureWrong
            }
        }
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
            | Rejection::TimestampOtherUnit
            | Rejection::OutsideTolerance
            | Rejection::NonceMalformed
            | Rejection::Folded
            | Rejection::TooManyNodes
            | Rejection::BodyMalformed
            | Rejection::BodyConflicting => Self::InvalidParameter,
        }
    }
}
