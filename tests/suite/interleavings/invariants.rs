//! The invariants that every step of a simulation must keep.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::catalogue::{CatalogueEntry, CatalogueList};
use domain::entity::Subject;
use domain::instance::{Access, FreezeCause, InstanceState, effective};
use domain::notice::NoticeType;
use domain::record::EntityRecord;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::store::Store;
use simulator::answer::Answer;
use tests::call::run;

use super::{Call, IMPORTED, OrderKey, PURCHASES, Simulation, instance};

/// One purchase before and after one step.
pub(super) struct Step<'a> {
    pub(super) call: &'a Call,
    pub(super) answer: &'a Answer,
    pub(super) troubled: bool,
    pub(super) now: UnixMillis,
    pub(super) before: Option<EntityRecord>,
    pub(super) after: Option<EntityRecord>,
}

impl Simulation {
    /// D11: a paid purchase must never be abandoned.
    pub(super) fn check_paid(&self) {
        for about in &self.settled {
            let kept = run(self.koohook.kept(&self.id_of(*about)));
            let access = instance(kept.as_ref()).map(|instance| &instance.access);
            assert_ne!(access, Some(&Access::Abandoned), "D11: purchase {about} was paid for");
        }
    }

    /// Invariant 21: every stored instance has one entry in the catalogue, in the list of its state. Nothing
    /// else has an entry.
    pub(super) fn check_catalogue(&self) {
        let of = |list| {
            let store = self.koohook.store().inner();
            let items = run(store.catalogue(list, None, usize::MAX)).unwrap();
            items.into_iter().map(move |item| (item.key.clone(), (list, item)))
        };
        let entries: Vec<_> = CatalogueList::ALL.into_iter().flat_map(of).collect();
        let count = entries.len();
        let mut found: BTreeMap<_, _> = entries.into_iter().collect();
        assert_eq!(found.len(), count, "invariant 21: an instance is in two lists");
        for about in 0..PURCHASES.len() {
            let id = self.id_of(about);
            let Some(kept) = run(self.koohook.kept(&id)) else { continue };
            let key = Subject::Instance(InstanceId::parse(&id).unwrap()).key();
            let (list, item) = found.remove(&key).expect("invariant 21: an instance has no entry");
            let entry = CatalogueEntry { list, changed: item.changed, order: item.order };
            assert!(
                kept.changed.is_some(),
                "invariant 21: the record contains the time of its last change"
            );
            assert_eq!(
                kept.catalogue(UnixMillis::EPOCH),
                Some(entry),
                "invariant 21: purchase {about}"
            );
        }
        assert_eq!(found, BTreeMap::new(), "invariant 21: an entry has no instance");
    }

    /// A purchase counts as paid after the marketplace got `000000` for it or for a later call
    /// about it.
    pub(super) fn settle(&mut self, step: &Step<'_>) {
        let reads_only = step.is("query") || step.is("Check");
        let access = instance(step.after.as_ref()).map(|instance| &instance.access);
        let is_kept = access.is_some_and(|access| *access != Access::Abandoned);
        if step.answer.code == "000000" && !reads_only && is_kept {
            self.settled.insert(step.call.about);
        }
    }

    pub(super) fn check(&mut self, step: &Step<'_>, counts: (usize, usize)) {
        if step.call.rehearsal {
            assert_eq!(counts, (0, 0), "invariant 15: a rehearsal does not use the store");
            assert_eq!(step.answer.code, "000000");
            return assert_eq!(
                step.before, step.after,
                "invariant 15: a rehearsal changes nothing"
            );
        }
        let writes = if self.inline { 2 } else { 1 };
        // An imported purchase needs one more read, through its pointer.
        let reads = if step.call.about == IMPORTED && step.is("newInstance") { 2 } else { 1 };
        assert!(step.troubled || (counts.0 <= reads && counts.1 <= writes), "G3: {counts:?}");
        assert!(step.troubled || step.answer.code != "000005", "the call failed without a fault");
        self.check_one_id(step);
        self.check_notice_count(step);
        if !self.inline {
            // Otherwise, a delivered notice is already gone from the outbox.
            step.check_notices_fit();
        }
        step.check_order_of_time();
        step.check_released();
        self.check_orders(step);
        step.check_success();
        self.settle(step);
    }

    /// Invariants 1, 2: a purchase always has the same ID, and no two purchases have the same one.
    pub(super) fn check_one_id(&mut self, step: &Step<'_>) {
        let Some(id) = &step.answer.instance_id else {
            return;
        };
        let first = self.answered.entry(step.call.about).or_insert_with(|| id.clone());
        assert_eq!(first, id, "invariant 2: another ID for one purchase");
        let sharing = self.answered.values().filter(|answered| *answered == id);
        assert_eq!(sharing.count(), 1, "invariant 1: one ID for two purchases");
        assert_eq!(instance(step.after.as_ref()).unwrap().id.as_str(), id);
    }

