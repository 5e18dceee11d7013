//! What is true after every step of a simulation.

use std::time::Duration;

use domain::instance::{Access, FreezeCause, InstanceState, effective};
use domain::notice::NoticeType;
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use simulator::answer::Answer;
use tests::call::run;

use super::{Call, IMPORTED, OrderKey, Simulation, instance};

/// Before and after one step, of one purchase.
pub(super) struct Step<'a> {
    pub(super) call: &'a Call,
    pub(super) answer: &'a Answer,
    pub(super) troubled: bool,
    pub(super) now: UnixMillis,
    pub(super) before: Option<EntityRecord>,
    pub(super) after: Option<EntityRecord>,
}

impl Simulation {
    /// D11: what was paid for is never abandoned.
    pub(super) fn hold_the_paid(&self) {
        for about in &self.settled {
            let kept = run(self.koohook.kept(&self.id_of(*about)));
            let access = instance(kept.as_ref()).map(|instance| &instance.access);
            assert_ne!(access, Some(&Access::Abandoned), "D11: purchase {about} was paid for");
        }
    }

    /// A purchase is paid for once the marketplace was answered `000000` to it, or calls about it.
    pub(super) fn settle(&mut self, step: &Step<'_>) {
        let looks = step.is("query") || step.is("Check");
        let standing = instance(step.after.as_ref()).map(|instance| &instance.access);
        let live = standing.is_some_and(|access| *access != Access::Abandoned);
        if step.answer.code == "000000" && !looks && live {
            self.settled.insert(step.call.about);
        }
    }

    pub(super) fn hold(&mut self, step: &Step<'_>, counts: (usize, usize)) {
        if step.call.rehearsal {
            assert_eq!(counts, (0, 0), "I15: a rehearsal asks the store nothing");
            assert_eq!(step.answer.code, "000000");
            return assert_eq!(step.before, step.after, "I15: and changes nothing");
        }
        let writes = if self.inline { 2 } else { 1 };
        // One more read behind a pointer.
        let reads = if step.call.about == IMPORTED && step.is("newInstance") { 2 } else { 1 };
        assert!(step.troubled || (counts.0 <= reads && counts.1 <= writes), "G3: {counts:?}");
        assert!(step.troubled || step.answer.code != "000005", "failed for no reason");
        self.hold_one_id(step);
        self.hold_the_count_of_notices(step);
        if !self.inline {
            // What was told already waits no longer, and cannot be seen.
            step.hold_edges();
        }
        step.hold_order_of_time();
        step.hold_the_end();
        self.hold_orders(step);
        step.hold_honesty();
        self.settle(step);
    }

    /// I1, I2: one ID for each purchase, whatever lies between, and no ID for two.
    pub(super) fn hold_one_id(&mut self, step: &Step<'_>) {
        let Some(id) = &step.answer.instance_id else {
            return;
        };
        let standing = self.answered.entry(step.call.about).or_insert_with(|| id.clone());
        assert_eq!(standing, id, "I2: another ID for one purchase");
        let sharing = self.answered.values().filter(|answered| *answered == id);
        assert_eq!(sharing.count(), 1, "I1: one ID for two purchases");
        assert_eq!(instance(step.after.as_ref()).unwrap().id.as_str(), id);
    }

    /// I6: every notice that was ever appended waits, was delivered, or was dropped and counted.
    pub(super) fn hold_the_count_of_notices(&self, step: &Step<'_>) {
        let Some(kept) = &step.after else {
            return;
        };
        assert_eq!(self.untold(step.call.about, kept), 0, "I6: a notice came or went unseen");
        let outbox = &kept.outbox;
        let most = u64::from(outbox.dropped) + u64::try_from(outbox.waiting.len()).unwrap();
        assert!(most <= outbox.sequence, "I6: more notices than there ever were");
        let sequences = outbox.waiting.iter().map(|notice| notice.sequence());
        assert!(sequences.is_sorted_by(|a, b| a < b), "I6: notices out of order");
    }

    /// I9: an order is carried out once, and what it says the second time changes nothing.
    pub(super) fn hold_orders(&mut self, step: &Step<'_>) {
        let Some(order) = step.later_order() else {
            return;
        };
        if step.member("instanceId") != self.id_of(step.call.about) {
            // Made before the import: nobody knows the instance under that ID any more.
            return;
        }
        let changed = step.before != step.after;
        let known = self.carried_out.contains(&order);
        assert!(!(known && changed), "I9: {order:?} was carried out twice");
        assert!(!known || ["000000", "000005"].contains(&step.answer.code.as_str()));
        if changed {
            self.carried_out.insert(order);
        } else if !known && step.answer.code == "000000" {
            assert!(step.is_overtaken(), "I3: {order:?} was acknowledged and lost");
        }
    }
}

