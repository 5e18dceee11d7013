//! The scenario of an enterprise under both guides: tenants, applications, people and departments.

mod calls;
mod records;

use self::calls::{ADD, DELETE, MODIFY, REVOKE, application};
use self::records::{DEPARTMENTS, departments, person};
use super::{Contract, HOUR_MILLIS, REHEARSED, Step, decided};
use crate::time;

/// The owner of the enterprise: a buyer, or the seller during a trial of the product.
#[derive(Clone, Copy)]
struct Party<'a> {
    contract: Contract,
    instance_id: &'a str,
    order: &'a str,
    now_millis: u64,
}

impl Party<'_> {
    /// The saved cases of the debugging page. They can have any order, because they name no real
    /// IDs.
    fn rehearses(self, when: &str) -> Vec<Step> {
        let remark = format!("rehearsed {when}");
        let case = |page| self.step(page, &remark).of(REHEARSED).rehearsed();
        vec![
            self.single(case("singleOrgSync"), DELETE, REHEARSED, REHEARSED, ""),
            self.people(case("authSync"), MODIFY, vec![person(REHEARSED, ADMIN)]),
            self.list(case("allOrgSync"), &departments(&[(REHEARSED, REHEARSED, "")])),
            application(case("applicationSync"), REHEARSED, ADD),
            self.tenant(case("tenantSync"), REHEARSED, ADD),
        ]
        .into_iter()
        .map(Step::on_time)
        .collect()
    }

    /// The real calls that the marketplace sends for the seller's credential and test account.
    fn applies_for_a_credential(self) -> Vec<Step> {
        let call = |page, what: &str| self.step(page, what).of(SELLERS);
        let list = departments(&[("00000001", "Test department", "")]);
        vec![
            self.tenant(call("tenantSync", "for a credential"), "Seller", ADD),
            application(call("applicationSync", "for a credential"), APP, ADD),
            self.list(call("allOrgSync", "for a credential"), &list),
            self.people(call("authSync", "for a test account"), ADD, vec![person("tester", ADMIN)]),
        ]
        .into_iter()
        .map(Step::on_time)
        .collect()
    }

    /// The guides guarantee no order. Here, people and departments arrive before their tenant.
    fn binds(self) -> Vec<Step> {
        let call = |page, remark: &str| self.step(page, remark).of(TENANT);
        let list = departments(&DEPARTMENTS);
        vec![
            self.people(call("authSync", "before the tenant"), ADD, vec![person("early", ADMIN)])
                .on_time()
                .decided(),
            self.single(call("singleOrgSync", "before the tenant"), ADD, "00000009", "Early", "")
                .on_time()
                .decided(),
            self.tenant(call("tenantSync", ""), "Enterprise", ADD).on_time().raced(),
            application(call("applicationSync", ""), APP, ADD).on_time().raced(),
            self.list(call("allOrgSync", ""), &list).on_time().raced(),
            self.list_as_text(call("allOrgSync", "with unquoted member names"), &list)
                .on_time()
                .decided(),
            self.list(call("allOrgSync", "with an empty list"), &[]).on_time().decided(),
        ]
    }

    /// Rehearsals with the IDs of the bound enterprise. They must change nothing.
    fn is_rehearsed(self) -> Vec<Step> {
        let case = |page| self.step(page, "rehearsed while bound").of(TENANT).rehearsed();
        vec![
            self.tenant(case("tenantSync"), "Enterprise", DELETE).on_time(),
            application(case("applicationSync"), APP, DELETE).on_time(),
            self.people(case("authSync"), DELETE, vec![person("early", ADMIN)]).on_time(),
            self.single(case("singleOrgSync"), DELETE, "00000001", "Product", "").on_time(),
            self.list(case("allOrgSync"), &departments(&[("1", "Other", "")])).on_time(),
        ]
    }

    /// One call with the most people. Then a call with a person whose name differs only in
    /// capitals.
    fn authorises(self) -> Vec<Step> {
        let call = |remark: &str| self.step("authSync", remark).of(TENANT);
        let all = (1..=MOST_PEOPLE).map(|number| person(&format!("user{number:03}"), USER));
        vec![
            self.people(call("of 500 people"), ADD, all.collect()).on_time().raced(),
            self.people(call("of a name with a capital"), ADD, vec![person("User001", ADMIN)])
                .on_time(),
        ]
    }

    fn edits_departments(self) -> Vec<Step> {
        let edit = |remark: &str, flag, code, name, parent| {
            let step = self.step("singleOrgSync", remark).of(TENANT);
            self.single(step, flag, code, name, parent).on_time()
        };
        vec![
            edit("adds", ADD, "00000004", "Branch", "00000001").raced(),
            edit("renames and moves", MODIFY, "00000004", "Office", ""),
            edit("modifies an unknown one", MODIFY, "00000005", "Depot", "00000004").decided(),
            edit("deletes a parent", DELETE, "00000004", "Office", "").decided(),
            edit("deletes an unknown one", DELETE, "00000006", "Nowhere", "").decided(),
        ]
    }

    /// V1 has no flag 3, and no flag 2 for tenants and applications.
    fn edits_and_removes_people(self) -> Vec<Step> {
        let call = |page, remark: &str| self.step(page, remark).of(TENANT);
        let some = || vec![person("user001", ADMIN), person("user002", USER)];
        let mut steps = vec![
            self.people(call("authSync", "modifies"), MODIFY, some()).on_time(),
            self.people(call("authSync", "deletes"), DELETE, some()).on_time().raced(),
            self.people(
                call("authSync", "deletes an unknown one"),
                DELETE,
                vec![person("no", USER)],
            )
            .on_time()
            .decided(),
        ];
        if self.contract == Contract::KitV2 {
            let one = || vec![person("user003", USER)];
            steps.extend([
                self.people(call("authSync", "revokes"), REVOKE, one()).on_time(),
                self.people(call("authSync", "deletes a revoked one"), DELETE, one()).on_time(),
                self.tenant(call("tenantSync", "modifies"), "Renamed", MODIFY).on_time(),
                application(call("applicationSync", "modifies"), APP, MODIFY).on_time(),
            ]);
        }
        steps
    }

    /// Calls that arrive late. Newer calls of the same kind arrived first, so these have no effect.
    fn is_called_late(self, when: &str) -> Vec<Step> {
        let remark = format!("late {when}");
        let call = |page| self.step(page, &remark).of(TENANT);
        let before = time::in_china(self.now_millis.saturating_sub(HOUR_MILLIS));
        let steps = vec![
            self.people(call("authSync"), ADD, vec![person("user001", USER)]),
            self.single(call("singleOrgSync"), ADD, "00000004", "Branch", "00000001"),
            self.list(call("allOrgSync"), &departments(&[("00000004", "Branch", "")])),
            application(call("applicationSync"), APP, DELETE),
            self.tenant(call("tenantSync"), "Former name", ADD),
        ];
        steps.into_iter().map(|step| step.at(&before.clone().into())).collect()
    }

    /// The deletion of an application and a tenant. They need not exist.
    fn is_unbound(self, when: &str) -> Vec<Step> {
        let remark = format!("deletes {when}");
        let call = |page| self.step(page, &remark).of(TENANT);
        vec![
            application(call("applicationSync"), APP, DELETE).on_time(),
            self.tenant(call("tenantSync"), "Enterprise", DELETE).on_time().raced(),
        ]
    }
}

