//! The calls that change an instance: refresh, freeze, unfreeze, upgrade, release.

use std::time::Duration;

use protocol::message::{ExpiryDirection, RefreshInstance};
use protocol::time::UnixMillis;

use super::Instance;
use super::access::Access;
use super::call_time::is_older;
use super::state::{FreezeCause, InstanceState};
use super::transition::Transition;
use crate::notice::NoticeType;
use crate::refusal::Refusal;
use crate::remark::Remark;

impl Instance {
    /// Sets a new expiry (decisions D3 to D6).
    ///
    /// # Errors
    /// If the instance is released.
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
        let moves_back = self.expires.is_some_and(|current| request.expires < current);
        if request.direction == ExpiryDirection::Forward && moves_back {
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

    /// Freezes the instance for a cause (decisions D4 to D6).
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
            InstanceState::Frozen(current) => current.and(cause),
            InstanceState::Active | InstanceState::Released => cause,
        };
        if self.state == InstanceState::Frozen(frozen) {
            return self.unchanged(Remark::NothingToDo);
        }
        self.state = InstanceState::Frozen(frozen);
        self.changed(vec![NoticeType::Frozen])
    }

    /// Unfreezes the instance, for every cause of the freeze (decisions D4 to D6).
    ///
    /// # Errors
    /// If the instance is released.
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

    /// Changes the specification (decisions D5, D6, D9).
    ///
    /// # Errors
    /// If the instance is released.
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

    /// Releases the instance, from any state. A tombstone without credentials stays (decision D6).
    /// `at` is the effective time of the call.
    pub fn release(mut self, at: UnixMillis) -> Transition {
        if self.state == InstanceState::Released {
            return self.unchanged(Remark::ReleasedBefore);
        }
        self.state = InstanceState::Released;
        self.released_at = Some(at.whole_second());
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

    fn term_runs_on(&self, at: UnixMillis) -> bool {
        self.expires.is_some_and(|expires| expires.since(at) > EXPIRY_SLACK)
    }

    /// Removes expiry from the causes of a freeze. If no cause is left, the instance is unfrozen.
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

/// An expiry call that arrives more than this long before the renewed expiry belongs to the old
/// term (decision D4).
const EXPIRY_SLACK: Duration = Duration::from_hours(24);
