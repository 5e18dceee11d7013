//! What was bought, and every way it can change.
//!
//! A transition is a pure function of the instance, the call and the call's time; it says what
//! stands afterwards, what the product must learn, and what is worth a line in the log.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app_info::{AppInfo, Template};
use crate::message::{Direction, InstanceId, OrderId, RefreshInstance};
use crate::notice::NoticeType;
use crate::order_query::OrderFacts;
use crate::product::Told;
use crate::refusal::Refusal;
use crate::result_code::{OrderRefused, ResultCode};
use crate::signature::Contract;
use crate::time::UnixMillis;

/// One purchase, as we keep it: for ever, as a tombstone in the end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Instance {
    /// Its name on the wire.
    pub id: InstanceId,
    /// The purchase that made it.
    pub order_id: OrderId,
    /// Whether it serves, waits, or is gone.
    pub state: State,
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
    /// V1: when the marketplace will have given up on a purchase that was not answered
    /// `000000` (decision D11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandon_at: Option<UnixMillis>,
}

/// Whether an instance serves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
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
    /// Why there was less effect than the call asked for.
    pub remark: Option<Remark>,
}

/// Why a believed call had no effect, or what was odd about it. Counted; two are alarms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remark {
    /// A newer call of its kind stands.
    OlderThanKnown,
    /// It is so already.
    NothingToDo,
    /// The instance is released.
    ReleasedBefore,
    /// A renewal would have moved the expiry back.
    WouldMoveBack,
    /// Alarm: expiry was called long before the expiry that a renewal set.
    ExpiryBeforeRenewedTerm,
    /// Alarm: signed more than ten minutes ahead of now.
    SignedAhead,
    /// The same order came with another meaning; the first stays.
    OtherMeaning,
    /// A personal field could not be read.
    FieldUnreadable,
    /// Alarm: the marketplace gave up on a purchase.
    Abandoned,
    /// A list of nobody, which changes nothing.
    EmptyList,
}

/// How far ahead of now a call may be signed before its time counts as now.
const MAX_AHEAD: Duration = Duration::from_mins(10);

/// An expiry that comes longer than this before a renewed term's end is a restart of an old one.
const EXPIRY_SLACK: Duration = Duration::from_hours(24);

/// V1 gives up after three hours; half an hour for clocks and queues.
const ABANDON_AFTER: Duration = Duration::from_mins(210);

