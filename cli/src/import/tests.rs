//! Checks how rows are read. A row and the callback of the same purchase have one ID (decision C1).

use std::collections::BTreeSet;

use domain::app_info_template::Template;
use domain::instance::id::OrderedBy;
use domain::instance::{Access, ChargingMode, FreezeCause, InstanceState};
use protocol::access_key::{AccessKey, Keyring};
use protocol::cipher::Strength;
use protocol::message::{InstanceId, NewInstance};
use protocol::signature::{Contract, Headers, Interface, TimestampUnit, Unverified, Verified};
use protocol::time::UnixMillis;
use serde_json::{Map, Value};
use simulator::{v1, v2};

use super::purchase::parse_row;
use super::report::ImportReport;
use super::row::COLUMNS;
use super::{agree, json_lines, without_duplicates};

const KEY: &str = "constructed-base-key-0001";
const ADDRESS: &str = "https://seller.example.com/saasproduce";
const NOW: u64 = 1_791_234_567_000;

/// The fields of a purchase with their possible values. The tests combine all of them.
const FIELDS: [(&str, &[Option<&str>]); 3] = [
    ("orderLineId", &[None, Some("CS1-000001"), Some("P1")]),
    ("productId", &[None, Some(""), Some("P1"), Some("CS1-000001")]),
    ("chargingMode", &[None, Some(""), Some("0"), Some("1"), Some("3"), Some("5")]),
];

type Purchase = Vec<(&'static str, &'static str)>;

fn purchases() -> Vec<Purchase> {
    combinations().into_iter().filter(|purchase| !lacks_product(purchase)).collect()
}

/// Under V1 these modes need a product, because the ID depends on it. A row without it is rejected.
fn lacks_product(purchase: &Purchase) -> bool {
    let value = |wanted: &str| {
        let found = purchase.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| *value).filter(|value| !value.is_empty())
    };
    let is_per_product = matches!(value("chargingMode"), Some("0" | "5"));
    is_per_product && value("orderLineId").or(value("productId")).is_none()
}

fn combinations() -> Vec<Purchase> {
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

/// Reads the row of a purchase. Returns the derived ID under which an import writes its pointer to
/// the instance.
fn imported(purchase: &Purchase) -> InstanceId {
    let mut row: Map<String, Value> =
        purchase.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    row.insert("instanceId".to_owned(), "legacy-0001".into());
    row.insert("frontEndUrl".to_owned(), "https://app.example.com".into());
    let (_, row) = json_lines::rows(&Value::from(row).to_string(), &COLUMNS).unwrap().remove(0);
    parse_row(&row.unwrap(), None).unwrap().derived
}

/// The verified call of the purchase.
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
    assert_eq!(purchases.len(), 3 * 4 * 6 - 2 * 2);
    for purchase in &purchases {
        let (imported, verified) = (imported(purchase), called(purchase));
        assert_eq!(OrderedBy::of_rehearsal(&verified).instance_id(), imported, "{purchase:?}");
        // A V1 call without a product is rejected.
        if let Ok(call) = NewInstance::read(&verified, Strength::default()) {
            assert_eq!(OrderedBy::of_call(&call).instance_id(), imported, "{purchase:?}");
        } else {
            assert_eq!(contract(purchase), Contract::V1, "{purchase:?}");
        }
    }
}

/// Decision C1 names the fields of a purchase.
#[test]
fn only_the_fields_of_decision_c1_change_the_instance_id() {
    let ids: BTreeSet<_> = purchases().iter().map(imported).collect();
    // V1: the order without a product, and with one of two products. V2: two lines, each without a
    // product or with one of two products.
    assert_eq!(ids.len(), (1 + 2) + 2 * (1 + 2));
}