impl Step<'_> {
    pub(super) fn member(&self, name: &str) -> &str {
        let mut members = self.call.members.iter();
        members.find(|(named, _)| named == name).map_or("", |(_, value)| value)
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.call.callback.name.contains(word)
    }

    /// The time that the call counts as.
    pub(super) fn at(&self) -> UnixMillis {
        effective(UnixMillis::new(self.call.signed_at), self.now).0
    }

    /// The order behind a refresh or an upgrade.
    pub(super) fn later_order(&self) -> Option<OrderKey> {
        Self::order_of(self.call)
    }

    pub(super) fn order_of(call: &Call) -> Option<OrderKey> {
        let name = call.callback.name;
        let later = name.contains("refreshInstance") || name.contains("upgrade");
        let order = call.members.iter().find(|(name, _)| name == "orderId");
        order.filter(|_| later).map(|(_, order)| (call.about, name, order.clone()))
    }

    /// Whether a newer call of the same kind was there first.
    pub(super) fn is_overtaken(&self) -> bool {
        let newest =
            instance(self.before.as_ref()).map(|instance| instance.newest).unwrap_or_default();
        let newest = if self.is("refresh") { newest.refresh } else { newest.upgrade };
        newest.is_some_and(|newest| self.at() < newest)
    }

    /// The notices that this step appended.
    pub(super) fn told(&self) -> Vec<NoticeType> {
        let before = self.before.as_ref().map_or(0, |kept| kept.outbox.sequence);
        let waiting = self.after.iter().flat_map(|kept| &kept.outbox.waiting);
        let told: Vec<_> =
            waiting.filter(|notice| notice.sequence() > before).map(|notice| notice.kind).collect();
        let after = self.after.as_ref().map_or(0, |kept| kept.outbox.sequence);
        if told.is_empty() && after == before + 1 {
            // Of a purchase that the product never heard of, the end need not be told either.
            let unheard_of = self.before.as_ref().is_some_and(|kept| kept.outbox.is_unheard_of());
            assert!(self.is("releaseInstance") && unheard_of, "I6: told nobody, and not of an end");
            return vec![NoticeType::Released];
        }
        assert_eq!(u64::try_from(told.len()).unwrap(), after - before, "I6: told more than waits");
        told
    }

    /// I12: every change of state is the label of a notice, and every notice a change it may name.
    pub(super) fn hold_edges(&self) {
        let word = |kept: Option<&EntityRecord>| {
            instance(kept).map_or("absent", |instance| instance.state.as_str())
        };
        let mut state = word(self.before.as_ref());
        for kind in self.told() {
            state = match (kind, state) {
                (NoticeType::Created, "absent") => "active",
                (NoticeType::Frozen, "active" | "frozen") => "frozen",
                (NoticeType::Thawed, "frozen") => "active",
                (NoticeType::Released, "active" | "frozen") => "released",
                (
                    NoticeType::Created
                    | NoticeType::Accepted
                    | NoticeType::Renewed
                    | NoticeType::Upgraded
                    | NoticeType::Abandoned,
                    "active" | "frozen",
                ) => state,
                (kind, state) => panic!("I12: {kind:?} of what is {state}"),
            };
        }
        assert_eq!(state, word(self.after.as_ref()), "I12: a change that nobody is told of");
    }

    /// I10: what is kept of signed times never goes back, and an overtaken call changes nothing.
    pub(super) fn hold_order_of_time(&self) {
        let [Some(before), Some(after)] =
            [&self.before, &self.after].map(|kept| instance(kept.as_ref()))
        else {
            return;
        };
        let (then, since) = (before.newest, after.newest);
        assert!(
            then.status <= since.status
                && then.refresh <= since.refresh
                && then.upgrade <= since.upgrade
        );
        let sets_status =
            self.is("FREEZE") || self.is("NORMAL") || self.is("UNFREEZE") || self.is("expire");
        if sets_status && then.status.is_some_and(|newest| self.at() < newest) {
            assert_eq!(before, after, "I10: an older status changed something");
        }
        if self.later_order().is_some() && self.is_overtaken() {
            assert_eq!(before, after, "I10: an older order changed something");
        }
    }

    /// I11: what is released stays as it is, for ever.
    pub(super) fn hold_the_end(&self) {
        if instance(self.before.as_ref())
            .is_some_and(|instance| instance.state == InstanceState::Released)
        {
            assert_eq!(self.before, self.after, "I11: a released instance changed");
        }
    }

    /// I8: what is answered `000000` can be seen in the store.
    pub(super) fn hold_honesty(&self) {
        if self.answer.code != "000000" || self.is("query") || self.is("Check") {
            return;
        }
        let after = instance(self.after.as_ref()).expect("I8: success, and nothing is there");
        let newest = after.newest.status;
        let frozen_by = |cause| matches!(after.state, InstanceState::Frozen(standing) if standing == cause || standing == FreezeCause::Both);
        let done = if self.is("releaseInstance") || after.state == InstanceState::Released {
            after.state == InstanceState::Released
        } else if self.is("newInstance") {
            self.member("acceptanceTime").is_empty() || after.accepted || self.before.is_none()
        } else if newest > Some(self.at()) {
            true
        } else if self.is("UNFREEZE") || self.is("NORMAL") {
            after.state == InstanceState::Active
        } else if self.is("FREEZE") {
            frozen_by(FreezeCause::Status)
        } else if self.is("expireInstance") {
            let term = after.expires.map_or(Duration::ZERO, |expires| expires.since(self.at()));
            frozen_by(FreezeCause::Expiry) || term > Duration::from_hours(24)
        } else {
            true
        };
        assert!(done, "I8: success, and it was not done");
    }
}
