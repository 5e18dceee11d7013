//! `upgradeInstance`, V1 `upgrade`: an instance gets another specification.

use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, OrderLineId};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// A change of the specification (V1 guide "upgrade", V2 guide "upgrading an instance").
#[derive(Clone, Debug)]
pub struct UpgradeInstance {
    /// The instance. Its ID does not change.
    pub instance_id: InstanceId,
    /// The order of the upgrade.
    pub order_id: OrderId,
    /// The order line. Only V2 has it.
    pub order_line_id: Option<OrderLineId>,
    /// When the call was signed.
    pub signed_at: UnixMillis,
    /// The fields that the product gets.
    pub details: Details,
}

impl UpgradeInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// If a mandatory field is missing or an identifier is invalid.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let instance_id = fields.instance_id()?;
        let order_id = fields.order_id()?;
        let order_line_id = fields.order_line_id()?;
        if fields.contract() == Contract::V1 {
            fields.mandatory("skuCode")?;
            fields.product_id()?;
        }
        Ok(Self {
            instance_id,
            order_id,
            order_line_id,
            signed_at: fields.signed_at()?,
            details: fields.details(Activity::UpgradeInstance),
        })
    }
}
