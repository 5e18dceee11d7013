//! No relay runs for a day: the timer was deleted. Callbacks are answered and notify the product
//! themselves. What they could not do waits, and is done once when the relay runs again.

use std::time::Duration;

use domain::catalogue::CatalogueList;
use domain::instance::Access;
use shell::relay::{Relay, RelayReport};
use shell::store::{Queue, Store};
use shell::world::World;
use tests::call::{Bundled, WITH_PRODUCT, koohook, run};
use tests::log::Log;
use tests::product::{Mood, ProductMessage, READY, ScriptedProduct};

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// What a product that fails for the first hour receives, and what it does not.
struct Day {
    koohook: Bundled,
    product: ScriptedProduct,
}

fn buy_v2(koohook: &Bundled, order: &str) -> String {
    let line = format!("{order}-1");
    let members = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", &line),
    ];
    run(koohook.v2(&members)).code
}

fn buy_v1(koohook: &Bundled, order: &str) -> String {
    let members = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("customerId", "made-up-customer"),
        ("orderId", order),
        ("productId", "OFFI-made-up"),
    ];
    run(koohook.v1(&members)).code
}

fn set_status(koohook: &Bundled, order: &str, status: &str) -> String {
    let id = id(order);
    let members = [("activity", "updateInstanceStatus"), ("instanceId", &id), ("status", status)];
    run(koohook.v2(&members)).code
}

fn id(order: &str) -> String {
    domain::instance::id::derive(order, Some(&format!("{order}-1")), None).to_string()
}

fn id_v1(order: &str) -> String {
    domain::instance::id::derive(order, None, None).to_string()
}

fn access(koohook: &Bundled, id: &str) -> Access {
    run(koohook.instance(id)).access
}

fn relay(koohook: &Bundled) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap()
}

/// How many entities the relay must visit now.
fn due(koohook: &Bundled) -> usize {
    let now = World::now(koohook.world());
    let epoch = protocol::time::UnixMillis::EPOCH;
    run(koohook.store().inner().agenda(Queue::Due, epoch..=now, 1_000)).unwrap().len()
}

impl Day {
    /// The day without a relay. In the first hour the product fails. Then it works, and every call
    /// reaches it.
    fn without_relay() -> Self {
        let koohook = koohook(&WITH_PRODUCT);
        let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(500, ""));
        for order in ["CS1", "CS2"] {
            assert_eq!(buy_v2(&koohook, order), "000004");
        }
        assert_eq!(buy_v1(&koohook, "CV1"), "000004");
        koohook.world().pass(HOUR);
        product.meets(koohook.world(), |_| READY);
        Self { koohook, product }
    }
}

#[test]
fn calls_are_answered_and_notify_the_product_without_a_relay() {
    let Day { koohook, product } = Day::without_relay();
    assert_eq!(buy_v2(&koohook, "CS3"), "000000");
    assert_eq!(product.sequences()[&format!("{}//", id("CS3"))], [1]);
    assert!(matches!(access(&koohook, &id("CS3")), Access::Ready(_)));
    // The next call about an instance also sends what waits for it, in order.
    assert_eq!(set_status(&koohook, "CS1", "FREEZE"), "000000");
    let sent = product.sequences().remove(&format!("{}//", id("CS1")));
    assert!(sent.is_some_and(|sent| sent.first() == Some(&1)), "the purchase comes first");
    // Nothing else sends what waits for the others.
    assert!(!product.sequences().contains_key(&format!("{}//", id("CS2"))));
}

#[test]
fn a_v1_purchase_fails_at_the_marketplace_and_is_abandoned_by_two_later_runs() {
    let Day { koohook, product } = Day::without_relay();
    product.meets(koohook.world(), |_| Mood::Answers(Duration::ZERO, 202, ""));
    koohook.world().pass(23 * HOUR);
    assert_eq!(access(&koohook, &id_v1("CV1")), Access::Pending, "no callback abandons");
    let log = Log::default();
    let guard = log.keep();
    assert_eq!(relay(&koohook).abandoned, 0, "one look at a clock abandons nothing");
    koohook.world().pass(11 * MINUTE);
    assert_eq!(relay(&koohook).abandoned, 1);
    drop(guard);
    assert_eq!(access(&koohook, &id_v1("CV1")), Access::Abandoned);
    let text = log.text();
    let line = text.lines().find(|line| line.contains("purchase abandoned")).unwrap();
    assert!(line.contains("\"ERROR\"") && line.contains("CV1"), "{line}");
}

#[test]
fn the_first_run_after_a_day_sends_everything_once_and_in_order() {
    let Day { koohook, product } = Day::without_relay();
    product.meets(koohook.world(), |_| Mood::Refuses(500, ""));
    for (order, statuses) in [("CS1", ["FREEZE", "UNFREEZE"]), ("CS2", ["FREEZE", "UNFREEZE"])] {
        for status in statuses {
            koohook.world().pass(Duration::from_secs(1));
            assert_eq!(set_status(&koohook, order, status), "000000");
        }
    }
    product.meets(koohook.world(), |_| READY);
    koohook.world().pass(23 * HOUR);
    assert_eq!(due(&koohook), 3, "two instances and the V1 purchase wait");
    let before = product.messages().len();
    let report = relay(&koohook);
    assert_eq!((report.failed, report.dead, report.abandoned), (0, 0, 0));
    for order in ["CS1", "CS2"] {
        assert_eq!(product.sequences()[&format!("{}//", id(order))], [1, 2, 3]);
        assert!(matches!(access(&koohook, &id(order)), Access::Ready(_)));
    }
    let sent: Vec<ProductMessage> = product.messages().split_off(before);
    assert_eq!(sent.len(), report.delivered, "nothing was sent twice");
    assert_eq!(relay(&koohook).delivered, 0, "nothing is left");
    assert_eq!(product.messages().len(), before + sent.len());
    let pending = CatalogueList::PendingInstances;
    let left = run(koohook.store().inner().catalogue(pending, None, 9)).unwrap();
    assert!(left.is_empty(), "{left:?}");
}