/// The scenario of an enterprise under access guide 1.0, which is bound at `now_millis`.
///
/// First the seller makes rehearsals and real calls. Then a buyer binds the product to an
/// enterprise, authorises people, edits departments, removes people and unbinds the product. Some
/// calls arrive late, after newer calls of the same kind. Rehearsals are sent before and after.
/// `instance_id` and `order` belong to the purchase. The seller's calls have neither.
///
/// Every right answer is `000000`.
#[must_use]
pub fn enterprise_v1(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    scenario(Contract::KitV1, instance_id, order, now_millis)
}

/// The scenario of an enterprise under access guide 2.0. It is [`enterprise_v1`] with the calls
/// that V2 added. They change a tenant or an application, and revoke an authorisation.
#[must_use]
pub fn enterprise_v2(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    scenario(Contract::KitV2, instance_id, order, now_millis)
}

fn scenario(contract: Contract, instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    let buyer = Party { contract, instance_id, order, now_millis };
    // The seller has not bought the product, so it has no instance and no order.
    let seller = Party { instance_id: "", order: "", ..buyer };
    let mut after = seller.rehearses("after the end");
    after.reverse();
    [
        seller.rehearses("before the binding"),
        seller.applies_for_a_credential(),
        decided(buyer.is_unbound("before the binding")),
        buyer.binds(),
        buyer.is_rehearsed(),
        buyer.authorises(),
        buyer.edits_departments(),
        buyer.edits_and_removes_people(),
        decided(buyer.is_called_late("while bound")),
        buyer.is_unbound("at the end"),
        decided(buyer.is_called_late("after the end")),
        after,
    ]
    .concat()
}

const TENANT: &str = "68cbc86abc2018ab880d92f36422fa0e";
/// The tenant of the seller's credential.
const SELLERS: &str = "e0af2f4f7b1d4a1c9c1f66d2d3c0a001";
const APP: &str = "8f3a1c0e-7b44-4a10-9a65-0d8a7f6b1c22";

const USER: &str = "user";
const ADMIN: &str = "admin";
/// The most people in one call (the authSync pages).
const MOST_PEOPLE: u16 = 500;