/// A row with these columns besides the required ones.
fn row(columns: &[(&'static str, &str)]) -> super::row::ImportRow {
    let mut row = super::row::ImportRow::default();
    let usual = [("instanceId", "i-1"), ("orderId", "CS1"), ("frontEndUrl", "https://a.example")];
    for (column, text) in usual.iter().chain(columns) {
        row.set(column, (*text).to_owned());
    }
    row
}

#[test]
fn a_row_sets_the_state_and_the_freeze_cause() {
    let state = |columns: &[_]| parse_row(&row(columns), None).unwrap().instance.state;
    for (columns, expected) in [
        ([("state", ""), ("freezeCause", "")], InstanceState::Active),
        ([("state", "active"), ("freezeCause", "")], InstanceState::Active),
        ([("state", "frozen"), ("freezeCause", "")], InstanceState::Frozen(FreezeCause::Expiry)),
        (
            [("state", "frozen"), ("freezeCause", "expiry")],
            InstanceState::Frozen(FreezeCause::Expiry),
        ),
        (
            [("state", "frozen"), ("freezeCause", "status")],
            InstanceState::Frozen(FreezeCause::Status),
        ),
        ([("state", "frozen"), ("freezeCause", "both")], InstanceState::Frozen(FreezeCause::Both)),
        ([("state", "released"), ("freezeCause", "")], InstanceState::Released),
    ] {
        assert_eq!(state(&columns), expected, "{columns:?}");
    }
}

/// Every error names the column and never contains the text of the cell.
#[test]
fn a_row_with_a_wrong_cell_is_rejected() {
    let faults: [&[(&str, &str)]; 18] = [
        &[("instanceId", "")],
        &[("orderId", " ")],
        &[("orderId", "canary\u{200b}")],
        &[("instanceId", " canary")],
        &[("orderLineId", "NULL")],
        &[("productId", "4.6E+12"), ("chargingMode", "5")],
        &[("chargingMode", "canary")],
        &[("chargingMode", "5.0"), ("productId", "P1")],
        &[("chargingMode", "5")],
        &[("chargingMode", "0")],
        &[("state", "Canary")],
        &[("state", "frozen"), ("freezeCause", "canary")],
        &[("freezeCause", "status")],
        &[("expireTime", "2028/1/1 0:00")],
        &[("frontEndUrl", "canary")],
        &[("password", "#REF!")],
        &[("adminUrl", "https://canary.example ")],
        &[("frontEndUrl", ""), ("password", "canary")],
    ];
    let template = Template::parse(r#"{"frontEndUrl":"https://t.example"}"#).unwrap();
    for columns in faults {
        let fault = parse_row(&row(columns), Some(&template)).unwrap_err();
        let names = columns.iter().any(|(column, _)| fault.contains(column));
        assert!(names || fault.contains("productId"), "{columns:?}: {fault}");
        assert!(!fault.to_lowercase().contains("canary"), "{columns:?}: {fault}");
    }
}

#[test]
fn blanks_of_credentials_are_kept() {
    let columns = [("userName", " admin"), ("password", " pass word "), ("memo", "a\nb ")];
    let Access::Ready(info) = parse_row(&row(&columns), None).unwrap().instance.access else {
        panic!("access is ready");
    };
    assert_eq!(info.user_name.as_deref(), Some(" admin"));
    assert_eq!(info.password.as_deref(), Some(" pass word "));
    assert_eq!(info.memo.as_deref(), Some("a\nb "));
}

/// If several rows have one ID, only the first row is accepted. The ID may be given or derived.
#[test]
fn a_row_that_repeats_an_id_is_rejected() {
    let derived = parse_row(&row(&[]), None).unwrap().derived.to_string();
    let pairs = [
        [("instanceId", "i-1"), ("orderId", "CS2")],
        [("instanceId", "i-2"), ("orderId", "CS1")],
        [("instanceId", derived.as_str()), ("orderId", "CS2")],
    ];
    for second in pairs {
        let rows = [(2, row(&[])), (3, row(&second))];
        let imports = rows.map(|(line, row)| (line, parse_row(&row, None).unwrap()));
        let mut report = ImportReport::default();
        let kept = without_duplicates(imports.to_vec(), &mut report);
        assert_eq!(kept.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2], "{second:?}");
        assert_eq!(report.rejections(), 1, "{second:?}");
    }
}

#[test]
fn clocks_that_differ_by_more_than_five_minutes_do_not_agree() {
    for (apart, expected) in [(0, true), (300_000, true), (300_001, false), (NOW, false)] {
        let [ours, theirs] = [NOW, NOW - apart].map(UnixMillis::new);
        assert_eq!(agree(ours, theirs).is_ok(), expected, "{apart}");
        assert_eq!(agree(theirs, ours).is_ok(), expected, "{apart}");
    }
}

/// The older server knows when the instance began and ended; koohook does not.
#[test]
fn a_row_keeps_its_charging_mode_and_has_no_beginning_and_no_end() {
    for state in ["active", "released"] {
        for (mode, charging) in [
            ("0", Some(ChargingMode::PayPerUse)),
            ("5", Some(ChargingMode::Package)),
            ("1", Some(ChargingMode::Other)),
            ("", None),
        ] {
            let row = serde_json::json!({
                "instanceId": "legacy-0001", "orderId": "CS1", "productId": "P1", "state": state,
                "chargingMode": mode, "frontEndUrl": "https://app.example.com",
            });
            let (_, row) = json_lines::rows(&row.to_string(), &COLUMNS).unwrap().remove(0);
            let instance = parse_row(&row.unwrap(), None).unwrap().instance;
            assert_eq!(instance.state.as_str(), state);
            assert_eq!(instance.charging(), charging, "{mode}");
            assert_eq!((instance.began_at, instance.released_at), (None, None), "{state}");
        }
    }
}
