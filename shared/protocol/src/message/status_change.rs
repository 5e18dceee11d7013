//! `updateInstanceStatus`, V1 `instanceStatus` and `expireInstance`: an instance is frozen or
//! unfrozen.

use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// A freeze or an unfreeze: V1 `expireInstance` (guide page "expiration") and `instanceStatus`
/// (page "changing the resource status"), V2 `updateInstanceStatus` (page "updating the instance
/// status").
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// The instance.
    pub instance_id: InstanceId,
    /// The cause of a freeze. `None` unfreezes the instance.
    pub freeze: Option<Freeze>,
    /// The order of the purchase, if the call has it.
    pub order_id: Option<OrderId>,
    /// When the call was signed.
    pub signed_at: UnixMillis,
    /// The fields that the product gets.
    pub details: Details,
}

/// The cause of a freeze.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freeze {
    /// V1 `expireInstance`: the term ended.
    Expiry,
    /// V1 `instanceStatus`, V2 `updateInstanceStatus`.
    Status,
}

impl StatusChange {
    /// Reads V1's `expireInstance`. `orderId` is optional: the guide's table marks it mandatory,
    /// but its example does not have it.
    ///
    /// # Errors
    /// If a mandatory field is missing or an identifier is invalid.
    pub fn read_expiry(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        Ok(Self {
            instance_id: fields.instance_id()?,
            freeze: Some(Freeze::Expiry),
            order_id: fields.optional("orderId", OrderId::parse)?,
            signed_at: fields.signed_at()?,
            details: fields.details(Activity::ExpireInstance),
        })
    }

    /// Reads V1's `instanceStatus` or V2's `updateInstanceStatus`.
    ///
    /// # Errors
    /// If a mandatory field is missing, an identifier is invalid, or the contract does not have the
    /// status.
    pub fn read_status(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let freeze = match fields.contract() {
            Contract::V1 => {
                fields.word("instanceStatus", &[("FREEZE", Some(Freeze::Status)), ("NORMAL", None)])
            }
            Contract::V2 => {
                fields.word("status", &[("FREEZE", Some(Freeze::Status)), ("UNFREEZE", None)])
            }
        };
        Ok(Self {
            instance_id: fields.instance_id()?,
            freeze: freeze?,
            order_id: None,
            signed_at: fields.signed_at()?,
            details: fields.details(Activity::UpdateInstanceStatus),
        })
    }
}
