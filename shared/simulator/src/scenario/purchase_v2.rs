//! The scenario of a purchase under access guide 2.0.

use serde_json::{Value as Json, json};

use super::Contract::V2;
use super::purchase::rehearse;
use super::{
    Carries, DAY_MILLIS, HOUR_MILLIS, PROCESSING, REHEARSED, State, Step, UNKNOWN, Value, decided,
};
use crate::time;

/// The purchase of a product after a trial. The seller asks the marketplace for the order details.
struct Purchase<'a> {
    order: &'a str,
    now_millis: u64,
}

impl Purchase<'_> {
    fn begins(&self) -> Vec<Step> {
        let here = State::Active;
        let this = || Carries::ThisInstance { access: false };
        let [query, query_with_unknown] = V2.queries();
        vec![
            self.new_instance("", here).carrying(this()).raced(),
            self.new_instance("retried", here).with("testFlag", "0").carrying(this()),
            query,
            query_with_unknown,
        ]
    }

    /// Rehearsals with the IDs of the active instance. They must change nothing.
    fn is_rehearsed(&self) -> Vec<Step> {
        let here = State::Active;
        vec![
            rehearse(self.new_instance("rehearsed while active", here))
                .carrying(Carries::ThisInstance { access: false }),
            rehearse(status("FREEZE", "rehearsed while active", here)),
            rehearse(self.release("rehearsed while active", here)),
        ]
    }

    fn is_refreshed(&self) -> Vec<Step> {
        let here = State::Active;
        vec![
            self.refresh("TRIAL_TO_FORMAL", "", here, "T1", 12 * HOUR_MILLIS)
                .with("productId", "OFFI461867333479178240"),
            self.refresh("RENEWAL", "", here, "R1", 31 * DAY_MILLIS).raced(),
            self.refresh("UNSUBSCRIBE_RENEWAL_PERIOD", "", here, "C1", 12 * HOUR_MILLIS),
        ]
    }

    /// The guide does not define the type of `productInfo`. koohook accepts an object and its text
    /// (decision D9).
    fn is_changed_at_renewal(&self) -> Vec<Step> {
        let here = State::Active;
        vec![
            check("", here).with("productInfo", Value::Json(product())).decided(),
            check("with a text", here).with("productInfo", product().to_string()).decided(),
            self.refresh("RENEWAL_CHANGE", "", here, "X1", 31 * DAY_MILLIS)
                .with("productId", PRODUCT),
        ]
    }

    /// V2 sends a separate unfreeze call after a renewal, so the renewal does not unfreeze
    /// (decision D4).
    fn changes_status(&self) -> Vec<Step> {
        vec![
            status("FREEZE", "", State::Frozen),
            self.refresh("RENEWAL", "while frozen", State::Frozen, "R2", 61 * DAY_MILLIS),
            status("UNFREEZE", "", State::Active),
        ]
    }

    fn is_upgraded_and_ends(&self) -> Vec<Step> {
        vec![
            self.ordered(V2.this("upgradeInstance", "", State::Active), "U1"),
            self.release("", State::Released).raced(),
            V2.this("releaseInstance", "again, without an order", State::Released),
        ]
    }

    fn is_called_too_late(&self) -> Vec<Step> {
        let here = State::Released;
        vec![
            self.new_instance("after release", here)
                .carrying(Carries::ThisInstance { access: false }),
            V2.query("after release", here).with("instanceId", Value::InstanceId).refused(UNKNOWN),
            status("FREEZE", "after release", here),
            status("UNFREEZE", "after release", here).refused(UNKNOWN),
            self.ordered(V2.this("upgradeInstance", "after release", here), "U2").refused(UNKNOWN),
            self.refresh("RENEWAL", "after release", here, "R3", 91 * DAY_MILLIS).refused(UNKNOWN),
        ]
    }

    fn new_instance(&self, remark: &str, state: State) -> Step {
        self.ordered(V2.step("newInstance", remark, state), "")
            .with("businessId", Value::BusinessId)
    }

    /// The guide's text has 14 digits, and its example has 17. Only a renewal is sent with 17
    /// digits.
    fn refresh(&self, scene: &str, remark: &str, state: State, suffix: &str, ahead: u64) -> Step {
        let expiry_millis = self.now_millis + ahead;
        let expire_time = match scene {
            "RENEWAL" => time::to_the_millisecond(expiry_millis),
            _ => time::to_the_second(expiry_millis),
        };
        let remark = format!("{scene} {remark}");
        self.ordered(V2.this("refreshInstance", remark.trim_end(), state), suffix)
            .with("scene", scene)
            .with("expireTime", expire_time)
    }

    /// The release after an unsubscription. It names the order of the unsubscription.
    fn release(&self, remark: &str, state: State) -> Step {
        self.ordered(V2.this("releaseInstance", remark, state), "D1")
    }

    /// Adds an order and its line. The order of the purchase has no suffix.
    fn ordered(&self, step: Step, suffix: &str) -> Step {
        let order = format!("{}{suffix}", self.order);
        let line = format!("{order}-000001");
        step.with("orderId", order).with("orderLineId", line)
    }
}

