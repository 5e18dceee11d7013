//! Why the rules refuse a verified call.

use protocol::result_code::ResultCode;
use thiserror::Error;

/// Why a verified, well-formed request is not carried out.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// koohook has never stored an instance with this ID (decision D7).
    #[error("instance unknown")]
    InstanceUnknown,
    /// The instance was released. A release cannot be undone (decision D6).
    #[error("instance released")]
    InstanceReleased,
    /// The product refuses an order whose buyer already has access data.
    #[error("instance already has access data")]
    ReadyBefore,
    /// The seller does not allow changes at renewal (decision D9).
    #[error("change at renewal is not allowed")]
    ChangeNotAllowed,
}

impl From<Refusal> for ResultCode {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InstanceUnknown | Refusal::InstanceReleased => Self::InstanceNotFound,
            // Only a call of the product can cause `ReadyBefore`. Both are faults of a parameter.
            Refusal::ReadyBefore | Refusal::ChangeNotAllowed => Self::InvalidParameter,
        }
    }
}
