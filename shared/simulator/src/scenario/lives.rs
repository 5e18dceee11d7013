//! Each life by its name.

use super::{Contract, Step, enterprise, purchase_v1, purchase_v2};

/// The life of a purchase under access guide 1.0, bought `now_millis`.
///
/// It begins as a trial, is made formal, renewed, expires, is thawed by a renewal, frozen and
/// thawed by status, upgraded, has a renewal cancelled and is released; then come the calls that
/// come too late. Rehearsals surround it. `order` is the purchase's order id, at most 50
/// characters: the later orders' ids are made from it.
///
/// The instance is ready at once: the server can answer app info by itself.
#[must_use]
pub fn v1(order: &str, now_millis: u64) -> Vec<Step> {
    purchase_v1::life(order, now_millis)
}

/// The life of a purchase under access guide 2.0, bought `now_millis`.
///
/// It begins as a trial, is made formal, renewed, has a renewal taken back, is changed at a
/// renewal, frozen and thawed, upgraded and released; then come the calls that come too late.
/// Rehearsals surround it. `order` is the purchase's order id, at most 50 characters: the later
/// orders' ids and the order lines' are made from it.
///
/// The instance is ready at once: the server can answer app info by itself.
#[must_use]
pub fn v2(order: &str, now_millis: u64) -> Vec<Step> {
    purchase_v2::life(order, now_millis)
}

/// The life of a purchase under access guide 1.0 whose seller's product makes it while the call
/// waits.
#[must_use]
pub fn quick_v1(order: &str, now_millis: u64) -> Vec<Step> {
    purchase_v1::quick(order, now_millis)
}

/// The life of a purchase under access guide 2.0 whose seller's product is down at first: what is
/// called while it is, and what once it is back.
#[must_use]
pub fn awaited_v2(order: &str, now_millis: u64) -> (Vec<Step>, Vec<Step>) {
    purchase_v2::awaited(order, now_millis)
}

/// The life of an enterprise under access guide 1.0, bound `now_millis`.
///
/// The seller tries things out, for show and for real; then a buyer binds the product to his
/// enterprise, authorises people, edits departments, dismisses people, is spoken of by calls that
/// others overtook, and unbinds. Rehearsals surround it. `instance_id` and `order` are the
/// purchase's; the seller's own calls have neither.
///
/// Every right answer is `000000`.
#[must_use]
pub fn enterprise_v1(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    enterprise::life(Contract::KitV1, instance_id, order, now_millis)
}

/// The life of an enterprise under access guide 2.0: as [`enterprise_v1`], and the calls that V2
/// added to change a tenant or an application and to revoke an authorisation.
#[must_use]
pub fn enterprise_v2(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    enterprise::life(Contract::KitV2, instance_id, order, now_millis)
}
