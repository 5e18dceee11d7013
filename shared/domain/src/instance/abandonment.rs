//! Purchases that the marketplace gives up (decisions D11, D12).
//!
//! V1 gives a purchase up and refunds it if newInstance is not answered `000000` in three hours. No
//! call says so: the relay finds it by the clock. A later call about the purchase revives it.

use std::time::Duration;

use protocol::result_code::ResultCode;
use protocol::signature::Contract;
use protocol::time::UnixMillis;

use super::Instance;
use super::access::Access;
use super::call_time::MAX_AHEAD;
use super::state::InstanceState;
use crate::app_info_template::Template;
use crate::remark::Remark;

/// Whether a decision may rest on the clock (decision D12).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockTrust {
    /// The clock agrees with the store's.
    Trusted,
    /// The store's clock shows another time.
    Doubted,
}

impl Instance {
    /// A later call proves that the purchase was paid: it is settled for ever. If the call was
    /// signed after the purchase was abandoned, it revives the purchase (decision D11).
    pub(super) fn settled(mut self, at: UnixMillis, now: UnixMillis) -> (Self, bool) {
        self.abandon_at = None;
        self.sighted_at = None;
        let revived = self.state != InstanceState::Released && self.is_abandoned_before(at, now);
        if revived {
            self.revive();
        }
        (self, revived)
    }

    /// Whether the purchase was abandoned before a call was signed. If the record does not say
    /// when, the call must have been signed just now: a replay of an older call was not.
    pub(super) fn is_abandoned_before(&self, at: UnixMillis, now: UnixMillis) -> bool {
        let just_now = || at.after(MAX_AHEAD) > now;
        // A time in the future was written under a wrong clock, and says nothing.
        let abandoned = self.abandoned_at.filter(|abandoned| *abandoned <= now);
        let later = abandoned.map_or_else(just_now, |abandoned| at > abandoned);
        self.access == Access::Abandoned && later
    }

    pub(super) fn revive(&mut self) {
        self.access = Access::Pending;
        self.abandoned_at = None;
    }

    /// Starts V1's time to give a purchase up, if the answer is not `000000`. Only a purchase that
    /// is new, or revived, can be unsettled (decision D11).
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

    /// Ends V1's time to give the purchase up, if newInstance is answered `000000`.
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
    /// remembered; a later look abandons the purchase (decision D12). Only the relay looks.
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
}

/// V1 gives a purchase up after three hours. Half an hour is added for clocks and queues.
const ABANDON_AFTER: Duration = Duration::from_mins(210);

/// How long after its first look the relay abandons a purchase (decision D12). A clock that was
/// wrong for a moment is right again by then.
const LOOK_AGAIN: Duration = Duration::from_mins(10);

/// A first look that is older than this does not count: the clock may have jumped since.
const SIGHTING_LASTS: Duration = Duration::from_hours(24);
