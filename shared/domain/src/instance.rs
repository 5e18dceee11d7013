//! What was bought, and every way it can change.
//!
//! A transition is a pure function of the instance, the call and the call's time; it says what
//! stands afterwards, what the product must learn, and what is worth a line in the log.

pub mod id;

use std::time::Duration;

use protocol::app_info::AppInfo;
use protocol::message::{Direction, Freeze, InstanceId, OrderId, RefreshInstance};
use protocol::result_code::{OrderRefused, ResultCode};
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::notice::NoticeType;
use crate::order_details::OrderFacts;
use crate::product::PurchaseAnswer;
use crate::refusal::Refusal;
use crate::remark::Remark;
use crate::template::Template;

/// One purchase, as we keep it: for ever, as a tombstone in the end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Instance {
    /// Its name on the wire.
    pub id: InstanceId,
    /// The purchase that made it.
    pub order_id: OrderId,
    /// Whether it serves, waits, or is gone.
    pub state: InstanceState,
    /// Whether its buyer can get in.
    pub access: Access,
    /// What was ordered, where the marketplace was asked (decision E7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<OrderFacts>>,
    /// The expiry that an applied refresh set; the purchase's is an estimate and is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<UnixMillis>,
    /// Whether the buyer accepted the delivery.
    #[serde(default, skip_serializing_if = "is_false")]
    pub accepted: bool,
    /// When the newest calls of each kind were signed.
    #[serde(default)]
    pub newest: Newest,
    /// V1: when the marketplace will have given up on the purchase. Without it the purchase is
    /// settled, for ever (decision D11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandon_at: Option<UnixMillis>,
    /// When a relay first saw that `abandon_at` had passed (decision D12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sighted_at: Option<UnixMillis>,
    /// When the relay abandoned the purchase. Older values do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_at: Option<UnixMillis>,
}

/// Whether an instance serves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum InstanceState {
    /// It serves.
    Active,
    /// It waits, its data untouched.
    Frozen(FreezeCause),
    /// It is gone, for ever.
    Released,
}

/// Why an instance is frozen. A renewal lifts what expiry did, never what a status call did.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FreezeCause {
    /// V1 `expireInstance`.
    Expiry,
    /// V1 `instanceStatus`, V2 `updateInstanceStatus`.
    Status,
    /// First one, then the other.
    Both,
}

impl From<Freeze> for FreezeCause {
    fn from(freeze: Freeze) -> Self {
        match freeze {
            Freeze::Expiry => Self::Expiry,
            Freeze::Status => Self::Status,
        }
    }
}

/// Whether the buyer can get in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// The product has not said yet.
    Pending,
    /// With this.
    Ready(AppInfo),
    /// Never; the product said why.
    Refused(OrderRefused),
    /// The marketplace gave up on the purchase and refunded it.
    Abandoned,
}

/// When the newest calls of each kind were signed (decision D5).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Newest {
    /// Freeze, thaw, expiry, and a V1 refresh that may thaw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UnixMillis>,
    /// Refreshes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<UnixMillis>,
    /// Upgrades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<UnixMillis>,
    /// What the product said of the access by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<UnixMillis>,
}

/// What a call makes of an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transition {
    /// What stands afterwards.
    pub instance: Instance,
    /// What the product must learn, in order.
    pub notices: Vec<NoticeType>,
    /// Whether a call about an abandoned purchase says that it is wanted after all: the product
    /// must be offered it anew, before it learns anything else.
    pub revived: bool,
    /// Why there was less effect than the call asked for, and what was odd about it.
    pub remarks: Vec<Remark>,
}

/// Whether a decision may rest on the clock (decision D12).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockTrust {
    /// Nothing speaks against it.
    Trusted,
    /// The store's clock tells another time.
    Doubted,
}

/// How far ahead of now a call may be signed before its time counts as now.
const MAX_AHEAD: Duration = Duration::from_mins(10);

/// An expiry that comes longer than this before a renewed term's end is a restart of an old one.
const EXPIRY_SLACK: Duration = Duration::from_hours(24);