    /// Invariant 6: every notice waits, was delivered, or was dropped and counted.
    pub(super) fn check_notice_count(&self, step: &Step<'_>) {
        let Some(kept) = &step.after else {
            return;
        };
        assert_eq!(self.lost_notices(step.call.about, kept), 0, "invariant 6: a notice is lost");
        let outbox = &kept.outbox;
        let most = u64::from(outbox.dropped) + u64::try_from(outbox.waiting.len()).unwrap();
        assert!(most <= outbox.sequence, "invariant 6: more notices than sequence numbers");
        let sequences = outbox.waiting.iter().map(|notice| notice.sequence());
        assert!(sequences.is_sorted_by(|a, b| a < b), "invariant 6: notices out of order");
    }

    /// Invariant 9: an order is carried out once. A repeat with other values changes nothing.
    pub(super) fn check_orders(&mut self, step: &Step<'_>) {
        let Some(order) = step.later_order() else {
            return;
        };
        if step.member("instanceId") != self.id_of(step.call.about) {
            // The ID in this call is from before the import, and no instance has it now.
            return;
        }
        let changed = step.before != step.after;
        let known = self.carried_out.contains(&order);
        assert!(!(known && changed), "invariant 9: {order:?} was carried out twice");
        assert!(!known || ["000000", "000005"].contains(&step.answer.code.as_str()));
        if changed {
            self.carried_out.insert(order);
        } else if !known && step.answer.code == "000000" {
            assert!(step.is_overtaken(), "invariant 3: {order:?} was acknowledged and lost");
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

    /// The time of the call for the decision.
    pub(super) fn at(&self) -> UnixMillis {
        effective(UnixMillis::new(self.call.signed_at), None, self.now).0
    }

    /// The order of a refresh or an upgrade.
    pub(super) fn later_order(&self) -> Option<OrderKey> {
        Self::order_of(self.call)
    }

    pub(super) fn order_of(call: &Call) -> Option<OrderKey> {
        let name = call.callback.name;
        let later = name.contains("refreshInstance") || name.contains("upgrade");
        let order = call.members.iter().find(|(name, _)| name == "orderId");
        order.filter(|_| later).map(|(_, order)| (call.about, name, order.clone()))
    }

    /// Whether a newer call of the same kind was carried out before.
    pub(super) fn is_overtaken(&self) -> bool {
        let newest =
            instance(self.before.as_ref()).map(|instance| instance.newest).unwrap_or_default();
        let newest = if self.is("refresh") { newest.refresh } else { newest.upgrade };
        newest.is_some_and(|newest| self.at() < newest)
    }

    /// The notices that this step added.
    pub(super) fn new_notices(&self) -> Vec<NoticeType> {
        let before = self.before.as_ref().map_or(0, |kept| kept.outbox.sequence);
        let waiting = self.after.iter().flat_map(|kept| &kept.outbox.waiting);
        let added: Vec<_> =
            waiting.filter(|notice| notice.sequence() > before).map(|notice| notice.kind).collect();
        let after = self.after.as_ref().map_or(0, |kept| kept.outbox.sequence);
        if added.is_empty() && after == before + 1 {
            // The release is not sent if the product was never offered the purchase.
            let unoffered = self.before.as_ref().is_some_and(|kept| kept.outbox.is_unheard_of());
            assert!(self.is("releaseInstance") && unoffered, "invariant 6: a notice is missing");
            return vec![NoticeType::Released];
        }
        assert_eq!(
            u64::try_from(added.len()).unwrap(),
            after - before,
            "invariant 6: the outbox lacks a new notice"
        );
        added
    }

    /// Invariant 12: every change of state has its notice, and every notice fits the state before it.
    pub(super) fn check_notices_fit(&self) {
        let word = |kept: Option<&EntityRecord>| {
            instance(kept).map_or("absent", |instance| instance.state.as_str())
        };
        let mut state = word(self.before.as_ref());
        for kind in self.new_notices() {
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
                (kind, state) => panic!("invariant 12: {kind:?} in the state {state}"),
            };
        }
        assert_eq!(
            state,
            word(self.after.as_ref()),
            "invariant 12: a change of state without a notice"
        );
    }

    /// Invariant 10: stored times never go back, and an overtaken call changes nothing.
    pub(super) fn check_order_of_time(&self) {
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
            assert_eq!(before, after, "invariant 10: an older status changed something");
        }
        if self.later_order().is_some() && self.is_overtaken() {
            assert_eq!(before, after, "invariant 10: an older order changed something");
        }
    }

    /// Invariant 11: a released instance never changes.
    pub(super) fn check_released(&self) {
        if instance(self.before.as_ref())
            .is_some_and(|instance| instance.state == InstanceState::Released)
        {
            assert_eq!(self.before, self.after, "invariant 11: a released instance changed");
        }
    }

    /// Invariant 8: the effect of a call that was answered `000000` must be stored.
    pub(super) fn check_success(&self) {
        if self.answer.code != "000000" || self.is("query") || self.is("Check") {
            return;
        }
        let after =
            instance(self.after.as_ref()).expect("invariant 8: success without a stored instance");
        let newest = after.newest.status;
        let frozen_by = |cause| matches!(after.state, InstanceState::Frozen(stored) if stored == cause || stored == FreezeCause::Both);
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
        assert!(done, "invariant 8: success without the effect");
    }
}
