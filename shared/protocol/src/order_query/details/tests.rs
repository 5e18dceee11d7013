use serde_json::json;

use super::*;
use crate::json::Document;

fn read(order: &Value, line: Option<&str>) -> Option<OrderDetails> {
    let document = Document::parse(order.to_string().as_bytes()).unwrap();
    let line = line.map(|id| OrderLineId::parse(id).unwrap());
    OrderDetails::read(&document.members, line.as_ref())
}

fn details_of(order: &Value) -> Value {
    read(order, Some("L1")).unwrap().into_value()
}

/// The guide's fields. Each object also has a field that is not in the guide.
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
fn guide_fields_keep_their_places_and_others_go_under_other() {
    let expected = json!({
        "orderId": "CS1", "orderType": "NEW", "createTime": "20220726064736",
        "orderLine": {
            "orderLineId": "L1", "chargingMode": "PERIOD", "expireTime": "20230726155959",
            "periodType": "year", "periodNumber": 1, "currency": "CNY", "orderAmount": "12.5",
            "productInfo": [
                {"productId": "P1", "skuCode": "S1", "linearValue": "10", "other": {"new": true}},
                {"productId": "P2", "skuCode": "S2"},
            ],
            "other": {"newer": "x"},
        },
        "buyerInfo": {"customerId": "C1", "mobilePhone": "canary-phone",
                      "email": "canary@example.com", "other": {"new": 1}},
        "extendParams": [{"name": "n", "value": "v", "other": 1}],
        "other": {"new": {"a": [1]}},
    });
    assert_eq!(details_of(&order()), expected);
}

#[test]
fn debug_output_contains_no_buyer() {
    let details = read(&order(), Some("L1")).unwrap();
    assert!(!format!("{details:?}").contains("canary"));
}

#[test]
fn the_requested_line_or_the_only_line_is_read() {
    let line = |id: &str| json!({"orderLineId": id});
    let cases = [
        (json!([line("L0"), line("L1")]), Some("L1"), Some("L1")),
        (json!([line("L0"), line("L1")]), Some("L2"), None),
        (json!([line("L0"), line("L1")]), None, None),
        (json!([line("L0")]), Some("L1"), Some("L0")),
        (json!([line("L0")]), None, Some("L0")),
        (json!(line("L0")), None, Some("L0")),
        (json!([null, "L1", line("L0")]), Some("L1"), Some("L0")),
        (json!([]), None, None),
        (json!("L1"), Some("L1"), None),
        (json!(null), None, None),
    ];
    for (lines, asked, expected) in cases {
        let read = read(&json!({"orderLine": lines}), asked).map(OrderDetails::into_value);
        let id = read.as_ref().map(|details| details["orderLine"]["orderLineId"].as_str().unwrap());
        assert_eq!(id, expected, "{asked:?} of {lines}");
    }
}

/// Each case shows the members that an order loses, and those that it keeps.
#[test]
fn a_long_order_loses_the_least_important_members_first() {
    let long = |letters: usize| "用".repeat(letters);
    let products = |letters: usize, count: usize| -> Value {
        (0..count).map(|at| json!({"productId": format!("P{at}"), "new": long(letters)})).collect()
    };
    let line = |products: Value| json!({"orderLineId": "L1", "productInfo": products});
    let fits = json!({"orderLine": line(products(100, 10)), "new": long(500)});
    assert_eq!(details_of(&fits).get("truncated"), None);

    let cut = details_of(&json!({"orderLine": line(products(100, 30)), "new": long(500),
        "buyerInfo": {"userName": long(500)}, "extendParams": [long(500)]}));
    let other = json!({"buyerInfo": {"userName": long(500)}, "extendParams": [long(500)],
        "truncated": true, "orderLine": line((0..30).map(|at|
            json!({"productId": format!("P{at}")})).collect())});
    assert_eq!(cut, other);

    let cut = details_of(&json!({"orderLine": {"orderLineId": "L1", "extendParams": ["v"]},
        "extendParams": [long(1_900)], "buyerInfo": {"userName": long(500)}}));
    let parameters = json!({"orderLine": {"orderLineId": "L1"}, "truncated": true,
        "buyerInfo": {"userName": long(500)}});
    assert_eq!(cut, parameters);

    let named: Vec<_> = (0..400).map(|at| json!({"productId": format!("P{at}")})).collect();
    let cut = details_of(&json!({"orderLine": line(named.clone().into())}));
    let kept = cut["orderLine"]["productInfo"].as_array().unwrap();
    assert_eq!(kept[..], named[..kept.len()]);
    let len = cut.to_string().len();
    assert!((MAX_DETAILS_LEN - 32..=MAX_DETAILS_LEN).contains(&len), "{len}");

    let cut = details_of(&json!({"orderId": "CS1", "orderLine": line(products(0, 1)),
        "buyerInfo": {"userName": long(3_000)}}));
    assert_eq!(cut.get("buyerInfo"), None);
    assert_eq!((&cut["orderId"], &cut["truncated"]), (&json!("CS1"), &json!(true)));
    assert_eq!(cut["orderLine"]["productInfo"][0]["productId"], "P0");

    let control = "\u{1}".repeat(4_096);
    let cut = details_of(&json!({"orderId": control, "orderType": control, "createTime": control,
        "orderLine": {"orderLineId": "L1"}}));
    assert_eq!(cut, json!({"orderLine": {"orderLineId": "L1"}, "truncated": true}));
}

#[test]
fn a_long_text_is_cut_without_removing_its_member() {
    let nested = json!({"orderLine": {"other": [{"a": "x".repeat(5_000)}]}});
    let cut = details_of(&nested);
    assert_eq!(cut["orderLine"]["other"]["other"][0]["a"], "x".repeat(4_096));
    assert_eq!(cut.get("truncated"), None);
}
