//! `newInstance`: a purchase, and a repeated purchase.

use protocol::message::{InstanceId, OrderId};
use protocol::signature::Contract;
use protocol::time::UnixMillis;

use super::access::Access;
use super::state::InstanceState;
use super::transition::Transition;
use super::{Instance, NewestCalls};
use crate::app_info_template::Template;
use crate::notice::NoticeType;
use crate::remark::Remark;

impl Instance {
    /// A new purchase. If there is no product, `access` is the template's access data.
    pub fn created(id: InstanceId, order_id: OrderId, access: Access) -> Self {
        Self {
            id,
            order_id,
            state: InstanceState::Active,
            access,
            facts: None,
            expires: None,
            accepted: false,
            newest: NewestCalls::default(),
            abandon_at: None,
            sighted_at: None,
            abandoned_at: None,
            wait: None,
            charging_mode: None,
            usage: None,
            began_at: None,
            released_at: None,
        }
    }

    /// The same purchase with its charging mode and its beginning. `at` is the effective time of the
    /// purchase; it is the epoch if the call's time was unusable, and then there is no beginning.
    #[must_use]
    pub fn charged(mut self, charging_mode: Option<&str>, at: UnixMillis) -> Self {
        let kept = |text: &str| text.chars().take(MAX_MODE_LETTERS).collect();
        self.charging_mode = charging_mode.map(kept);
        self.began_at = (at > UnixMillis::EPOCH).then(|| at.whole_second());
        self
    }

    /// Applies a repeated newInstance call. `at` is the effective time of the call. The buyer may
    /// have accepted the delivery. The call may revive an abandoned purchase, and its answer may
    /// settle the purchase (decisions D2, D11).
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
}

/// The most characters of a charging mode that the instance keeps. The guide's modes have one.
const MAX_MODE_LETTERS: usize = 64;
