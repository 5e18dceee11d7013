//! The scenario of an enterprise under either guide: tenants, applications, people, departments.

mod calls;
mod records;

use self::calls::{ADD, DELETE, MODIFY, REVOKE, application};
use self::records::{DEPARTMENTS, departments, person};
use super::{Contract, HOUR_MILLIS, REHEARSED, Step, decided};
use crate::time;

/// The owner of the enterprise: a buyer, or the seller who tries the product out.
#[derive(Clone, Copy)]
struct Party<'a> {
    contract: Contract,
    instance_id: &'a str,
    order: &'a str,
    now_millis: u64,
}

impl Party<'_> {
    /// The saved cases of the debugging page: any order will do, since they know no ids.
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
        .map(Step::at_once)
        .collect()
    }

    /// What the seller's own credential and test account make the marketplace send, for real.
    fn applies_for_a_credential(self) -> Vec<Step> {
        let call = |page, what: &str| self.step(page, what).of(SELLERS);
        let list = departments(&[("00000001", "Test department", "")]);
        vec![
            self.tenant(call("tenantSync", "of a credential"), "Seller", ADD),
            application(call("applicationSync", "of a credential"), APP, ADD),
            self.list(call("allOrgSync", "of a credential"), &list),
            self.people(call("authSync", "of a test account"), ADD, vec![person("tester", ADMIN)]),
        ]
        .into_iter()
        .map(Step::at_once)
        .collect()
    }

    /// The guides promise no order: people and departments come before their tenant here.
    fn binds(self) -> Vec<Step> {
        let call = |page, remark: &str| self.step(page, remark).of(TENANT);
        let list = departments(&DEPARTMENTS);
        vec![
            self.people(call("authSync", "before the tenant"), ADD, vec![person("early", ADMIN)])
                .at_once()
                .decided(),
            self.single(call("singleOrgSync", "before the tenant"), ADD, "00000009", "Early", "")
                .at_once()
                .decided(),
            self.tenant(call("tenantSync", ""), "Enterprise", ADD).at_once().raced(),
            application(call("applicationSync", ""), APP, ADD).at_once().raced(),
            self.list(call("allOrgSync", ""), &list).at_once().raced(),
            self.list_as_text(call("allOrgSync", "written loosely"), &list).at_once().decided(),
            self.list(call("allOrgSync", "of nothing"), &[]).at_once().decided(),
        ]
    }

    /// Rehearsals with the ids of the living enterprise: they must leave no trace.
    fn is_rehearsed(self) -> Vec<Step> {
        let case = |page| self.step(page, "rehearsed in life").of(TENANT).rehearsed();
        vec![
            self.tenant(case("tenantSync"), "Enterprise", DELETE).at_once(),
            application(case("applicationSync"), APP, DELETE).at_once(),
            self.people(case("authSync"), DELETE, vec![person("early", ADMIN)]).at_once(),
            self.single(case("singleOrgSync"), DELETE, "00000001", "Product", "").at_once(),
            self.list(case("allOrgSync"), &departments(&[("1", "Other", "")])).at_once(),
        ]
    }

    /// As many people as fit into one call, twice the same one under other spellings.
    fn authorises(self) -> Vec<Step> {
        let call = |remark: &str| self.step("authSync", remark).of(TENANT);
        let all = (1..=MOST_PEOPLE).map(|number| person(&format!("user{number:03}"), USER));
        vec![
            self.people(call("of the most people"), ADD, all.collect()).at_once().raced(),
            self.people(call("of two spellings"), ADD, vec![person("User001", ADMIN)]).at_once(),
        ]
    }

    fn edits_departments(self) -> Vec<Step> {
        let edit = |remark: &str, flag, code, name, parent| {
            let step = self.step("singleOrgSync", remark).of(TENANT);
            self.single(step, flag, code, name, parent).at_once()
        };
        vec![
            edit("adds", ADD, "00000004", "Branch", "00000001").raced(),
            edit("renames and moves", MODIFY, "00000004", "Office", ""),
            edit("modifies one never seen", MODIFY, "00000005", "Depot", "00000004").decided(),
            edit("deletes a parent", DELETE, "00000004", "Office", "").decided(),
            edit("deletes one never seen", DELETE, "00000006", "Nowhere", "").decided(),
        ]
    }

    /// V1 knows no flag 3 and no flag 2 of tenants and applications.
    fn edits_and_dismisses_people(self) -> Vec<Step> {
        let call = |page, remark: &str| self.step(page, remark).of(TENANT);
        let some = || vec![person("user001", ADMIN), person("user002", USER)];
        let mut steps = vec![
            self.people(call("authSync", "modifies"), MODIFY, some()).at_once(),
            self.people(call("authSync", "deletes"), DELETE, some()).at_once().raced(),
            self.people(
                call("authSync", "deletes one never seen"),
                DELETE,
                vec![person("no", USER)],
            )
            .at_once()
            .decided(),
        ];
        if self.contract == Contract::KitV2 {
            let one = || vec![person("user003", USER)];
            steps.extend([
                self.people(call("authSync", "revokes"), REVOKE, one()).at_once(),
                self.people(call("authSync", "of one revoked"), DELETE, one()).at_once(),
                self.tenant(call("tenantSync", "modifies"), "Renamed", MODIFY).at_once(),
                application(call("applicationSync", "modifies"), APP, MODIFY).at_once(),
            ]);
        }
        steps
    }

    /// Calls that come late: newer ones of their kind came first, so these have no effect.
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

    /// Nothing needs to be there to be deleted.
    fn is_unbound(self, when: &str) -> Vec<Step> {
        let remark = format!("deletes {when}");
        let call = |page| self.step(page, &remark).of(TENANT);
        vec![
            application(call("applicationSync"), APP, DELETE).at_once(),
            self.tenant(call("tenantSync"), "Enterprise", DELETE).at_once().raced(),
        ]
    }
}

/// The scenario of an enterprise under access guide 1.0, bound `now_millis`.
///
/// The seller tries things out, as rehearsals and for real. Then a buyer binds the product to an
/// enterprise, authorises people, edits departments, dismisses people and unbinds. Some calls come
/// late, after newer ones of their kind. Rehearsals come before and after. `instance_id` and
/// `order` are the purchase's; the seller's own calls have neither.
///
/// Every right answer is `000000`.
#[must_use]
pub fn enterprise_v1(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    scenario(Contract::KitV1, instance_id, order, now_millis)
}

/// The scenario of an enterprise under access guide 2.0: as [`enterprise_v1`], and the calls that
/// V2 added to change a tenant or an application and to revoke an authorisation.
#[must_use]
pub fn enterprise_v2(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    scenario(Contract::KitV2, instance_id, order, now_millis)
}

fn scenario(contract: Contract, instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    let buyer = Party { contract, instance_id, order, now_millis };
    // The seller has bought nothing: neither an instance nor an order.
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
        buyer.edits_and_dismisses_people(),
        decided(buyer.is_called_late("in life")),
        buyer.is_unbound("at the end"),
        decided(buyer.is_called_late("after the end")),
        after,
    ]
    .concat()
}

const TENANT: &str = "68cbc86abc2018ab880d92f36422fa0e";
/// The tenant of the seller's own credential.
const SELLERS: &str = "e0af2f4f7b1d4a1c9c1f66d2d3c0a001";
const APP: &str = "8f3a1c0e-7b44-4a10-9a65-0d8a7f6b1c22";

const USER: &str = "user";
const ADMIN: &str = "admin";
/// People in one call, the authSync pages.
const MOST_PEOPLE: u16 = 500;
