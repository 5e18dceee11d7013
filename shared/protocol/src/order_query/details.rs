//! An order as the product is told it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::json::{self, Json, Members};
use crate::message::{MAX_KEPT_LETTERS, OrderLineId};

/// What the marketplace said of an order and one of its lines: the guide's names in their places,
/// all others under `other` at the place where they stood, `orderLine` the one line that was
/// meant. At most [`MAX_DETAILS_LEN`]; what had to be cut for it is said by `truncated`.
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OrderDetails(Map<String, Value>);

/// The longest order, written out: a notice with it stays within its own bound.
pub const MAX_DETAILS_LEN: usize = 6 * 1024;

/// The names that the guide gives the members of an object, each with the names inside it.
struct Table(&'static [(&'static str, Self)]);

const PLAIN: Table = Table(&[]);

/// But for the lines, of which one is told. Of the amounts no page that is known says the names;
/// those of the callbacks stand here.
#[rustfmt::skip]
const ORDER: Table = Table(&[
    ("orderId", PLAIN),
    ("orderType", PLAIN),
    ("createTime", PLAIN),
    ("orderAmount", PLAIN),
    ("currency", PLAIN),
    ("buyerInfo", Table(&[
        ("customerId", PLAIN),
        ("customerName", PLAIN),
        ("userId", PLAIN),
        ("userName", PLAIN),
        ("mobilePhone", PLAIN),
        ("email", PLAIN),
    ])),
    ("extendParams", PLAIN),
]);

#[rustfmt::skip]
const LINE: Table = Table(&[
    ("orderLineId", PLAIN),
    ("chargingMode", PLAIN),
    ("expireTime", PLAIN),
    ("periodType", PLAIN),
    ("periodNumber", PLAIN),
    ("amount", PLAIN),
    ("orderAmount", PLAIN),
    ("currency", PLAIN),
    ("productInfo", Table(&[
        ("productId", PLAIN),
        ("skuCode", PLAIN),
        ("linearValue", PLAIN),
    ])),
    ("extendParams", PLAIN),
]);

impl OrderDetails {
    /// Reads `orderInfo`. An order without the line that is meant is none.
    pub(super) fn read(order: &Members, line: Option<&OrderLineId>) -> Option<Self> {
        let lines = order.iter().filter(|(name, _)| name == LINES);
        let lines: Vec<_> = lines.flat_map(|(_, value)| objects(value)).collect();
        let line = line_of(&lines, line.map(OrderLineId::as_str))?;
        let mut members = told(order.iter().filter(|(name, _)| name != LINES), &ORDER);
        members.insert(LINES.to_owned(), told(line.iter(), &LINE).into());
        Some(Self(members).fit())
    }

    /// The members.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members, as one value.
    pub fn into_value(self) -> Value {
        self.0.into()
    }

    /// Cuts what a product can do without until the order fits: what nobody named, the extended
    /// parameters, products from the last one on, and in the end whatever is longest.
    fn fit(mut self) -> Self {
        let cuts: [Cut; 4] = [
            |told, _| cut("other", told),
            |told, _| cut("extendParams", told),
            cut_products,
            |told, _| cut_longest(told),
        ];
        for cut in cuts {
            while let Some(excess) = self.excess()
                && cut(&mut self.0, excess)
            {
                self.0.insert(TRUNCATED.to_owned(), true.into());
            }
        }
        self
    }

    fn excess(&self) -> Option<usize> {
        let len = serde_json::to_vec(self).map_or(usize::MAX, |written| written.len());
        len.checked_sub(MAX_DETAILS_LEN).filter(|excess| *excess > 0)
    }
}

/// Takes something away, where so many bytes are too much; whether there was something.
type Cut = fn(&mut Map<String, Value>, usize) -> bool;

impl fmt::Debug for OrderDetails {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A buyer's name, phone and address are in it.
        formatter.debug_struct("OrderDetails").finish_non_exhaustive()
    }
}

