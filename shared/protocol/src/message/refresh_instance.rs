//! `refreshInstance`: an instance gets a new expiry.

use super::amount::Amount;
use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, OrderLineId, ProductId};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// A new expiry (V1 guide "renewal", V2 guide "updating an instance").
#[derive(Clone, Debug)]
pub struct RefreshInstance {
    /// Whose expiry.
    pub instance_id: InstanceId,
    /// The order behind it; never the purchase.
    pub order_id: OrderId,
    /// Its line, under V2.
    pub order_line_id: Option<OrderLineId>,
    /// Why.
    pub scene: Scene,
    /// Which way the expiry may go.
    pub direction: ExpiryDirection,
    /// The new expiry: absolute, never added.
    pub expires: UnixMillis,
    /// When the call was signed.
    pub signed_at: UnixMillis,
    /// What the product is told.
    pub details: Details,
}

/// Why an expiry changes: V2's `scene`, or what V1's fields say together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scene {
    /// V2: renewed.
    Renewal,
    /// V2: renewed together with another specification.
    RenewalChange,
    /// V2: a trial was paid for.
    TrialToFormal,
    /// V2: a renewal that had not begun was refunded.
    UnsubscribeRenewalPeriod,
    /// V1: renewed.
    Renew,
    /// V1 `trialToFormal=1`: a trial was paid for.
    Trial,
    /// V1, negative amount: a renewal was refunded.
    Cancel,
    /// V1, an amount that cannot be read: renewed or refunded. The word is the renewal's, but it
    /// must not thaw, since a refund does not.
    RenewOrCancel,
}

/// Which way an expiry may go (decision D3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExpiryDirection {
    /// Only to later.
    Forward,
    /// To whatever the newest call says.
    EitherWay,
}

impl Scene {
    /// The word: V2's own, ours for V1.
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

    /// Whether the refresh ends a freeze by expiry: V1 sends no thaw of its own for products
    /// with a term, V2 does (decision D4).
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
    /// If a mandatory field is missing, an identifier is invalid, the scene is unknown, or
    /// `expireTime` names no point in time.
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

/// V1 has no scene. A flag and the sign of the amount say the same.
fn v1_scene(fields: Fields<'_>) -> (Scene, ExpiryDirection) {
    match (fields.text("trialToFormal"), Amount::read(fields.text("orderAmount"))) {
        (Some("1"), _) => (Scene::Trial, ExpiryDirection::EitherWay),
        (_, Amount::Negative) => (Scene::Cancel, ExpiryDirection::EitherWay),
        (_, Amount::Positive) => (Scene::Renew, ExpiryDirection::Forward),
        (_, Amount::Zero | Amount::Absent) => (Scene::Renew, ExpiryDirection::EitherWay),
        (_, Amount::Unreadable) => (Scene::RenewOrCancel, ExpiryDirection::EitherWay),
    }
}
