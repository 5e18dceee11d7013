//! A row and the callback of the same purchase: one ID (decision C1).

use std::collections::BTreeSet;

use marketplace::cipher::Strength;
use marketplace::key::{AccessKey, Keyring};
use marketplace::message::NewInstance;
use marketplace::signature::{Contract, Headers, Interface, TimestampUnit, Unverified, Verified};
use sender::{v1, v2};
use serde_json::{Map, Value};

use super::{InstanceId, UnixMillis, json_rows, understand};

const KEY: &str = "constructed-base-key-0001";
const ADDRESS: &str = "https://seller.example.com/saasproduce";
const NOW: u64 = 1_791_234_567_000;

/// A purchase as the marketplace may say it: names and values, each in every combination.
const FIELDS: [(&str, &[Option<&str>]); 3] = [
    ("orderLineId", &[None, Some("CS1-000001"), Some("P1")]),
    ("productId", &[None, Some(""), Some("P1"), Some("CS1-000001")]),
    ("chargingMode", &[None, Some(""), Some("0"), Some("1"), Some("5"), Some("05")]),
];

type Purchase = Vec<(&'static str, &'static str)>;

fn purchases() -> Vec<Purchase> {
    FIELDS.iter().fold(vec![vec![("orderId", "CS1")]], |purchases, (name, values)| {
        let with = |purchase: &Purchase, value: &Option<&'static str>| {
            purchase.iter().copied().chain(value.map(|value| (*name, value))).collect()
        };
        let all = |purchase: Purchase| values.iter().map(move |value| with(&purchase, value));
        purchases.into_iter().flat_map(all).collect()
    })
}

fn contract(purchase: &Purchase) -> Contract {
    let is_v2 = purchase.iter().any(|(name, _)| *name == "orderLineId");
    if is_v2 { Contract::V2 } else { Contract::V1 }
}

/// What the import of the purchase's row points from.
fn imported(purchase: &Purchase) -> InstanceId {
    let mut row: Map<String, Value> =
        purchase.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    row.insert("instanceId".to_owned(), "legacy-0001".into());
    row.insert("frontEndUrl".to_owned(), "https://app.example.com".into());
    let (_, row) = json_rows(&Value::from(row).to_string()).remove(0);
    understand(row.unwrap(), None).unwrap().derived
}

/// The call of the purchase, believed.
fn called(purchase: &Purchase) -> Verified {
    let members = [("activity", "newInstance"), ("businessId", "b"), ("customerId", "c")];
    let members: Vec<_> = members.iter().chain(purchase).copied().collect();
    let contract = contract(purchase);
    let request = match contract {
        Contract::V1 => v1::request(ADDRESS, KEY, "20261005210927000", &members),
        Contract::V2 => {
            let body = v2::body(&members);
            v2::request(ADDRESS, KEY, &NOW.to_string(), "nonce", &body)
        }
    };
    let request = request.unwrap();
    let call = Unverified {
        interface: Interface::Base,
        contract,
        query: request.uri().query().unwrap_or_default(),
        headers: Headers::default(),
        body: request.body(),
    };
    let keys = Keyring { current: AccessKey::parse(KEY).unwrap(), previous: None };
    let now = UnixMillis::new(NOW);
    call.verify(&keys, TimestampUnit::Milliseconds, now).unwrap()
}

#[test]
fn a_row_derives_the_id_that_the_callback_and_its_rehearsal_derive() {
    let purchases = purchases();
    assert_eq!(purchases.len(), 3 * 4 * 6);
    for purchase in &purchases {
        let (imported, verified) = (imported(purchase), called(purchase));
        assert_eq!(NewInstance::rehearsed_id(&verified), imported, "{purchase:?}");
        // A V1 call without a product is refused.
        if let Ok(call) = NewInstance::read(&verified, Strength::default()) {
            assert_eq!(call.instance_id, imported, "{purchase:?}");
        } else {
            assert_eq!(contract(purchase), Contract::V1, "{purchase:?}");
        }
    }
}

/// How many purchases there are, by the parts that C1 names.
#[test]
fn only_what_the_decision_names_makes_another_instance() {
    let ids: BTreeSet<_> = purchases().iter().map(imported).collect();
    // V1: the order alone, and with one of two products. V2: two lines, each with none or one of
    // two products.
    assert_eq!(ids.len(), (1 + 2) + 2 * (1 + 2));
}