/// V1 gives up after three hours; half an hour for clocks and queues.
const ABANDON_AFTER: Duration = Duration::from_mins(210);

/// How long after its first look the relay abandons a purchase (decision D12): a clock that was
/// wrong for a moment is right again by then.
const LOOK_AGAIN: Duration = Duration::from_mins(10);

/// A sighting that is older than this says nothing: the clock may have jumped since.
const SIGHTING_LASTS: Duration = Duration::from_hours(24);

/// The time a call counts as: its signature's, but never far ahead of now, where it would shut
/// out every later call.
pub fn effective(signed_at: UnixMillis, now: UnixMillis) -> (UnixMillis, Option<Remark>) {
    if signed_at > now.after(MAX_AHEAD) {
        (now, Some(Remark::SignedAhead))
    } else {
        (signed_at, None)
    }
}

impl Instance {
    /// A new purchase. Without a product to ask, the template's access data is the buyer's at once.
    pub fn created(id: InstanceId, order_id: OrderId, access: Access) -> Self {
        Self {
            id,
            order_id,
            state: InstanceState::Active,
            access,
            facts: None,
            expires: None,
            accepted: false,
            newest: Newest::default(),
            abandon_at: None,
            sighted_at: None,
            abandoned_at: None,
        }
    }

    /// A new expiry (decisions D3 to D6).
    ///
    /// # Errors
    /// Where the instance is released.
    pub fn refresh(
        self,
        request: &RefreshInstance,
        at: UnixMillis,
        now: UnixMillis,
    ) -> Result<Transition, Refusal> {
        let (instance, revived) = self.settled(at, now);
        instance.refreshed(request, at).map(|transition| transition.revived(revived))
    }

    fn refreshed(
        mut self,
        request: &RefreshInstance,
        at: UnixMillis,
    ) -> Result<Transition, Refusal> {
        if self.state == InstanceState::Released {
            return Err(Refusal::InstanceReleased);
        }
        if is_older(at, self.newest.refresh) {
            return Ok(self.unchanged(Remark::OlderThanKnown));
        }
        self.newest.refresh = Some(at);
        let moves_back = self.expires.is_some_and(|standing| request.expires < standing);
        if request.direction == Direction::Forward && moves_back {
            return Ok(self.unchanged(Remark::WouldMoveBack));
        }
        self.expires = Some(request.expires);
        let mut notices = vec![NoticeType::Renewed];
        if request.scene.thaws() && !is_older(at, self.newest.status) {
            self.newest.status = Some(at);
            notices.extend(self.lift_expiry());
        }
        Ok(self.changed(notices))
    }

    /// A freeze, for a cause (decisions D4 to D6).
    pub fn freeze(self, cause: FreezeCause, at: UnixMillis, now: UnixMillis) -> Transition {
        let (instance, revived) = self.settled(at, now);
        instance.frozen(cause, at).revived(revived)
    }

    fn frozen(mut self, cause: FreezeCause, at: UnixMillis) -> Transition {
        if self.state == InstanceState::Released {
            return self.unchanged(Remark::ReleasedBefore);
        }
        if is_older(at, self.newest.status) {
            return self.unchanged(Remark::OlderThanKnown);
        }
        self.newest.status = Some(at);
        if cause == FreezeCause::Expiry && self.term_runs_on(at) {
            return self.unchanged(Remark::ExpiryBeforeRenewedTerm);
        }
        let frozen = match self.state {
            InstanceState::Frozen(standing) => standing.and(cause),
            InstanceState::Active | InstanceState::Released => cause,
        };
        if self.state == InstanceState::Frozen(frozen) {
            return self.unchanged(Remark::NothingToDo);
        }
        self.state = InstanceState::Frozen(frozen);
        self.changed(vec![NoticeType::Frozen])
    }

    /// A thaw, whatever froze it (decisions D4 to D6).
    ///
    /// # Errors
    /// Where the instance is released.
    pub fn thaw(self, at: UnixMillis, now: UnixMillis) -> Result<Transition, Refusal> {
        let (instance, revived) = self.settled(at, now);
        instance.thawed(at).map(|transition| transition.revived(revived))
    }