/// The line that was asked for, or the only one, whatever it is called.
fn line_of<'a>(lines: &[&'a Members], asked: Option<&str>) -> Option<&'a Members> {
    let is_asked = |line: &&&'a Members| {
        let mut ids = line.iter().filter(|(name, _)| name == "orderLineId");
        ids.any(|(_, id)| id.as_text().is_some_and(|id| asked == Some(id)))
    };
    match (lines.iter().find(is_asked), lines) {
        (Some(line), _) | (None, [line]) => Some(line),
        (None, _) => None,
    }
}

/// The objects of an array; one alone counts as an array of it.
fn objects(value: &Json) -> Vec<&Members> {
    match value {
        Json::Object(members) => vec![members],
        Json::Array(items) => items
            .iter()
            .filter_map(|item| if let Json::Object(members) = item { Some(members) } else { None })
            .collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => Vec::new(),
    }
}

fn told<'a>(
    members: impl Iterator<Item = &'a (String, Json)>,
    table: &Table,
) -> Map<String, Value> {
    let (mut named, mut other) = (Map::new(), Map::new());
    for (name, value) in members {
        if *value == Json::Null || json::is_private(name) {
            continue;
        }
        match table.0.iter().find(|(of_guide, _)| of_guide == name) {
            Some((_, inner)) => named.insert(name.clone(), kept(value, inner)),
            None => other.insert(name.clone(), kept(value, &PLAIN)),
        };
    }
    if !other.is_empty() {
        named.insert("other".to_owned(), other.into());
    }
    named
}

