//! Shortens order details until they fit into a notice. The least important members are removed
//! first.

use serde_json::{Map, Value};

use super::{LINES, PRODUCTS};

/// Removes members from an order. The number is how many bytes the order is too long. Returns
/// whether a member was removed.
type Cut = fn(&mut Map<String, Value>, usize) -> bool;

/// Removes members until the order fits. The order of removal is: members that the guide does not
/// name, extended parameters, products from the last one, the longest member.
pub(super) fn fitted(mut order: Map<String, Value>) -> Map<String, Value> {
    let cuts: [Cut; 4] = [
        |order, _| cut("other", order),
        |order, _| cut("extendParams", order),
        cut_products,
        |order, _| cut_longest(order),
    ];
    for cut in cuts {
        while let Some(excess) = excess(&order)
            && cut(&mut order, excess)
        {
            order.insert(TRUNCATED.to_owned(), true.into());
        }
    }
    order
}

/// How many bytes the order is too long. `None` if it fits.
fn excess(order: &Map<String, Value>) -> Option<usize> {
    let len = serde_json::to_vec(order).map_or(usize::MAX, |written| written.len());
    len.checked_sub(MAX_DETAILS_LEN).filter(|excess| *excess > 0)
}

/// Removes every member of this name at any depth. Returns whether a member was removed.
fn cut(name: &str, members: &mut Map<String, Value>) -> bool {
    let removed = members.remove(name).is_some();
    let inner = members.values_mut().map(|value| match value {
        Value::Object(members) => cut(name, members),
        Value::Array(items) => cut_each(name, items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    });
    // `count` visits every member. `any` would stop at the first.
    inner.filter(|cut| *cut).count() > 0 || removed
}

fn cut_each(name: &str, items: &mut [Value]) -> bool {
    let objects = items.iter_mut().filter_map(Value::as_object_mut);
    objects.map(|members| cut(name, members)).filter(|cut| *cut).count() > 0
}

/// Removes the last products. The first product stays.
fn cut_products(order: &mut Map<String, Value>, excess: usize) -> bool {
    let products = order.get_mut(LINES).and_then(|line| line.get_mut(PRODUCTS));
    let Some(products) = products.and_then(Value::as_array_mut) else { return false };
    let mut freed = 0;
    while freed < excess && products.len() > 1 {
        freed += products.pop().map_or(0, |product| product.to_string().len() + 1);
    }
    freed > 0
}

fn cut_longest(order: &mut Map<String, Value>) -> bool {
    let members = order.iter().filter(|(name, _)| *name != TRUNCATED);
    let longest = members.max_by_key(|(_, value)| value.to_string().len());
    let longest = longest.map(|(name, _)| name.clone());
    longest.is_some_and(|name| order.remove(&name).is_some())
}

/// The limit of order details in bytes of JSON. A notice with them stays within its own limit.
pub const MAX_DETAILS_LEN: usize = 6 * 1024;

const TRUNCATED: &str = "truncated";
