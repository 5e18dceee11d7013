//! The scenario of a purchase under access guide 1.0.

use super::Contract::V1;
use super::purchase::rehearse;
use super::{Carries, DAY_MILLIS, HOUR_MILLIS, REHEARSED, State, Step, UNKNOWN, Value, decided};
use crate::time;
use crate::v1::extend_params;

/// The purchase of a product for one month, after a trial. The product has a linear attribute.
struct Purchase<'a> {
    order: &'a str,
    now_millis: u64,
}

impl Purchase<'_> {
    fn begins(&self) -> Vec<Step> {
        let here = State::Active;
        let with_access = || Carries::ThisInstance { access: true };
        let [query, query_with_unknown] = V1.queries();
        vec![
            self.new_instance("", here, 1).carrying(with_access()).raced(),
            self.new_instance("for resource details", here, 3).carrying(with_access()),
            query,
            query_with_unknown,
        ]
    }

    /// Rehearsals with the IDs of the active instance. They must change nothing.
    fn is_rehearsed(&self) -> Vec<Step> {
        let here = State::Active;
        vec![
            rehearse(self.new_instance("rehearsed while active", here, 7))
                .carrying(Carries::ThisInstance { access: true }),
            rehearse(self.expire("rehearsed while active", here)),
            rehearse(V1.this("instanceStatus", "rehearsed while active", here))
                .with("instanceStatus", "FREEZE"),
            rehearse(self.release("rehearsed while active", here)),
        ]
    }

    /// The renewed expiry is near, because an expire call long before it has no effect (decision
    /// D4).
    fn is_renewed_and_expires(&self) -> Vec<Step> {
        vec![
            self.refresh("trial", State::Active, "T1", 6 * HOUR_MILLIS)
                .with("productId", PRODUCT)
                .with("trialToFormal", "1")
                .with("orderAmount", "299.000"),
            self.refresh("renew", State::Active, "R1", 12 * HOUR_MILLIS)
                .with("periodType", "month")
                .with("periodNumber", "1")
                .with("orderAmount", "299.000")
                .raced(),
            self.expire("", State::Frozen),
            self.refresh("renew unfreezes", State::Active, "R2", 31 * DAY_MILLIS)
                .with("orderAmount", "299.5"),
            self.expire("restarted after the renewal", State::Active),
        ]
    }

    /// A renewal does not unfreeze an instance that a status call froze (decision D4).
    fn changes_status(&self) -> Vec<Step> {
        vec![
            status("FREEZE", "", State::Frozen),
            self.refresh("renew while frozen", State::Frozen, "R3", 61 * DAY_MILLIS)
                .with("orderAmount", "299.000"),
            status("NORMAL", "", State::Active),
        ]
    }

    fn is_upgraded_and_cancelled(&self) -> Vec<Step> {
        vec![
            self.upgrade("", State::Active),
            self.refresh("cancel", State::Active, "C1", 31 * DAY_MILLIS)
                .with("orderAmount", "-299.000"),
        ]
    }

    /// The guide's table requires the order, and its example leaves it out. Both must succeed.
    fn is_released(&self) -> Vec<Step> {
        vec![
            self.release("", State::Released).with("orderAmount", "0").raced(),
            V1.this("releaseInstance", "again, without an order", State::Released).decided(),
        ]
    }

    fn is_called_too_late(&self) -> Vec<Step> {
        let here = State::Released;
        vec![
            self.new_instance("after release", here, 5)
                .carrying(Carries::ThisInstance { access: false }),
            V1.query("after release", here).with("instanceId", Value::InstanceId).refused(UNKNOWN),
            self.expire("after release", here),
            status("FREEZE", "after release", here),
            status("NORMAL", "after release", here).refused(UNKNOWN),
            self.upgrade("after release", here).refused(UNKNOWN),
            self.refresh("after release", here, "R4", 91 * DAY_MILLIS)
                .with("orderAmount", "299.000")
                .refused(UNKNOWN),
        ]
    }

    /// The personal fields use the vectors `iv` and `iv + 1`, because a retry encrypts them again.
    fn new_instance(&self, remark: &str, state: State, iv: u16) -> Step {
        let extended =
            extend_params(&[("emailDomainName", "test.example.com"), ("note", "中文 a+b")]);
        V1.step("newInstance", remark, state)
            .with("businessId", Value::BusinessId)
            .with("orderId", self.order)
            .with("skuCode", SKU)
            .with("productId", PRODUCT)
            .with("customerId", "68cbc86abc2018ab880d92f36422fa0e")
            .with("customerName", "测试 customer+1 & Söhne")
            .with("mobilePhone", Value::Personal { plain: "15905222222", iv })
            .with("email", Value::Personal { plain: "user@example.com", iv: iv + 1 })
            .with("trialFlag", "1")
            .with("chargingMode", "1")
            .with("periodType", "month")
            .with("periodNumber", "1")
            .with("amount", "5")
            .with("orderAmount", "0")
            .with("expireTime", self.in_millis(30 * DAY_MILLIS))
            .with("saasExtendParams", extended)
    }

    /// The order is new. Its ID is the purchase's ID and `suffix`.
    fn refresh(&self, remark: &str, state: State, suffix: &str, ahead_millis: u64) -> Step {
        V1.this("refreshInstance", remark, state)
            .with("orderId", format!("{}{suffix}", self.order))
            .with("expireTime", self.in_millis(ahead_millis))
    }

    fn expire(&self, remark: &str, state: State) -> Step {
        V1.this("expireInstance", remark, state).with("orderId", self.order)
    }

    fn upgrade(&self, remark: &str, state: State) -> Step {
        let suffix = if state == State::Released { "U2" } else { "U1" };
        V1.this("upgrade", remark, state)
            .with("orderId", format!("{}{suffix}", self.order))
            .with("skuCode", "d0abcd12-1234-5678-ab90-11ab012aaaa2")
            .with("productId", "00301-666666-0--2")
            .with("amount", "10")
            .with("saasExtendParams", extend_params(&[("idNum", "352255555555656")]))
    }

    fn release(&self, remark: &str, state: State) -> Step {
        V1.this("releaseInstance", remark, state).with("orderId", self.order)
    }

    fn in_millis(&self, ahead_millis: u64) -> String {
        time::to_the_second(self.now_millis + ahead_millis)
    }
}

