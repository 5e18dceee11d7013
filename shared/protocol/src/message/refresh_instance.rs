//! `refreshInstance`: an instance gets a new expiry.

use super::amount::Amount;
use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, OrderLineId, ProductId};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// A new expiry (V1 guide "renewal", V2 guide "updating an instance").
#[derive(Clone, Debug)]
pub struct RefreshInstance {
    /// The instance.
    pub instance_id: InstanceId,
    /// The order of the change. It is never the order of the purchase.
    pub order_id: OrderId,
    /// The order line. Only V2 has it.
    pub order_line_id: Option<OrderLineId>,
    /// The reason of the change.
    pub scene: Scene,
    /// In which direction the expiry may move.
    pub direction: ExpiryDirection,
    /// The new expiry. It replaces the old one and is never added to it.
    pub expires: UnixMillis,
    /// When the call was signed.
    pub signed_at: UnixMillis,
    /// The fields that the product gets.
    pub details: Details,
}

/// Why an expiry changes: V2's `scene`, or the combination of V1's fields.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scene {
    /// V2: renewed.
    Renewal,
    /// V2: renewed with another specification.
    RenewalChange,
    /// V2: the buyer paid for a trial.
    TrialToFormal,
    /// V2: the buyer cancelled a renewal before its period began.
    UnsubscribeRenewalPeriod,
    /// V1: renewed.
    Renew,
    /// V1 `trialToFormal=1`: the buyer paid for a trial.
    Trial,
    /// V1, negative amount: a renewal was refunded.
    Cancel,
    /// V1, unreadable amount: renewed or refunded. In notices it has the same word as a renewal. It
    /// must not unfreeze the instance, because a refund does not.
    RenewOrCancel,
}

/// In which direction an expiry may move (decision D3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExpiryDirection {
    /// Only to a later time.
    Forward,
    /// To the time in the newest call, earlier or later.
    EitherWay,
}

impl Scene {
    /// The word in notices: V2's scene, or koohook's word for V1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renewal => "RENEWAL",
            Self::RenewalChange => "RENEWAL_CHANGE",
            Self::TrialToFormal => "TRIAL_TO_FORMAL",
            Self::UnsubscribeRenewalPeriod => "UNSUBSCRIBE_RENEWAL_PERIOD",
            Self::Renew | Self::RenewOrCancel => "renew",
            Self::Trial => "trial",
            Self::Cancel => "cancel",
        }
    }

    /// Whether the refresh unfreezes an instance that was frozen by expiry. For products with a
    /// term, V2 sends a separate call to unfreeze, and V1 does not (decision D4).
    pub const fn thaws(self) -> bool {
        match self {
            Self::Renew | Self::Trial => true,
            Self::Renewal
            | Self::RenewalChange
            | Self::TrialToFormal
            | Self::UnsubscribeRenewalPeriod
            | Self::Cancel
            | Self::RenewOrCancel => false,
        }
    }
}

impl RefreshInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// If a mandatory field is missing, or an identifier, the scene or `expireTime` is invalid.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let instance_id = fields.instance_id()?;
        let order_id = fields.order_id()?;
        let order_line_id = fields.order_line_id()?;
        fields.optional("productId", ProductId::parse)?;
        let (scene, direction) = scene(fields)?;
        Ok(Self {
            instance_id,
            order_id,
            order_line_id,
            scene,
            direction,
            expires: fields.expire_time()?,
            signed_at: fields.signed_at()?,
            details: fields.details(Activity::RefreshInstance),
        })
    }
}

fn scene(fields: Fields<'_>) -> Result<(Scene, ExpiryDirection), Malformed> {
    match fields.contract() {
        Contract::V1 => Ok(v1_scene(fields)),
        Contract::V2 => fields.word(
            "scene",
            &[
                ("RENEWAL", (Scene::Renewal, ExpiryDirection::Forward)),
                ("RENEWAL_CHANGE", (Scene::RenewalChange, ExpiryDirection::Forward)),
                ("TRIAL_TO_FORMAL", (Scene::TrialToFormal, ExpiryDirection::EitherWay)),
                (
                    "UNSUBSCRIBE_RENEWAL_PERIOD",
                    (Scene::UnsubscribeRenewalPeriod, ExpiryDirection::EitherWay),
                ),
            ],
        ),
    }
}

/// V1 has no scene. `trialToFormal` and the sign of the amount give the same information.
fn v1_scene(fields: Fields<'_>) -> (Scene, ExpiryDirection) {
    match (fields.text("trialToFormal"), Amount::read(fields.text("orderAmount"))) {
        (Some("1"), _) => (Scene::Trial, ExpiryDirection::EitherWay),
        (_, Amount::Negative) => (Scene::Cancel, ExpiryDirection::EitherWay),
        (_, Amount::Positive) => (Scene::Renew, ExpiryDirection::Forward),
        (_, Amount::Zero | Amount::Absent) => (Scene::Renew, ExpiryDirection::EitherWay),
        (_, Amount::Unreadable) => (Scene::RenewOrCancel, ExpiryDirection::EitherWay),
    }
}