    fn thawed(mut self, at: UnixMillis) -> Result<Transition, Refusal> {
        if is_older(at, self.newest.status) && self.state != InstanceState::Released {
            return Ok(self.unchanged(Remark::OlderThanKnown));
        }
        self.newest.status = Some(at);
        match self.state {
            InstanceState::Released => Err(Refusal::InstanceReleased),
            InstanceState::Active => Ok(self.unchanged(Remark::NothingToDo)),
            InstanceState::Frozen(_) => {
                self.state = InstanceState::Active;
                Ok(self.changed(vec![NoticeType::Thawed]))
            }
        }
    }

    /// Another specification (decisions D5, D6, D9).
    ///
    /// # Errors
    /// Where the instance is released.
    pub fn upgrade(self, at: UnixMillis, now: UnixMillis) -> Result<Transition, Refusal> {
        let (instance, revived) = self.settled(at, now);
        instance.upgraded(at).map(|transition| transition.revived(revived))
    }

    fn upgraded(mut self, at: UnixMillis) -> Result<Transition, Refusal> {
        if self.state == InstanceState::Released {
            return Err(Refusal::InstanceReleased);
        }
        if is_older(at, self.newest.upgrade) {
            return Ok(self.unchanged(Remark::OlderThanKnown));
        }
        self.newest.upgrade = Some(at);
        Ok(self.changed(vec![NoticeType::Upgraded]))
    }

    /// A later call proves that the purchase was paid: it is settled for ever. One that was
    /// signed after the purchase was abandoned proves that it is wanted after all (decision D11).
    fn settled(mut self, at: UnixMillis, now: UnixMillis) -> (Self, bool) {
        self.abandon_at = None;
        self.sighted_at = None;
        let revived = self.state != InstanceState::Released && self.is_abandoned_before(at, now);
        if revived {
            self.revive();
        }
        (self, revived)
    }

    /// Whether the purchase was abandoned before a call was signed. A value that does not say when
    /// believes a call that was signed just now, which no replay of an older one was.
    fn is_abandoned_before(&self, at: UnixMillis, now: UnixMillis) -> bool {
        let just_now = || at.after(MAX_AHEAD) > now;
        // A time to come was written under a wrong clock, and says nothing.
        let abandoned = self.abandoned_at.filter(|abandoned| *abandoned <= now);
        let later = abandoned.map_or_else(just_now, |abandoned| at > abandoned);
        self.access == Access::Abandoned && later
    }

    fn revive(&mut self) {
        self.access = Access::Pending;
        self.abandoned_at = None;
    }

    /// The end, from any state. What stays is a tombstone without credentials (decision D6).
    pub fn release(mut self) -> Transition {
        if self.state == InstanceState::Released {
            return self.unchanged(Remark::ReleasedBefore);
        }
        self.state = InstanceState::Released;
        self.abandon_at = None;
        self.sighted_at = None;
        self.access = match self.access {
            Access::Ready(info) => Access::Ready(info.without_credentials()),
            Access::Pending => Access::Pending,
            Access::Refused(reason) => Access::Refused(reason),
            Access::Abandoned => Access::Abandoned,
        };
        self.changed(vec![NoticeType::Released])
    }

    /// What the product answered to the purchase. Whatever was settled meanwhile stands.
    pub fn answered(&mut self, told: &PurchaseAnswer, template: Option<&Template>) {
        if self.access != Access::Pending || self.state == InstanceState::Released {
            return;
        }
        let filled = || template.map(|it| it.fill(self.id.as_str(), self.order_id.as_str()));
        self.access = match told {
            PurchaseAnswer::Ready(info) => Access::Ready(info.clone()),
            PurchaseAnswer::Refused(reason) => Access::Refused(*reason),
            PurchaseAnswer::AsTemplate => filled().map_or(Access::Pending, Access::Ready),
            PurchaseAnswer::Later => Access::Pending,
        };
    }

