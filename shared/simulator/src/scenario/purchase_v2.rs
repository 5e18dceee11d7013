//! The life of a purchase under access guide 2.0.

use serde_json::{Value as Json, json};

use super::{
    Carries, Contract, DAY_MILLIS, HOUR_MILLIS, PROCESSING, REHEARSED, STRANGER, State, Step,
    UNKNOWN, Value, decided,
};
use crate::time;

pub(super) fn life(order: &str, now_millis: u64) -> Vec<Step> {
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

/// A short life whose seller's product is down at first: what is called while it is, and after.
pub(super) fn awaited(order: &str, now_millis: u64) -> (Vec<Step>, Vec<Step>) {
    let purchase = Purchase { order, now_millis };
    let here = State::Active;
    let this = || Carries::ThisInstance { access: false };
    let look = |remark| query(remark, here).with("instanceId", Value::InstanceId);
    let down = vec![
        purchase.new_instance("product down", here).carrying(this()).refused(PROCESSING).raced(),
        look("product down").refused(PROCESSING),
    ];
    let back = vec![
        look("product back").carrying(Carries::Listed(vec![Value::InstanceId])),
        purchase.new_instance("product back", here).carrying(this()),
        status("FREEZE", "", State::Frozen),
        purchase.release("", State::Released),
    ];
    (down, back)
}

/// A product that is tried out first; what was bought, the seller asks the marketplace.
struct Purchase<'a> {
    order: &'a str,
    now_millis: u64,
}

impl Purchase<'_> {
    fn begins(&self) -> Vec<Step> {
        let here = State::Active;
        let this = || Carries::ThisInstance { access: false };
        let listed = || Carries::Listed(vec![Value::InstanceId]);
        vec![
            self.new_instance("", here).carrying(this()).raced(),
            self.new_instance("retried", here).with("testFlag", "0").carrying(this()),
            query("", here).with("instanceId", Value::InstanceId).carrying(listed()),
            query("with a stranger", here)
                .with("instanceId", Value::InstanceIdAnd(STRANGER))
                .with("testFlag", "0")
                .carrying(listed()),
        ]
    }

    /// Rehearsals with the ids of the living instance: they must leave no trace.
    fn is_rehearsed(&self) -> Vec<Step> {
        let here = State::Active;
        vec![
            rehearse(self.new_instance("rehearsed in life", here))
                .carrying(Carries::ThisInstance { access: false }),
            rehearse(status("FREEZE", "rehearsed in life", here)),
            rehearse(self.release("rehearsed in life", here)),
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

    /// The guide leaves the shape of `productInfo` open; koohook accepts an object and its text (D9).
    fn is_changed_at_renewal(&self) -> Vec<Step> {
        let here = State::Active;
        vec![
            check("", here).with("productInfo", Value::Json(product())).decided(),
            check("with a text", here).with("productInfo", product().to_string()).decided(),
            self.refresh("RENEWAL_CHANGE", "", here, "X1", 31 * DAY_MILLIS)
                .with("productId", PRODUCT),
        ]
    }

    /// V2 sends a thaw of its own after a renewal, so the renewal does not thaw (D4).
    fn changes_status(&self) -> Vec<Step> {
        vec![
            status("FREEZE", "", State::Frozen),
            self.refresh("RENEWAL", "while frozen", State::Frozen, "R2", 61 * DAY_MILLIS),
            status("UNFREEZE", "", State::Active),
        ]
    }

    fn is_upgraded_and_ends(&self) -> Vec<Step> {
        vec![
            self.ordered(this("upgradeInstance", "", State::Active), "U1"),
            self.release("", State::Released).raced(),
            this("releaseInstance", "again, without an order", State::Released),
        ]
    }

    fn is_called_too_late(&self) -> Vec<Step> {
        let here = State::Released;
        vec![
            self.new_instance("after release", here)
                .carrying(Carries::ThisInstance { access: false }),
            query("after release", here).with("instanceId", Value::InstanceId).refused(UNKNOWN),
            status("FREEZE", "after release", here),
            status("UNFREEZE", "after release", here).refused(UNKNOWN),
            self.ordered(this("upgradeInstance", "after release", here), "U2").refused(UNKNOWN),
            self.refresh("RENEWAL", "after release", here, "R3", 91 * DAY_MILLIS).refused(UNKNOWN),
        ]
    }

    fn new_instance(&self, remark: &str, state: State) -> Step {
        self.ordered(step("newInstance", remark, state), "").with("businessId", Value::BusinessId)
    }

    /// The text says 14 digits and the example has 17: a renewal alone is sent with 17.
    fn refresh(&self, scene: &str, remark: &str, state: State, suffix: &str, ahead: u64) -> Step {
        let expiry_millis = self.now_millis + ahead;
        let expire_time = match scene {
            "RENEWAL" => time::to_the_millisecond(expiry_millis),
            _ => time::to_the_second(expiry_millis),
        };
        let remark = format!("{scene} {remark}");
        self.ordered(this("refreshInstance", remark.trim_end(), state), suffix)
            .with("scene", scene)
            .with("expireTime", expire_time)
    }

    /// Released by unsubscription, whose order is named.
    fn release(&self, remark: &str, state: State) -> Step {
        self.ordered(this("releaseInstance", remark, state), "D1")
    }

    /// Adds an order and its line; the purchase's own has no suffix.
    fn ordered(&self, step: Step, suffix: &str) -> Step {
        let order = format!("{}{suffix}", self.order);
        let line = format!("{order}-000001");
        step.with("orderId", order).with("orderLineId", line)
    }
}

/// Calls about an instance that nobody ever bought.
fn unknown() -> Vec<Step> {
    let stranger = |activity| {
        step(activity, "of a stranger", State::Absent).with("instanceId", STRANGER).refused(UNKNOWN)
    };
    let ordered = |step: Step| step.with("orderId", REHEARSED).with("orderLineId", REHEARSED);
    vec![
        ordered(stranger("refreshInstance"))
            .with("scene", "RENEWAL")
            .with("expireTime", "20991231235959"),
        stranger("updateInstanceStatus").with("status", "FREEZE"),
        ordered(stranger("upgradeInstance")),
        stranger("changeInstanceCheck").with("productInfo", Value::Json(product())),
        stranger("queryInstance"),
        stranger("releaseInstance"),
    ]
}

/// The saved cases of the debugging page, in an order that no life takes.
fn rehearsals(when: &str, state: State) -> Vec<Step> {
    let case = |activity, remark: &str| {
        let remark = format!("{remark} rehearsed {when}");
        rehearse(step(activity, remark.trim_start(), state)).with("instanceId", REHEARSED)
    };
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
        rehearsed_query(when, state),
        rehearsed_purchase(when, state),
    ]
}