/// The scenario of a purchase under access guide 2.0, which happens at `now_millis`.
///
/// The purchase begins as a trial, becomes formal and is renewed. A renewal is cancelled. It is
/// changed at a renewal, frozen, unfrozen, upgraded and released. Then calls arrive too late.
/// Rehearsals are sent before and after. `order` is the order ID of the purchase, at most 50
/// characters. The IDs of later orders and of order lines begin with it.
///
/// The instance is ready immediately: the server can answer app info without asking its product.
#[must_use]
pub fn v2(order: &str, now_millis: u64) -> Vec<Step> {
    let purchase = Purchase { order, now_millis };
    let mut after = rehearsals("after the end", State::Released);
    after.reverse();
    [
        rehearsals("before the purchase", State::Absent),
        decided(unknown()),
        purchase.begins(),
        purchase.is_rehearsed(),
        purchase.is_refreshed(),
        purchase.is_changed_at_renewal(),
        purchase.changes_status(),
        purchase.is_upgraded_and_ends(),
        decided(purchase.is_called_too_late()),
        after,
    ]
    .concat()
}

/// A short scenario of a purchase under access guide 2.0. The seller's product is down at first.
/// The first list has the calls while it is down, and the second list has the calls afterwards.
#[must_use]
pub fn awaited_v2(order: &str, now_millis: u64) -> (Vec<Step>, Vec<Step>) {
    let purchase = Purchase { order, now_millis };
    let here = State::Active;
    let this = || Carries::ThisInstance { access: false };
    let ask = |remark| V2.query(remark, here).with("instanceId", Value::InstanceId);
    let down = vec![
        purchase
            .new_instance("while the product is down", here)
            .carrying(this())
            .refused(PROCESSING)
            .raced(),
        ask("while the product is down").refused(PROCESSING),
    ];
    let back = vec![
        ask("after the product is back").carrying(Carries::Listed(vec![Value::InstanceId])),
        purchase.new_instance("after the product is back", here).carrying(this()),
        status("FREEZE", "", State::Frozen),
        purchase.release("", State::Released),
    ];
    (down, back)
}

/// Calls about an instance that does not exist.
fn unknown() -> Vec<Step> {
    let about_unknown = |activity| V2.about_unknown(activity);
    let ordered = |step: Step| step.with("orderId", REHEARSED).with("orderLineId", REHEARSED);
    vec![
        ordered(about_unknown("refreshInstance"))
            .with("scene", "RENEWAL")
            .with("expireTime", "20991231235959"),
        about_unknown("updateInstanceStatus").with("status", "FREEZE"),
        ordered(about_unknown("upgradeInstance")),
        about_unknown("changeInstanceCheck").with("productInfo", Value::Json(product())),
        about_unknown("queryInstance"),
        about_unknown("releaseInstance"),
    ]
}

/// The saved cases of the debugging page. A real purchase never has this order of calls.
fn rehearsals(when: &str, state: State) -> Vec<Step> {
    let case = |activity, remark: &str| V2.saved_case(activity, remark, when, state);
    let ordered = |step: Step| step.with("orderId", REHEARSED).with("orderLineId", REHEARSED);
    let refresh = |scene| {
        ordered(case("refreshInstance", scene))
            .with("scene", scene)
            .with("expireTime", "20991231235959")
    };
    vec![
        ordered(case("releaseInstance", "")),
        case("updateInstanceStatus", "UNFREEZE").with("status", "UNFREEZE"),
        case("updateInstanceStatus", "FREEZE").with("status", "FREEZE"),
        ordered(case("upgradeInstance", "")),
        refresh("RENEWAL_CHANGE"),
        case("changeInstanceCheck", "").with("productInfo", Value::Json(product())),
        refresh("UNSUBSCRIBE_RENEWAL_PERIOD"),
        refresh("TRIAL_TO_FORMAL"),
        refresh("RENEWAL").with("productId", REHEARSED),
        V2.rehearsed_query(when, state),
        rehearsed_purchase(when, state),
    ]
}

fn rehearsed_purchase(when: &str, state: State) -> Step {
    rehearse(V2.step("newInstance", &format!("rehearsed {when}"), state))
        .with("businessId", Value::BusinessId)
        .with("orderId", REHEARSED)
        .with("orderLineId", REHEARSED)
        .carrying(Carries::AnyInstance { access: false })
}

/// A status call. Its status is in the title, because there are two status calls.
fn status(status: &str, remark: &str, state: State) -> Step {
    V2.this("updateInstanceStatus", format!("{status} {remark}").trim_end(), state)
        .with("status", status)
}

fn check(remark: &str, state: State) -> Step {
    V2.this("changeInstanceCheck", remark, state)
}

/// The product after the change. It has the members of `productInfo` on other pages.
fn product() -> Json {
    json!({ "productId": PRODUCT, "skuCode": "d0abcd12-1234-5678-ab90-11ab012aaaa2" })
}

const PRODUCT: &str = "OFFI461867333479178241";