    /// What the product says of the access by itself, at the time that it signed; the newest word
    /// counts.
    ///
    /// # Errors
    /// Where the instance is gone: released, or abandoned and refunded; and where a refusal comes
    /// after its buyer got in.
    pub fn told_access(mut self, told: &PurchaseAnswer, at: UnixMillis) -> Result<Self, Refusal> {
        if self.state == InstanceState::Released || self.access == Access::Abandoned {
            return Err(Refusal::InstanceReleased);
        }
        if is_older(at, self.newest.access) {
            return Ok(self);
        }
        if matches!((told, &self.access), (PurchaseAnswer::Refused(_), Access::Ready(_))) {
            return Err(Refusal::ReadyBefore);
        }
        self.newest.access = Some(at);
        match told {
            PurchaseAnswer::Ready(info) => self.access = Access::Ready(info.clone()),
            PurchaseAnswer::Refused(reason) => self.access = Access::Refused(*reason),
            PurchaseAnswer::AsTemplate | PurchaseAnswer::Later => (),
        }
        Ok(self)
    }

    /// The purchase was called again, by a call that counts as signed at `at`: the buyer may have
    /// accepted, an abandoned purchase may be wanted after all, and V1's patience may end
    /// (decisions D2, D11).
    pub fn purchased_again(
        mut self,
        contract: Contract,
        accepted: bool,
        template: Option<&Template>,
        at: UnixMillis,
        now: UnixMillis,
    ) -> Transition {
        if self.state == InstanceState::Released {
            return self.unchanged(Remark::ReleasedBefore);
        }
        let revived = self.is_abandoned_before(at, now);
        if self.access == Access::Abandoned && !revived {
            return self.unchanged(Remark::OlderThanKnown);
        }
        let mut notices = Vec::new();
        if revived {
            self.revive();
            self = self.unsettled(contract, template, now);
            notices.push(NoticeType::Created);
        }
        if accepted && !self.accepted {
            self.accepted = true;
            self.abandon_at = None;
            notices.push(NoticeType::Accepted);
        }
        let mut transition = self.answered_with(contract, template).changed(notices);
        transition.remarks.extend(revived.then_some(Remark::Revived));
        transition
    }

    /// Starts V1's patience with a purchase whose answer is not `000000`. Only a purchase that is
    /// new, or wanted again, can be unsettled (decision D11).
    #[must_use]
    pub fn unsettled(
        mut self,
        contract: Contract,
        template: Option<&Template>,
        now: UnixMillis,
    ) -> Self {
        let success = self.purchase_code(contract, template) == ResultCode::Success;
        if contract == Contract::V1 && !success {
            self.abandon_at = Some(now.after(ABANDON_AFTER));
        }
        self
    }

    /// Ends V1's patience with an answer `000000` to newInstance: the purchase is settled.
    #[must_use]
    pub fn answered_with(mut self, contract: Contract, template: Option<&Template>) -> Self {
        let success = self.purchase_code(contract, template) == ResultCode::Success;
        if contract == Contract::V1 && success {
            self.abandon_at = None;
            self.sighted_at = None;
        }
        self
    }

    /// What the passing of time makes of it: a V1 purchase that was not settled in three hours
    /// is refunded, and no release follows (decision D11). The first look that finds it so is
    /// remembered; a later one acts (decision D12). Only the relay looks.
    #[must_use]
    pub fn pass(mut self, now: UnixMillis) -> (Self, Option<Remark>) {
        if self.abandon_at.is_none_or(|at| now < at) {
            self.sighted_at = None;
            return (self, None);
        }
        match self.sighted_at {
            Some(sighted) if sighted <= now && now < sighted.after(LOOK_AGAIN) => (self, None),
            Some(sighted) if sighted <= now && now <= sighted.after(SIGHTING_LASTS) => {
                self.abandon_at = None;
                self.sighted_at = None;
                self.abandoned_at = Some(now);
                self.access = Access::Abandoned;
                (self, Some(Remark::Abandoned))
            }
            Some(_) | None => {
                self.sighted_at = Some(now);
                (self, None)
            }
        }
    }