fn rehearsed_query(when: &str, state: State) -> Step {
    rehearse(query(&format!("rehearsed {when}"), state))
        .with("instanceId", format!("{REHEARSED},987654321"))
        .carrying(Carries::Listed(vec![REHEARSED.into(), "987654321".into()]))
}

fn rehearsed_purchase(when: &str, state: State) -> Step {
    rehearse(step("newInstance", &format!("rehearsed {when}"), state))
        .with("businessId", Value::BusinessId)
        .with("orderId", REHEARSED)
        .with("orderLineId", REHEARSED)
        .carrying(Carries::AnyInstance { access: false })
}

fn rehearse(step: Step) -> Step {
    step.with("testFlag", "1")
}

/// A status call, its status in the title: there are two of them.
fn status(status: &str, remark: &str, state: State) -> Step {
    this("updateInstanceStatus", format!("{status} {remark}").trim_end(), state)
        .with("status", status)
}

fn check(remark: &str, state: State) -> Step {
    this("changeInstanceCheck", remark, state)
}

fn query(remark: &str, state: State) -> Step {
    step("queryInstance", remark, state)
}

fn this(activity: &str, remark: &str, state: State) -> Step {
    step(activity, remark, state).with("instanceId", Value::InstanceId)
}

fn step(activity: &str, remark: &str, state: State) -> Step {
    Step::new(Contract::V2, activity, remark, state)
}

/// The product after the change, with the members that other pages give a `productInfo`.
fn product() -> Json {
    json!({ "productId": PRODUCT, "skuCode": "d0abcd12-1234-5678-ab90-11ab012aaaa2" })
}

const PRODUCT: &str = "OFFI461867333479178241";
