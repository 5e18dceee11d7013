//! `updateInstanceStatus`, V1 `instanceStatus` and `expireInstance`: an instance is frozen or
//! thawed.

use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// Freeze or thaw: V1 `expireInstance` and `instanceStatus`, V2 `updateInstanceStatus`.
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// Which instance.
    pub instance_id: InstanceId,
    /// The cause of a freeze; `None` thaws.
    pub freeze: Option<Freeze>,
    /// The order that the call names, if it does: the purchase.
    pub order_id: Option<OrderId>,
    /// When the call was signed.
    pub signed_at: UnixMillis,
    /// What the product is told.
    pub details: Details,
}

/// What freezes an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freeze {
    /// V1 `expireInstance`: the term is over.
    Expiry,
    /// V1 `instanceStatus`, V2 `updateInstanceStatus`.
    Status,
}

impl StatusChange {
    /// Reads V1's `expireInstance`. Its table marks `orderId` mandatory and its example has none.
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
    /// If a mandatory field is missing, an identifier is invalid, or the status is unknown or
    /// of the other contract's.
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
