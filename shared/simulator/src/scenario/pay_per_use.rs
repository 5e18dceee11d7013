//! The scenarios of pay-per-use products under both guides.
//!
//! One order of a specification with several billing items becomes several instances. Usage is
//! reported between these calls, see [`usage`](crate::usage).

use super::Contract::{V1, V2};
use super::{Carries, Contract, State, Step, Value};

/// Two pay-per-use products of one order under access guide 1.0: a scenario for each of the two
/// instances.
///
/// An instance is created, asked for its usage, frozen for arrears, unfrozen after the payment and
/// released. The two scenarios may be played one after the other or together, each by its own
/// player. `order` is the order ID of both, at most 50 characters.
///
/// The instance is ready immediately: the server can answer app info without asking its product.
#[must_use]
pub fn pay_per_use_v1(order: &str) -> [Vec<Step>; 2] {
    ["00301-777777-0--1", "00301-777777-0--2"].map(|product| {
        let purchase = V1
            .step("newInstance", "pay-per-use", State::Active)
            .with("businessId", Value::BusinessId)
            .with("orderId", order)
            .with("skuCode", "d0abcd12-1234-5678-ab90-11ab012aaaa3")
            .with("productId", product)
            .with("customerId", "68cbc86abc2018ab880d92f36422fa0e")
            .with("customerName", "测试 customer+1 & Söhne")
            .with("chargingMode", ON_DEMAND)
            .carrying(Carries::ThisInstance { access: true })
            .raced();
        let status = |word: &'static str, remark: &str, state| {
            V1.this("instanceStatus", &format!("{word} {remark}"), state)
                .with("instanceStatus", word)
        };
        let release = V1.this("releaseInstance", "pay-per-use", State::Released);
        vec![
            purchase,
            query(V1, "pay-per-use", State::Active),
            status("FREEZE", "for arrears", State::Frozen),
            query(V1, "during arrears", State::Frozen),
            status("NORMAL", "after the payment", State::Active),
            query(V1, "after the payment", State::Active),
            release.with("orderId", order),
        ]
    })
}

/// Two pay-per-use products of one order under access guide 2.0: a scenario for each of the two
/// instances. Each instance has an order line.
///
/// The calls are those of [`pay_per_use_v1`]. V2 does not say that a purchase is pay-per-use: the
/// order query and the usage reports do.
#[must_use]
pub fn pay_per_use_v2(order: &str) -> [Vec<Step>; 2] {
    ["000001", "000002"].map(|number| {
        let ordered = |step: Step| {
            step.with("orderId", order).with("orderLineId", format!("{order}-{number}"))
        };
        let purchase = ordered(V2.step("newInstance", "pay-per-use", State::Active))
            .with("businessId", Value::BusinessId)
            .carrying(Carries::ThisInstance { access: false })
            .raced();
        let status = |word: &'static str, remark: &str, state| {
            V2.this("updateInstanceStatus", &format!("{word} {remark}"), state).with("status", word)
        };
        vec![
            purchase,
            query(V2, "pay-per-use", State::Active),
            status("FREEZE", "for arrears", State::Frozen),
            query(V2, "during arrears", State::Frozen),
            status("UNFREEZE", "after the payment", State::Active),
            query(V2, "after the payment", State::Active),
            ordered(V2.this("releaseInstance", "pay-per-use", State::Released)),
        ]
    })
}

/// Asks for the usage of the instance. The answer must have it only if the server knows that the
/// instance is pay-per-use.
fn query(contract: Contract, remark: &str, state: State) -> Step {
    contract
        .query(remark, state)
        .with("instanceId", Value::InstanceId)
        .carrying(Carries::Listed(vec![Value::InstanceId]))
}

/// `chargingMode` of a pay-per-use product (*newInstance* of access guide 1.0).
const ON_DEMAND: &str = "0";
