//! When koohook asks the marketplace for the details of an order, and which details the instance
//! keeps (decision E7). It sends the query before it first offers a notice.

use protocol::message::{OrderId, OrderLineId, Scene};
use protocol::order_query::{LINES, OrderDetails, OrderQuery, PRODUCTS};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::notice::{Notice, NoticeType};

/// The order details that the instance keeps: facts about the purchase, no data about its buyer
/// (decision D1). Texts are as on the wire; a number is kept as its text.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OrderFacts {
    /// `NEW`, `TRIAL`, `TRIAL_TO_FORMAL`, `UNSUBSCRIBE`, `RENEW` or `CHANGE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_type: Option<String>,
    /// `ON_DEMAND`, `ONE_TIME`, `PERIOD` or `ON_DEMAND_PKG`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charging_mode: Option<String>,
    /// `year`, `month`, `day`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_type: Option<String>,
    /// The number of periods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_number: Option<String>,
    /// The price of the order line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_amount: Option<String>,
    /// Its currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The ID of the first product. It differs for each period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// The specification of the product. It is the same for every period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_code: Option<String>,
    /// The quantity of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linear_value: Option<String>,
}

impl OrderFacts {
    /// The facts that the instance keeps.
    pub fn of(details: &OrderDetails) -> Self {
        let order = details.members();
        let line = order.get(LINES).and_then(Value::as_object);
        let products = line.and_then(|line| line.get(PRODUCTS));
        let first = products.and_then(|products| products.get(0).or(Some(products)));
        let product = first.and_then(Value::as_object);
        let (order, line) = (|name| fact(Some(order), name), |name| fact(line, name));
        let product = |name| fact(product, name);
        Self {
            order_type: order("orderType"),
            charging_mode: line("chargingMode"),
            period_type: line("periodType"),
            period_number: line("periodNumber"),
            order_amount: line("orderAmount").or_else(|| order("orderAmount")),
            currency: line("currency").or_else(|| order("currency")),
            product_id: product("productId"),
            sku_code: product("skuCode"),
            linear_value: product("linearValue"),
        }
    }
}

/// The query to send before this notice is offered, if there is one. Only V2 has such queries
/// (decision E7). They are for a purchase, an upgrade, a refresh of two scenes, and a refresh that
/// names a product.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these types cause a query")]
pub fn query_of(notice: &Notice) -> Option<OrderQuery> {
    let text = |name| {
        let text = notice.data.get(name).and_then(|value| value.as_str());
        text.filter(|text| !text.trim().is_empty())
    };
    let asks = match notice.kind {
        NoticeType::Created | NoticeType::Upgraded => true,
        NoticeType::Renewed => text("productId").is_some() || text("scene").is_some_and(is_change),
        _ => false,
    };
    if !asks || notice.data.contains_key(MEMBER) {
        return None;
    }
    // V1 calls name no order line and already contain their product.
    let order_line_id = Some(OrderLineId::parse(text("orderLineId")?).ok()?);
    Some(OrderQuery { order_id: OrderId::parse(text("orderId")?).ok()?, order_line_id })
}

fn fact(members: Option<&Map<String, Value>>, name: &str) -> Option<String> {
    let text = match members?.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (text.chars().count() <= MAX_FACT_LETTERS).then_some(text)
}

/// Whether a refresh of this scene changes the specification, not only the expiry.
fn is_change(scene: &str) -> bool {
    [Scene::RenewalChange, Scene::TrialToFormal].iter().any(|change| change.as_str() == scene)
}

/// The member of a notice that contains the answer. If a notice has it, koohook has already asked.
pub const MEMBER: &str = "orderDetails";

/// The length that the guide gives for every identifier and word, in characters.
const MAX_FACT_LETTERS: usize = 64;

#[cfg(test)]
mod tests {
    use protocol::order_query::OrderQueryOutcome;
    use serde_json::json;

    use super::*;

    fn read(order: &Value, line: Option<&str>) -> OrderDetails {
        let answer = json!({"resultCode": "MKT.0000", "orderInfo": order});
        let query = OrderQuery {
            order_id: OrderId::parse("CS1").unwrap(),
            order_line_id: line.map(|id| OrderLineId::parse(id).unwrap()),
        };
        match query.read(200, answer.to_string().as_bytes()) {
            OrderQueryOutcome::Found(details) => details,
            other @ (OrderQueryOutcome::Retry(_)
            | OrderQueryOutcome::Permanent(_)
            | OrderQueryOutcome::KeyRefused(_)) => {
                panic!("{other:?}")
            }
        }
    }

    /// Fields of the guide, each next to a field that the guide does not have.
    fn order() -> Value {
        json!({
            "orderId": "CS1", "orderType": "NEW", "createTime": "20220726064736", "new": {"a": [1]},
            "orderLine": [
                {"orderLineId": "L0", "chargingMode": "ONE_TIME"},
                {"orderLineId": "L1", "chargingMode": "PERIOD", "expireTime": "20230726155959",
                 "periodType": "year", "periodNumber": 1, "currency": "CNY", "orderAmount": 12.50,
                 "new": null, "newer": "x",
                 "productInfo": [
                    {"productId": "P1", "skuCode": "S1", "linearValue": "10", "new": true},
                    {"productId": "P2", "skuCode": "S2"},
                 ]},
            ],
            "buyerInfo": {"customerId": "C1", "mobilePhone": "canary-phone",
                          "email": "canary@example.com", "new": 1},
            "extendParams": [{"name": "n", "value": "v", "other": 1}],
        })
    }

    #[test]
    fn the_instance_keeps_facts_about_the_purchase_and_not_about_the_buyer() {
        let details = read(&order(), Some("L1"));
        let facts = serde_json::to_value(OrderFacts::of(&details)).unwrap();
        let expected = json!({
            "orderType": "NEW", "chargingMode": "PERIOD", "periodType": "year",
            "periodNumber": "1", "orderAmount": "12.5", "currency": "CNY", "productId": "P1",
            "skuCode": "S1", "linearValue": "10",
        });
        assert_eq!(facts, expected);
        let kept: OrderFacts = serde_json::from_value(facts).unwrap();
        assert_eq!(kept, OrderFacts::of(&details));
        assert!(!format!("{kept:?}").contains("canary"));
    }

    #[test]
    fn a_value_that_is_not_a_fact_is_left_out() {
        let odd = json!({"orderType": "x".repeat(65), "orderAmount": 3, "orderLine": {
            "periodNumber": [1], "periodType": true, "productInfo": {"productId": "P1"}}});
        let facts = OrderFacts::of(&read(&odd, None));
        let [amount, product] = ["3", "P1"].map(|text| Some(text.to_owned()));
        let expected =
            OrderFacts { order_amount: amount, product_id: product, ..OrderFacts::default() };
        assert_eq!(facts, expected);
        assert_eq!(serde_json::from_str::<OrderFacts>("{}").unwrap(), OrderFacts::default());
    }
}