/// The scenario of a purchase under access guide 1.0, which happens at `now_millis`.
///
/// The purchase begins as a trial, becomes formal, is renewed and expires. A renewal unfreezes it.
/// Status calls freeze and unfreeze it. It is upgraded, a renewal is cancelled, and it is released.
/// Then calls arrive too late. Rehearsals are sent before and after. `order` is the order ID of the
/// purchase, at most 50 characters. The IDs of later orders begin with it.
///
/// The instance is ready immediately: the server can answer app info without asking its product.
#[must_use]
pub fn v1(order: &str, now_millis: u64) -> Vec<Step> {
    let purchase = Purchase { order, now_millis };
    let mut after = rehearsals("after the end", State::Released);
    after.reverse();
    [
        rehearsals("before the purchase", State::Absent),
        decided(unknown()),
        purchase.begins(),
        purchase.is_rehearsed(),
        purchase.is_renewed_and_expires(),
        purchase.changes_status(),
        purchase.is_upgraded_and_cancelled(),
        purchase.is_released(),
        decided(purchase.is_called_too_late()),
        after,
    ]
    .concat()
}

/// A short scenario of a purchase under access guide 1.0. The seller's product creates the instance
/// while the call waits, so the answer to the purchase contains access data.
#[must_use]
pub fn quick_v1(order: &str, now_millis: u64) -> Vec<Step> {
    let purchase = Purchase { order, now_millis };
    let here = State::Active;
    let listed = Carries::Listed(vec![Value::InstanceId]);
    vec![
        purchase
            .new_instance("with a quick product", here, 1)
            .carrying(Carries::ThisInstance { access: true }),
        V1.query("with a quick product", here)
            .with("instanceId", Value::InstanceId)
            .carrying(listed),
        status("FREEZE", "", State::Frozen),
        purchase.release("", State::Released),
    ]
}

/// Calls about an instance that does not exist.
fn unknown() -> Vec<Step> {
    let about_unknown = |activity| V1.about_unknown(activity);
    vec![
        about_unknown("refreshInstance")
            .with("orderId", REHEARSED)
            .with("expireTime", "20991231235959"),
        about_unknown("expireInstance"),
        about_unknown("instanceStatus").with("instanceStatus", "FREEZE"),
        about_unknown("upgrade")
            .with("orderId", REHEARSED)
            .with("skuCode", SKU)
            .with("productId", PRODUCT),
        about_unknown("queryInstance"),
        about_unknown("releaseInstance"),
    ]
}

/// The saved cases of the debugging page. A real purchase never has this order of calls.
fn rehearsals(when: &str, state: State) -> Vec<Step> {
    let case = |activity, remark: &str| V1.saved_case(activity, remark, when, state);
    let ordered = |activity, remark| case(activity, remark).with("orderId", REHEARSED);
    let refresh = |remark| ordered("refreshInstance", remark).with("expireTime", "20991231235959");
    vec![
        ordered("releaseInstance", ""),
        case("instanceStatus", "NORMAL").with("instanceStatus", "NORMAL"),
        case("instanceStatus", "FREEZE").with("instanceStatus", "FREEZE"),
        ordered("upgrade", "").with("skuCode", REHEARSED).with("productId", REHEARSED),
        ordered("expireInstance", ""),
        refresh("trial").with("productId", REHEARSED).with("trialToFormal", "1"),
        refresh(""),
        V1.rehearsed_query(when, state),
        rehearsed_purchase(when, state),
    ]
}

fn rehearsed_purchase(when: &str, state: State) -> Step {
    rehearse(V1.step("newInstance", &format!("rehearsed {when}"), state))
        .with("businessId", Value::BusinessId)
        .with("orderId", REHEARSED)
        .with("skuCode", REHEARSED)
        .with("productId", REHEARSED)
        .with("customerId", REHEARSED)
        .with("customerName", REHEARSED)
        .with("chargingMode", "1")
        .with("expireTime", "20991231235959")
        .carrying(Carries::AnyInstance { access: true })
}

/// A status call. Its status is in the title, because there are two status calls.
fn status(status: &str, remark: &str, state: State) -> Step {
    V1.this("instanceStatus", format!("{status} {remark}").trim_end(), state)
        .with("instanceStatus", status)
}

const SKU: &str = "d0abcd12-1234-5678-ab90-11ab012aaaa1";
const PRODUCT: &str = "00301-666666-0--1";
