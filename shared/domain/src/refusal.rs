//! Why the rules refuse a call that we believe.

use protocol::result_code::ResultCode;
use thiserror::Error;

/// Why a believed, well-formed request is not carried out.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// No instance of this ID was ever made here (decision D7).
    #[error("instance unknown")]
    InstanceUnknown,
    /// The instance was released, which is for ever (decision D6).
    #[error("instance released")]
    InstanceReleased,
    /// The product refuses an order whose buyer has access data already.
    #[error("instance ready before")]
    ReadyBefore,
    /// The seller does not allow changes at renewal (decision D9).
    #[error("change at renewal not allowed")]
    ChangeNotAllowed,
}

impl From<Refusal> for ResultCode {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InstanceUnknown | Refusal::InstanceReleased => Self::InstanceNotFound,
            // Only the product meets `ReadyBefore`; for either, a parameter is refused.
            Refusal::ReadyBefore | Refusal::ChangeNotAllowed => Self::InvalidParameter,
        }
    }
}