/// A value with every text in it cut to its bound, and with the members of its objects sorted into
/// named and other where a table says their names.
fn kept(value: &Json, table: &Table) -> Value {
    match value {
        Json::Text(text) => shortened(text).into(),
        Json::Number(text) if text.len() > MAX_KEPT_LETTERS => shortened(text).into(),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_value(),
        Json::Array(items) => items.iter().map(|item| kept(item, table)).collect(),
        Json::Object(members) if !table.0.is_empty() => told(members.iter(), table).into(),
        Json::Object(members) => members
            .iter()
            .filter(|(name, _)| !json::is_private(name))
            .map(|(name, value)| (name.clone(), kept(value, table)))
            .collect(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_KEPT_LETTERS).collect()
}

/// Takes a member away wherever one of that name stands; whether one did.
fn cut(name: &str, told: &mut Map<String, Value>) -> bool {
    let removed = told.remove(name).is_some();
    let inner = told.values_mut().map(|value| match value {
        Value::Object(members) => cut(name, members),
        Value::Array(items) => cut_each(name, items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    });
    // All of them: `any` would stop at the first.
    inner.filter(|cut| *cut).count() > 0 || removed
}

fn cut_each(name: &str, items: &mut [Value]) -> bool {
    let objects = items.iter_mut().filter_map(Value::as_object_mut);
    objects.map(|members| cut(name, members)).filter(|cut| *cut).count() > 0
}

/// Takes the last products away, but never the only one.
fn cut_products(told: &mut Map<String, Value>, excess: usize) -> bool {
    let products = told.get_mut(LINES).and_then(|line| line.get_mut(PRODUCTS));
    let Some(products) = products.and_then(Value::as_array_mut) else { return false };
    let mut freed = 0;
    while freed < excess && products.len() > 1 {
        freed += products.pop().map_or(0, |product| product.to_string().len() + 1);
    }
    freed > 0
}

fn cut_longest(told: &mut Map<String, Value>) -> bool {
    let members = told.iter().filter(|(name, _)| *name != TRUNCATED);
    let longest = members.max_by_key(|(_, value)| value.to_string().len());
    let longest = longest.map(|(name, _)| name.clone());
    longest.is_some_and(|name| told.remove(&name).is_some())
}

/// The member of the one line that was meant.
pub const LINES: &str = "orderLine";
/// The member of a line's products.
pub const PRODUCTS: &str = "productInfo";
const TRUNCATED: &str = "truncated";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::Document;

    fn read(order: &Value, line: Option<&str>) -> Option<OrderDetails> {
        let document = Document::parse(order.to_string().as_bytes()).unwrap();
        let line = line.map(|id| OrderLineId::parse(id).unwrap());
        OrderDetails::read(&document.members, line.as_ref())
    }

    fn told(order: &Value) -> Value {
        read(order, Some("L1")).unwrap().into_value()
    }

    /// The guide's fields, each beside one that is not the guide's.
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
    fn names_stand_in_their_places_and_the_rest_beside_them() {
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
        assert_eq!(told(&order()), expected);
    }

    #[test]
    fn debug_shows_no_buyer() {
        let details = read(&order(), Some("L1")).unwrap();
        assert!(!format!("{details:?}").contains("canary"));
    }

    #[test]
    fn one_line_is_meant() {
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
            let id = read.as_ref().map(|told| told["orderLine"]["orderLineId"].as_str().unwrap());
            assert_eq!(id, expected, "{asked:?} of {lines}");
        }
    }

    /// What each order loses, and what it keeps.
    #[test]
    fn orders_fit_by_losing_the_least() {
        let long = |letters: usize| "用".repeat(letters);
        let products = |letters: usize, count: usize| -> Value {
            (0..count)
                .map(|at| json!({"productId": format!("P{at}"), "new": long(letters)}))
                .collect()
        };
        let line = |products: Value| json!({"orderLineId": "L1", "productInfo": products});
        let fits = json!({"orderLine": line(products(100, 10)), "new": long(500)});
        assert_eq!(told(&fits).get("truncated"), None);

        let cut = told(&json!({"orderLine": line(products(100, 30)), "new": long(500),
            "buyerInfo": {"userName": long(500)}, "extendParams": [long(500)]}));
        let other = json!({"buyerInfo": {"userName": long(500)}, "extendParams": [long(500)],
            "truncated": true, "orderLine": line((0..30).map(|at|
                json!({"productId": format!("P{at}")})).collect())});
        assert_eq!(cut, other);

        let cut = told(&json!({"orderLine": {"orderLineId": "L1", "extendParams": ["v"]},
            "extendParams": [long(1_900)], "buyerInfo": {"userName": long(500)}}));
        let parameters = json!({"orderLine": {"orderLineId": "L1"}, "truncated": true,
            "buyerInfo": {"userName": long(500)}});
        assert_eq!(cut, parameters);

        let named: Vec<_> = (0..400).map(|at| json!({"productId": format!("P{at}")})).collect();
        let cut = told(&json!({"orderLine": line(named.clone().into())}));
        let kept = cut["orderLine"]["productInfo"].as_array().unwrap();
        assert_eq!(kept[..], named[..kept.len()]);
        let len = cut.to_string().len();
        assert!((MAX_DETAILS_LEN - 32..=MAX_DETAILS_LEN).contains(&len), "{len}");

        let cut = told(&json!({"orderId": "CS1", "orderLine": line(products(0, 1)),
            "buyerInfo": {"userName": long(3_000)}}));
        assert_eq!(cut.get("buyerInfo"), None);
        assert_eq!((&cut["orderId"], &cut["truncated"]), (&json!("CS1"), &json!(true)));
        assert_eq!(cut["orderLine"]["productInfo"][0]["productId"], "P0");

        let control = "\u{1}".repeat(4_096);
        let cut = told(&json!({"orderId": control, "orderType": control, "createTime": control,
            "orderLine": {"orderLineId": "L1"}}));
        assert_eq!(cut, json!({"orderLine": {"orderLineId": "L1"}, "truncated": true}));
    }

    #[test]
    fn texts_are_cut_by_themselves() {
        let nested = json!({"orderLine": {"other": [{"a": "x".repeat(5_000)}]}});
        let cut = told(&nested);
        assert_eq!(cut["orderLine"]["other"]["other"][0]["a"], "x".repeat(4_096));
        assert_eq!(cut.get("truncated"), None);
    }
}