impl Remark {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OlderThanKnown => "older-than-known",
            Self::NothingToDo => "nothing-to-do",
            Self::ReleasedBefore => "released-before",
            Self::WouldMoveBack => "would-move-back",
            Self::ExpiryBeforeRenewedTerm => "expiry-before-renewed-term",
            Self::SignedAhead => "signed-ahead",
            Self::OtherMeaning => "other-meaning",
            Self::FieldUnreadable => "field-unreadable",
            Self::Abandoned => "abandoned",
            Self::EmptyList => "empty-list",
        }
    }

    /// Whether somebody should look.
    pub const fn is_alarm(self) -> bool {
        match self {
            Self::ExpiryBeforeRenewedTerm | Self::SignedAhead | Self::Abandoned => true,
            Self::OlderThanKnown
            | Self::NothingToDo
            | Self::ReleasedBefore
            | Self::WouldMoveBack
            | Self::OtherMeaning
            | Self::FieldUnreadable
            | Self::EmptyList => false,
        }
    }
}

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
            state: State::Active,
            access,
            facts: None,
            expires: None,
            accepted: false,
            newest: Newest::default(),
            abandon_at: None,
        }
    }

    /// A new expiry (decisions D3 to D6).
    ///
    /// # Errors
    /// Where the instance is released.
    pub fn refresh(
        mut self,
        request: &RefreshInstance,
        at: UnixMillis,
    ) -> Result<Transition, Refusal> {
        if self.state == State::Released {
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
        Ok(Transition { instance: self, notices, remark: None })
    }

    /// A freeze, for a cause (decisions D4 to D6).
    pub fn freeze(mut self, cause: FreezeCause, at: UnixMillis) -> Transition {
        if self.state == State::Released {
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
            State::Frozen(standing) => standing.and(cause),
            State::Active | State::Released => cause,
        };
        if self.state == State::Frozen(frozen) {
            return self.unchanged(Remark::NothingToDo);
        }
        self.state = State::Frozen(frozen);
        Transition { instance: self, notices: vec![NoticeType::Frozen], remark: None }
    }

    /// A thaw, whatever froze it (decisions D4 to D6).
    ///
    /// # Errors
    /// Where the instance is released.
    pub fn thaw(mut self, at: UnixMillis) -> Result<Transition, Refusal> {
        if is_older(at, self.newest.status) && self.state != State::Released {
            return Ok(self.unchanged(Remark::OlderThanKnown));
        }
        self.newest.status = Some(at);
        match self.state {
            State::Released => Err(Refusal::InstanceReleased),
            State::Active => Ok(self.unchanged(Remark::NothingToDo)),
            State::Frozen(_) => {
                self.state = State::Active;
                Ok(Transition { instance: self, notices: vec![NoticeType::Thawed], remark: None })
            }
        }
    }

    /// Another specification (decisions D5, D6, D9).
    ///
    /// # Errors
    /// Where the instance is released.
    pub fn upgrade(mut self, at: UnixMillis) -> Result<Transition, Refusal> {
        if self.state == State::Released {
            return Err(Refusal::InstanceReleased);
        }
        if is_older(at, self.newest.upgrade) {
            return Ok(self.unchanged(Remark::OlderThanKnown));
        }
        self.newest.upgrade = Some(at);
        Ok(Transition { instance: self, notices: vec![NoticeType::Upgraded], remark: None })
    }

    /// The end, from any state. What stays is a tombstone without credentials (decision D6).
    pub fn release(mut self) -> Transition {
        if self.state == State::Released {
            return self.unchanged(Remark::ReleasedBefore);
        }
        self.state = State::Released;
        self.abandon_at = None;
        self.access = match self.access {
            Access::Ready(info) => Access::Ready(info.without_credentials()),
            Access::Pending => Access::Pending,
            Access::Refused(reason) => Access::Refused(reason),
            Access::Abandoned => Access::Abandoned,
        };
        Transition { instance: self, notices: vec![NoticeType::Released], remark: None }
    }

    /// What the product answered to the purchase. Whatever was settled meanwhile stands.
    pub fn answered(&mut self, told: &Told, template: Option<&Template>) {
        if self.access != Access::Pending || self.state == State::Released {
            return;
        }
        let filled = || template.map(|it| it.fill(self.id.as_str(), self.order_id.as_str()));
        self.access = match told {
            Told::Ready(info) => Access::Ready(info.clone()),
            Told::Refused(reason) => Access::Refused(*reason),
            Told::AsTemplate => filled().map_or(Access::Pending, Access::Ready),
            Told::Later => Access::Pending,
        };
    }

    /// What the product says of the access by itself, at the time that it signed; the newest word
    /// counts.
    ///
    /// # Errors
    /// Where the instance is gone: released, or abandoned and refunded; and where a refusal comes
    /// after its buyer got in.
    pub fn told_access(mut self, told: &Told, at: UnixMillis) -> Result<Self, Refusal> {
        if self.state == State::Released || self.access == Access::Abandoned {
            return Err(Refusal::InstanceReleased);
        }
        if is_older(at, self.newest.access) {
            return Ok(self);
        }
        if matches!((told, &self.access), (Told::Refused(_), Access::Ready(_))) {
            return Err(Refusal::ReadyBefore);
        }
        self.newest.access = Some(at);
        match told {
            Told::Ready(info) => self.access = Access::Ready(info.clone()),
            Told::Refused(reason) => self.access = Access::Refused(*reason),
            Told::AsTemplate | Told::Later => (),
        }
        Ok(self)
    }

    /// The purchase was called again: the buyer may have accepted, an abandoned purchase is
    /// wanted after all, and V1's patience begins or ends (decisions D2, D11).
    pub fn purchased_again(
        mut self,
        contract: Contract,
        accepted: bool,
        template: Option<&Template>,
        now: UnixMillis,
    ) -> Transition {
        if self.state == State::Released {
            return self.unchanged(Remark::ReleasedBefore);
        }
        let mut notices = Vec::new();
        if self.access == Access::Abandoned {
            self.access = Access::Pending;
            notices.push(NoticeType::Created);
        }
        if accepted && !self.accepted {
            self.accepted = true;
            notices.push(NoticeType::Accepted);
        }
        let instance = self.awaiting(contract, template, now);
        Transition { instance, notices, remark: None }
    }

    /// Starts V1's patience with an answer that is not `000000`, or ends it.
    #[must_use]
    pub fn awaiting(
        mut self,
        contract: Contract,
        template: Option<&Template>,
        now: UnixMillis,
    ) -> Self {
        if contract == Contract::V1 {
            let answered = self.purchase_code(contract, template) == ResultCode::Success;
            let standing = self.abandon_at.unwrap_or_else(|| now.after(ABANDON_AFTER));
            self.abandon_at = Some(standing).filter(|_| !answered);
        }
        self
    }

    /// What the passing of time makes of it: a V1 purchase that was not answered in three hours
    /// is refunded, and no release follows (decision D11).
    #[must_use]
    pub fn pass(mut self, now: UnixMillis) -> (Self, Option<Remark>) {
        if self.abandon_at.is_none_or(|at| now < at) {
            return (self, None);
        }
        self.abandon_at = None;
        self.access = Access::Abandoned;
        (self, Some(Remark::Abandoned))
    }

    /// The code that newInstance is answered (decision D2).
    pub fn purchase_code(&self, contract: Contract, template: Option<&Template>) -> ResultCode {
        match (self.state, &self.access, contract) {
            (State::Released, _, _) | (_, Access::Ready(_), _) => ResultCode::Success,
            (_, Access::Refused(reason), _) => ResultCode::Refused(*reason),
            (_, Access::Pending | Access::Abandoned, Contract::V2) => ResultCode::Processing,
            // V1 knows no "later": the buyer's next look brings the real access data.
            (_, Access::Pending | Access::Abandoned, Contract::V1) => {
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
            (State::Released, _) | (_, Access::Abandoned) => Err(ResultCode::InstanceNotFound),
            (_, Access::Ready(info)) => Ok(info),
            (_, Access::Pending) => Err(ResultCode::Processing),
            (_, Access::Refused(reason)) => Err(ResultCode::Refused(*reason)),
        }
    }

    fn unchanged(self, remark: Remark) -> Transition {
        Transition { instance: self, notices: Vec::new(), remark: Some(remark) }
    }

    fn term_runs_on(&self, at: UnixMillis) -> bool {
        self.expires.is_some_and(|expires| expires.since(at) > EXPIRY_SLACK)
    }

    /// Takes expiry from the causes of a freeze; a thaw where none is left.
    fn lift_expiry(&mut self) -> Option<NoticeType> {
        match self.state {
            State::Frozen(FreezeCause::Expiry) => {
                self.state = State::Active;
                Some(NoticeType::Thawed)
            }
            State::Frozen(FreezeCause::Both) => {
                self.state = State::Frozen(FreezeCause::Status);
                None
            }
            State::Active | State::Frozen(FreezeCause::Status) | State::Released => None,
        }
    }
}

impl State {
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
