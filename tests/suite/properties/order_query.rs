//! The signature of an order query does not depend on the order of its parameters. Every answer of
//! the order query is classified.

use std::collections::BTreeMap;

use domain::order_details::OrderFacts;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use protocol::message::OrderId;
use protocol::order_query::{MAX_DETAILS_LEN, OrderQuery, OrderQueryOutcome};
use protocol::query_string::{Plus, decode, pieces};
use protocol::signature::sdk::{OpenApiCredentials, UnsignedRequest, query_text};
use protocol::time::UnixMillis;
use serde_json::Value;

use super::oddness::{ORDER_NAMES, TEXTS, named, readable};
use super::signatures::borrowed;
use super::{Tree, as_jackson, cases, text, to_text};

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn the_signature_does_not_depend_on_the_order_of_parameters(
        (pairs, shuffled) in vec((text(), text()), 0..8)
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
        (method, path, host) in (text(), text(), text()),
        body in vec(any::<u8>(), 0..64),
        now: u64,
    ) {
        let credentials = OpenApiCredentials::parse("constructed-ak", "constructed-sk").unwrap();
        let signed = |pairs: &[(String, String)]| {
            let (query, headers) = (borrowed(pairs), [("Host", host.as_str())]);
            let (query, headers) = (&query[..], &headers[..]);
            let outgoing = UnsignedRequest { method: &method, path: &path, query, headers, body: &body };
            outgoing.sign(&credentials, UnixMillis::new(now)).authorization
        };
        prop_assert_eq!(signed(&pairs), signed(&shuffled));
        // The sent query decodes to the same parameters, in the order that was signed.
        let sent = query_text(&borrowed(&shuffled));
        let read = |text| decode(text, Plus::Kept).unwrap().into_owned();
        let read: Vec<_> = pieces(&sent).map(|(name, value)| (read(name), read(value))).collect();
        let mut sorted = pairs;
        sorted.sort();
        prop_assert_eq!(read, sorted);
    }

    #[test]
    fn every_answer_is_classified_and_its_record_is_short(
        status in prop_oneof![Just(200), any::<u16>()],
        body in prop_oneof![vec(any::<u8>(), 0..64), answered().prop_map(String::into_bytes)],
    ) {
        let order_line_id = Some("L1".to_owned().try_into().unwrap());
        let query = OrderQuery { order_id: OrderId::parse("CS1").unwrap(), order_line_id };
        match query.read(status, &body) {
            OrderQueryOutcome::Found(order) => {
                prop_assert!((200..300).contains(&status));
                let facts = serde_json::to_string(&OrderFacts::of(&order)).unwrap();
                prop_assert!(facts.len() <= 9 * 64 * 6 + 256);
                prop_assert!(serde_json::to_string(&order).unwrap().len() <= MAX_DETAILS_LEN);
                let kept = serde_json::to_string(&order.into_value()).unwrap();
                prop_assert!(serde_json::from_str::<Value>(&kept).is_ok());
            }
            OrderQueryOutcome::Retry(reason) | OrderQueryOutcome::Permanent(reason) | OrderQueryOutcome::KeyRefused(reason) => {
                prop_assert!(reason.to_string().len() <= 48);
            }
        }
    }
}

/// An odd order in a successful answer.
fn answered() -> impl Strategy<Value = String> {
    (odd_order(), odd_order(), any::<bool>()).prop_map(|(mut order, line, in_array)| {
        let line = named(line);
        order.insert("orderLine", if in_array { Tree::Array(vec![line]) } else { line });
        let order = to_text(&named(order), "", &as_jackson);
        format!(r#"{{"resultCode":"MKT.0000","orderInfo":{order}}}"#)
    })
}

fn odd_order() -> impl Strategy<Value = BTreeMap<&'static str, Tree>> {
    let name = || select(ORDER_NAMES.to_vec());
    let short = select(TEXTS.to_vec()).prop_map(|text| Tree::Text(text.to_owned()));
    let many = (btree_map(name(), short, 0..4).prop_map(named), 0_usize..200)
        .prop_map(|(item, count)| Tree::Array(vec![item; count]));
    btree_map(name(), prop_oneof![readable(), many], 0..4)
}
