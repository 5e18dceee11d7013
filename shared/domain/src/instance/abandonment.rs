//! Purchases that the marketplace refunds without a release (decisions D11, D12).
//!
//! Under V1, the marketplace refunds a purchase if newInstance is not answered `000000` within
//! three hours. It does not call koohook then, so the relay checks the clock. A later call about
//! the purchase revives it.

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

/// Whether a decision may depend on the clock (decision D12).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockTrust {
    /// The clock agrees with the store's clock, or the store reports no time.
    Trusted,
    /// The clock differs from the store's clock, or koohook did not compare them.
    Doubted,
}

impl Instance {
    /// Settles the purchase, because a later call shows that it was paid. It stays settled. If the
    /// call was signed after the purchase was abandoned, it revives the purchase (decision D11).
    /// Returns whether the purchase was revived.
    pub(super) fn settled(mut self, at: UnixMillis, now: UnixMillis) -> (Self, bool) {
        self.abandon_at = None;
        self.sighted_at = None;
        let revived = self.state != InstanceState::Released && self.is_abandoned_before(at, now);
        if revived {
            self.revive();
        }
        (self, revived)
    }

    /// Whether the purchase was abandoned before a call was signed. If the record does not contain
    /// the time of the abandonment, the call must be signed just now. This excludes a replay of an
    /// older call.
    pub(super) fn is_abandoned_before(&self, at: UnixMillis, now: UnixMillis) -> bool {
        let just_now = || at.after(MAX_AHEAD) > now;
        // A wrong clock wrote a time in the future, so that time does not count.
        let abandoned = self.abandoned_at.filter(|abandoned| *abandoned <= now);
        let later = abandoned.map_or_else(just_now, |abandoned| at > abandoned);
        self.access == Access::Abandoned && later
    }

    pub(super) fn revive(&mut self) {
        self.access = Access::Pending;
        self.abandoned_at = None;
    }

    /// Starts the time after which a V1 purchase is abandoned, if the answer is not `000000`. It is
    /// called only for a purchase that is new or revived (decision D11).
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

    /// Settles a V1 purchase if newInstance is answered `000000`.
    #[must_use]
    pub fn answered_with(mut self, contract: Contract, template: Option<&Template>) -> Self {
        let success = self.purchase_code(contract, template) == ResultCode::Success;
        if contract == Contract::V1 && success {
            self.abandon_at = None;
            self.sighted_at = None;
        }
        self
    }

    /// Applies the passing of time. The marketplace refunds a V1 purchase that was not settled
    /// within three hours, and sends no release (decision D11). The first relay run that finds such
    /// a purchase records the time. A later run abandons the purchase (decision D12). Only the
    /// relay calls this.
    #[must_use]
    pub fn pass(mut self, now: UnixMillis) -> (Self, Option<Remark>) {
        if self.abandon_at.is_none_or(|at| now < at) {
            self.sighted_at = None;
            return (self, None);
        }
        match self.sighted_at {
            Some(sighted) if sighted <= now && now < sighted.after(CHECK_AGAIN) => (self, None),
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

    /// When the relay must check the purchase next; `None` if the purchase is settled or was
    /// abandoned.
    pub fn look_at(&self) -> Option<UnixMillis> {
        let again = self.sighted_at.map(|sighted| sighted.after(CHECK_AGAIN));
        self.abandon_at.map(|at| again.unwrap_or(at))
    }
}

/// How long the marketplace waits for access data (both guides). Then it fails the order; under V1 it
/// refunds it.
pub const ORDER_FAILS_AFTER: Duration = Duration::from_hours(3);

/// Half an hour is added for clocks and queues.
const ABANDON_AFTER: Duration = Duration::from_mins(210);

/// How long the relay waits between the first check and the abandonment (decision D12). A clock
/// that was wrong for a short time is correct again by then.
pub const CHECK_AGAIN: Duration = Duration::from_mins(10);

/// A first check that is older than this does not count: the clock may have jumped in between.
const SIGHTING_LASTS: Duration = Duration::from_hours(24);
