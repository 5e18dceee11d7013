//! The order details that the product gets in a notice.

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

/// The marketplace's details of an order and of one of its lines. Members of the guide keep their
/// places. All others are under `other` in the same object. `orderLine` is the requested line. The
/// JSON text has at most [`MAX_DETAILS_LEN`] bytes. If members were removed, `truncated` is `true`.
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OrderDetails(Map<String, Value>);

/// The guide's member names of an object. Each has the table of the objects inside it.
struct Table(&'static [(&'static str, Self)]);

const PLAIN: Table = Table(&[]);

/// The members of an order, without its lines. The known pages do not show the names of the
/// amounts, so these are the callbacks' names.
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
    /// Reads `orderInfo`. `None` if the order does not have the requested line.
    pub(super) fn read(order: &Members, line: Option<&OrderLineId>) -> Option<Self> {
        let lines = order.iter().filter(|(name, _)| name == LINES);
        let lines: Vec<_> = lines.flat_map(|(_, value)| objects(value)).collect();
        let line = line_of(&lines, line.map(OrderLineId::as_str))?;
        let mut members = sorted(order.iter().filter(|(name, _)| name != LINES), &ORDER);
        members.insert(LINES.to_owned(), sorted(line.iter(), &LINE).into());
        Some(Self(fitted(members)))
    }

    /// The members.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members as one JSON value.
    pub fn into_value(self) -> Value {
        self.0.into()
    }
}

impl fmt::Debug for OrderDetails {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It contains the buyer's name, phone and e-mail address.
        formatter.debug_struct("OrderDetails").finish_non_exhaustive()
    }
}

/// The requested line. If the order has exactly one line, its ID is ignored.
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

/// The objects of an array. A single object counts as an array with one object.
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

/// Puts the members of the table at their places, and all others under `other`.
fn sorted<'a>(
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

/// Cuts every text in a value to [`MAX_KEPT_LETTERS`]. If the table has names, the members of
/// objects are split into named and other.
fn kept(value: &Json, table: &Table) -> Value {
    match value {
        Json::Text(text) => kept_text(text).into(),
        Json::Number(text) if text.len() > MAX_KEPT_LETTERS => kept_text(text).into(),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_value(),
        Json::Array(items) => items.iter().map(|item| kept(item, table)).collect(),
        Json::Object(members) if !table.0.is_empty() => sorted(members.iter(), table).into(),
        Json::Object(members) => members
            .iter()
            .filter(|(name, _)| !json::is_private(name))
            .map(|(name, value)| (name.clone(), kept(value, table)))
            .collect(),
    }
}

/// The name of the member with the order's lines.
pub const LINES: &str = "orderLine";
/// The name of the member with a line's products.
pub const PRODUCTS: &str = "productInfo";
