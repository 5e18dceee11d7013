//! Purchases of pay-per-use products and of packages, their life, and their usage in the answer to
//! queryInstance (decisions J2, J5, J6 and J7).

mod bought;
mod ended;
mod queried;

use domain::instance::{Instance, ShownUsageKind, UsageKind};
use domain::record::EntityRecord;
use domain::store_keys::usage_key;
use domain::usage::{InstanceUsage, RecordVerdict, ReportedRecord, UsageCycle, UsageLife};
use protocol::message::InstanceId;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use shell::store::{Put, Store, Value, Version};
use shell::world::World;
use tests::call::{Bundled, run, v1, v2};
use tests::world::NOW;

use super::{Members, send_at};

/// [`NOW`], as `date` writes it.
const NOW_DIGITS: &str = "20261005210927000";

/// The members of a V1 purchase with a charging mode.
fn v1_purchase<'a>(product: &'a str, mode: &'a str) -> Members<'a> {
    vec![
        ("activity", "newInstance"),
        ("businessId", "B1"),
        ("customerId", "C1"),
        ("orderId", "CS1"),
        ("productId", product),
        ("chargingMode", mode),
    ]
}

const V2_PURCHASE: [(&str, &str); 4] = [
    ("activity", "newInstance"),
    ("businessId", "B1"),
    ("orderId", "CS1"),
    ("orderLineId", "CS1-1"),
];

/// Buys and returns the ID.
fn buy(koohook: &Bundled, contract: Contract, members: &[(&str, &str)]) -> String {
    let now = koohook.world().now_millis();
    let answer = send_at(koohook, contract, now, members);
    assert_eq!(answer.code, "000000");
    answer.instance_id.unwrap()
}

/// The body of the answer to a query, as text.
fn query(koohook: &Bundled, contract: Contract, ids: &str) -> String {
    let members = [("activity", "queryInstance"), ("instanceId", ids)];
    let now = koohook.world().now_millis();
    let request = match contract {
        Contract::V1 => v1(now, &members),
        Contract::V2 => v2(now, &members),
    };
    koohook.store().take_counts();
    String::from_utf8(run(koohook.answer(request)).into_body()).unwrap()
}

/// The text of the first `usageInfo` in a body.
fn usage_info(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once(r#""usageInfo":"#)?;
    rest.split_once(']').map(|(list, _)| list)
}

/// Stores that the product's messages have shown what an instance is.
fn learn(koohook: &Bundled, id: &str, kind: UsageKind) {
    let kept = run(koohook.kept(id)).unwrap();
    let shown = match kind {
        UsageKind::PayPerUse => ShownUsageKind::Windows,
        UsageKind::Package => ShownUsageKind::PackageInfo,
    };
    let learned = run(koohook.instance(id)).learn_usage(shown).unwrap();
    run(koohook.keep(id, &EntityRecord { entity: learned.into(), ..kept }));
}

/// Stores the usage of an instance. The write is not counted.
fn keep_usage(koohook: &Bundled, usage: &InstanceUsage) {
    keep_usage_bytes(koohook, &usage.instance_id, &usage.to_bytes().unwrap());
}

fn keep_usage_bytes(koohook: &Bundled, id: &InstanceId, bytes: &[u8]) {
    let (key, now) = (usage_key(id), UnixMillis::new(koohook.world().now_millis()));
    let bytes = [&[0], bytes].concat();
    let value = Value { version: Version(koohook.world().random()), bytes, ..Value::default() };
    let store = koohook.store().inner();
    let over = run(store.get(&key, now)).unwrap().map(|stored| stored.version);
    assert_eq!(run(store.put(&key, &value, over, now)).unwrap(), Put::Won);
}

/// The usage of an instance whose product reported these hours before NOW, with these values.
fn reported(id: &str, hours: &[(&str, &str, &str)]) -> InstanceUsage {
    let mut usage = InstanceUsage::new(InstanceId::parse(id).unwrap());
    for (begin, end, value) in hours {
        let record = ReportedRecord::parse(id, [begin, end], value, None).unwrap();
        let verdict =
            usage.accept(&record, UsageLife::default(), UsageCycle::Hourly, UnixMillis::new(NOW));
        assert!(matches!(verdict, RecordVerdict::Accepted { .. }), "{begin}: {verdict:?}");
    }
    usage
}

fn instance(koohook: &Bundled, id: &str) -> Instance {
    run(koohook.instance(id))
}
