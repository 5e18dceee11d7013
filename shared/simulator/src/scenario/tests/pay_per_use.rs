//! Tests of the scenarios of pay-per-use products.

use std::collections::{BTreeMap, BTreeSet};

use super::{WIRE, answer, members};
use crate::answer::Answer;
use crate::scenario::{State, Step, pay_per_use_v1, pay_per_use_v2};

fn scenarios() -> [[Vec<Step>; 2]; 2] {
    [pay_per_use_v1("CS1"), pay_per_use_v2("CS1")]
}

/// The members of every purchase of one order.
fn purchases(of_order: &[Vec<Step>; 2]) -> Vec<BTreeMap<String, String>> {
    let sent = of_order.iter().flatten().map(|step| members(step, &WIRE));
    sent.filter(|members| members["activity"] == "newInstance").collect()
}

#[test]
fn each_scenario_has_one_purchase_and_ends_with_the_release() {
    for scenario in scenarios().iter().flatten() {
        let states: Vec<State> = scenario.iter().map(|step| step.state).collect();
        let [active, frozen] = [State::Active, State::Frozen];
        assert_eq!(states, [active, active, frozen, frozen, active, active, State::Released]);
        let titles: BTreeSet<&str> = scenario.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles.len(), scenario.len());
        let bought = Answer { instance_id: Some("i".to_owned()), ..answer("000000") };
        let learns = |step: &Step| step.learn(&bought).is_some();
        assert_eq!(scenario.iter().position(learns), Some(0));
        assert_eq!(scenario.iter().filter(|step| learns(step)).count(), 1);
        assert!(scenario[1..].iter().all(Step::needs_instance));
    }
}

/// V1 tells two instances of an order apart by the product, and V2 by the order line.
#[test]
fn one_order_has_two_purchases() {
    for (of_order, differs) in scenarios().iter().zip(["productId", "orderLineId"]) {
        let purchases = purchases(of_order);
        let named = |name: &str| -> BTreeSet<String> {
            purchases.iter().filter_map(|members| members.get(name).cloned()).collect()
        };
        assert_eq!(purchases.len(), 2);
        assert_eq!(named("orderId"), BTreeSet::from(["CS1".to_owned()]));
        assert_eq!(named(differs).len(), 2, "{differs}");
    }
}

/// Pay-per-use has no period and no expiry. Only V1 names the mode.
#[test]
fn a_purchase_has_the_members_of_pay_per_use() {
    for (of_order, mode) in scenarios().iter().zip([Some("0"), None]) {
        for purchase in purchases(of_order) {
            assert_eq!(purchase.get("chargingMode").map(String::as_str), mode);
            for period in ["expireTime", "periodType", "periodNumber", "trialFlag"] {
                assert!(!purchase.contains_key(period), "{period}");
            }
        }
    }
}