    /// When the relay should look at the purchase next, if it should.
    pub fn look_at(&self) -> Option<UnixMillis> {
        let again = self.sighted_at.map(|sighted| sighted.after(LOOK_AGAIN));
        self.abandon_at.map(|at| again.unwrap_or(at))
    }

    /// The code that newInstance is answered (decision D2).
    pub fn purchase_code(&self, contract: Contract, template: Option<&Template>) -> ResultCode {
        match (self.state, &self.access, contract) {
            (InstanceState::Released, _, _) | (_, Access::Ready(_), _) => ResultCode::Success,
            (_, Access::Refused(reason), _) => ResultCode::Refused(*reason),
            // What was refunded is not served, whatever a template says.
            (_, Access::Abandoned, _) | (_, Access::Pending, Contract::V2) => {
                ResultCode::Processing
            }
            // V1 knows no "later": the buyer's next look brings the real access data.
            (_, Access::Pending, Contract::V1) => {
                if template.is_some() {
                    ResultCode::Success
                } else {
                    ResultCode::Processing
                }
            }
        }
    }

    /// The access data that goes with a purchase answered `000000`.
    pub fn purchase_app_info(&self, template: Option<&Template>) -> Option<AppInfo> {
        match &self.access {
            Access::Ready(info) => Some(info.clone()),
            Access::Pending | Access::Refused(_) | Access::Abandoned => {
                template.map(|template| template.fill(self.id.as_str(), self.order_id.as_str()))
            }
        }
    }

    /// What this instance adds to a query: its access data, or the code that says why not
    /// (decision D8).
    ///
    /// # Errors
    /// The code, where the instance is not ready.
    pub fn looked_up(&self) -> Result<&AppInfo, ResultCode> {
        match (self.state, &self.access) {
            (InstanceState::Released, _) | (_, Access::Abandoned) => {
                Err(ResultCode::InstanceNotFound)
            }
            (_, Access::Ready(info)) => Ok(info),
            (_, Access::Pending) => Err(ResultCode::Processing),
            (_, Access::Refused(reason)) => Err(ResultCode::Refused(*reason)),
        }
    }

    fn unchanged(self, remark: Remark) -> Transition {
        Transition { instance: self, notices: Vec::new(), revived: false, remarks: vec![remark] }
    }

    const fn changed(self, notices: Vec<NoticeType>) -> Transition {
        Transition { instance: self, notices, revived: false, remarks: Vec::new() }
    }

    fn term_runs_on(&self, at: UnixMillis) -> bool {
        self.expires.is_some_and(|expires| expires.since(at) > EXPIRY_SLACK)
    }

    /// Takes expiry from the causes of a freeze; a thaw where none is left.
    fn lift_expiry(&mut self) -> Option<NoticeType> {
        match self.state {
            InstanceState::Frozen(FreezeCause::Expiry) => {
                self.state = InstanceState::Active;
                Some(NoticeType::Thawed)
            }
            InstanceState::Frozen(FreezeCause::Both) => {
                self.state = InstanceState::Frozen(FreezeCause::Status);
                None
            }
            InstanceState::Active
            | InstanceState::Frozen(FreezeCause::Status)
            | InstanceState::Released => None,
        }
    }
}

impl Transition {
    fn revived(mut self, revived: bool) -> Self {
        self.revived = revived;
        self.remarks.extend(revived.then_some(Remark::Revived));
        self
    }
}

impl InstanceState {
    /// The word for people and the product.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen(_) => "frozen",
            Self::Released => "released",
        }
    }
}

impl FreezeCause {
    /// The word for the product.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Status => "status",
            Self::Both => "both",
        }
    }

    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }
}

fn is_older(at: UnixMillis, newest: Option<UnixMillis>) -> bool {
    newest.is_some_and(|newest| at < newest)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(bool: &bool) -> bool {
    !*bool
}
