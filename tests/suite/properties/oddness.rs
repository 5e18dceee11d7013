//! A verified call with any members gets a regular result code.

use std::collections::BTreeMap;

use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::signature::Contract;
use tests::call::{SETTINGS, koohook, run, v1, v2_body};
use tests::world::NOW;

use super::{Tree, as_jackson, cases, to_text, tree};
use crate::lifecycle::{CALLBACKS, instance_id, standing};

/// A value as V1 carries it. A text that needs encoding is cut, because a query has a length limit.
fn plain(tree: &Tree) -> String {
    let text = match tree {
        Tree::Text(text) => text.clone(),
        other => to_text(other, "", &as_jackson),
    };
    let room = if text.is_ascii() { text.len() } else { 400 };
    text.chars().take(room).collect()
}

pub(super) fn named(members: BTreeMap<&str, Tree>) -> Tree {
    Tree::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Names that the parser of an order reads, two that it must not keep, and koohook's own
/// `truncated`.
pub(super) const ORDER_NAMES: [&str; 13] = [
    "$serde_json::private::Number",
    "$serde_json::private::RawValue",
    "buyerInfo",
    "currency",
    "email",
    "extendParams",
    "orderAmount",
    "orderId",
    "orderType",
    "other",
    "productId",
    "productInfo",
    "truncated",
];

/// Every name of the guides' tables that a parser reads, and one that no parser reads.
const NAMES: [&str; 18] = [
    "acceptanceTime",
    "businessId",
    "chargingMode",
    "customerId",
    "email",
    "expireTime",
    "instanceId",
    "instanceStatus",
    "mobilePhone",
    "orderAmount",
    "orderId",
    "orderLineId",
    "productId",
    "productInfo",
    "saasExtendParams",
    "scene",
    "status",
    "testFlag",
];

/// Texts that some parser accepts.
pub(super) const TEXTS: [&str; 16] = [
    "",
    "0",
    "1",
    "5",
    "CS1",
    "CS1,,CS2",
    "20261005194927",
    "20261005194927000",
    "99999999999999",
    "RENEWAL",
    "FREEZE",
    "-299.00",
    "[]",
    "{\"a\":1}",
    "W10=",
    "9999999999999999999999999999999999",
];

pub(super) fn readable() -> impl Strategy<Value = Tree> {
    let known = [Contract::V1, Contract::V2].map(|contract| instance_id(contract).to_string());
    prop_oneof![
        select(TEXTS.to_vec()).prop_map(|text| Tree::Text(text.to_owned())),
        select(known.to_vec()).prop_map(Tree::Text),
        tree(),
        (select(vec!["x", "用"]), 4_000_usize..5_000)
            .prop_map(|(letter, length)| Tree::Text(letter.repeat(length))),
    ]
}

proptest! {
    #![proptest_config(cases(250))]

    /// `000005` would mean a panic, or a value that cannot be stored.
    #[test]
    fn a_verified_call_with_odd_members_gets_a_regular_result_code(
        callback in select((0..CALLBACKS.len()).collect::<Vec<_>>()),
        odd in btree_map(select(NAMES.to_vec()), readable(), 0..4),
    ) {
        let callback = &CALLBACKS[callback];
        let koohook = koohook(&SETTINGS);
        let id = instance_id(callback.contract);
        run(koohook.keep(id.as_str(), &standing("ready", callback.contract).unwrap()));
        let mut members: BTreeMap<&str, Tree> = callback
            .members(id.as_str())
            .into_iter()
            .map(|(name, value)| (name, Tree::Text(value.to_owned())))
            .collect();
        members.extend(odd);
        let answer = match callback.contract {
            Contract::V1 => {
                let texts: Vec<_> = members.iter().map(|(name, value)| (*name, plain(value))).collect();
                let texts: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
                // An encoded byte has three letters, and the `http` crate rejects a URI above 64
                // KiB.
                prop_assume!(texts.iter().map(|(_, text)| text.len() * 3).sum::<usize>() < 16 * 1024);
                v1(NOW, &texts)
            }
            Contract::V2 => {
                let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                let body = to_text(&Tree::Object(members.collect()), "", &as_jackson);
                v2_body(NOW, body.as_bytes())
            }
        };
        prop_assume!(answer.uri().query().unwrap().len() <= 16 * 1024);
        let code = run(koohook.reply(answer)).code;
        prop_assert!(["000000", "000002", "000003"].contains(&code.as_str()), "{}", code);
    }
}
