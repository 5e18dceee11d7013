//! `releaseInstance`: an instance is released.

use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, OrderLineId};
use crate::signature::Verified;
use crate::time::UnixMillis;

/// The release of an instance (both guides, "releasing an instance").
#[derive(Clone, Debug)]
pub struct ReleaseInstance {
    /// The instance.
    pub instance_id: InstanceId,
    /// V1: the order of the purchase. V2: the order of the unsubscription. `None` if there is none.
    pub order_id: Option<OrderId>,
    /// The order line.
    pub order_line_id: Option<OrderLineId>,
    /// When the call was signed. `None` if V1's `timeStamp` is not a valid time: a release is not
    /// rejected for that.
    pub signed_at: Option<UnixMillis>,
    /// The fields that the product gets.
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
            signed_at: fields.signed_at().ok(),
            details: fields.details(Activity::ReleaseInstance),
        })
    }
}
