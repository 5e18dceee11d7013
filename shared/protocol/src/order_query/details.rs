//! An order as the product is told it.

mod fitted;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use fitted::fitted;

use crate::json::{self, Json, Members};
use crate::message::{MAX_KEPT_LETTERS, OrderLineId, kept_text};

pub use fitted::MAX_DETAILS_LEN;

/// What the marketplace said of an order and of one of its lines. Members that the guide names keep
/// their places; all others are under `other` in the same object. `orderLine` is the one line that
/// was meant. At most [`MAX_DETAILS_LEN`] long; `truncated` says that members were cut for it.
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OrderDetails(Map<String, Value>);

/// The names that the guide gives the members of an object, each with the names inside it.
struct Table(&'static [(&'static str, Self)]);

const PLAIN: Table = Table(&[]);

/// The members of an order, without its lines. No page that we know names the amounts; these are
/// the callbacks' names.
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
        Some(Self(fitted(members)))
    }

    /// The members.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members, as one value.
    pub fn into_value(self) -> Value {
        self.0.into()
    }
}

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
/// named and other if a table has their names.
fn kept(value: &Json, table: &Table) -> Value {
    match value {
        Json::Text(text) => kept_text(text).into(),
        Json::Number(text) if text.len() > MAX_KEPT_LETTERS => kept_text(text).into(),
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

/// The member of the one line that was meant.
pub const LINES: &str = "orderLine";
/// The member of a line's products.
pub const PRODUCTS: &str = "productInfo";
