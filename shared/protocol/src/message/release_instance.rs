//! `releaseInstance`: an instance ends.

use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, OrderLineId};
use crate::signature::Verified;

/// The end (both guides, "releasing an instance").
#[derive(Clone, Debug)]
pub struct ReleaseInstance {
    /// Which instance.
    pub instance_id: InstanceId,
    /// V1: the purchase. V2: the order that unsubscribed, if one did.
    pub order_id: Option<OrderId>,
    /// Its line.
    pub order_line_id: Option<OrderLineId>,
    /// What the product is told.
    pub details: Details,
}

impl ReleaseInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// If a mandatory field is missing or an identifier is invalid.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        Ok(Self {
            instance_id: fields.instance_id()?,
            order_id: fields.optional("orderId", OrderId::parse)?,
            order_line_id: fields.optional("orderLineId", OrderLineId::parse)?,
            details: fields.details(Activity::ReleaseInstance),
        })
    }
}
