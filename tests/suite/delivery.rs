//! koohook sends each notice to the product once and in order, whatever fails: inside the callback
//! or by the relay. It also receives what the product sends on its own initiative.

mod access;
mod added_later;
mod inline;
mod offer_lines;
mod reach;
mod relayed;
mod runs;
mod troubles;
mod turns;
mod waits;
mod weekend;
mod wire;

use std::time::Duration;

use domain::instance::{Access, InstanceState};
use domain::outbox::Outbox;
use protocol::message::InstanceId;
use serde_json::Value;
use shell::relay::{Relay, RelayReport};
use shell::store::Store;
use shell::world::World;
use simulator::answer::Answer;
use tests::call::{Bundled, Koohook, WITH_PRODUCT, koohook, run};
use tests::log::Log;

/// A koohook that notifies its product inside the callback.
fn with_product() -> Bundled {
    koohook(&WITH_PRODUCT)
}

/// Like [`with_product`], with one more setting.
fn with_product_and(name: &'static str, value: &'static str) -> Bundled {
    let mut settings = WITH_PRODUCT.to_vec();
    settings.push((name, value));
    koohook(&settings)
}

/// A koohook that leaves every delivery to the relay.
fn relayed() -> Bundled {
    with_product_and("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0")
}

fn buy(koohook: &Bundled, order: &str) -> Answer {
    run(koohook.v2(&purchase(order, &format!("{order}-1"))))
}

fn purchase<'a>(order: &'a str, line: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", line),
    ]
}

fn buy_v1<S: Store>(koohook: &Koohook<S>, order: &str) -> Answer {
    run(koohook.v1(&[
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("customerId", "made-up-customer"),
        ("orderId", order),
        ("productId", "OFFI-made-up"),
    ]))
}

fn id(order: &str) -> String {
    domain::instance::id::derive(order, Some(&format!("{order}-1")), None).to_string()
}

fn id_v1(order: &str) -> String {
    domain::instance::id::derive(order, None, None).to_string()
}

fn set_status(koohook: &Bundled, id: &str, status: &str) -> String {
    koohook.world().pass(Duration::from_millis(1));
    let members = [("activity", "updateInstanceStatus"), ("instanceId", id), ("status", status)];
    run(koohook.v2(&members)).code
}

fn release(koohook: &Bundled, order: &str) -> String {
    let (id, line) = (id(order), format!("{order}-9"));
    let members = [
        ("activity", "releaseInstance"),
        ("instanceId", id.as_str()),
        ("orderId", order),
        ("orderLineId", line.as_str()),
    ];
    run(koohook.v2(&members)).code
}

fn outbox(koohook: &Bundled, id: &str) -> Outbox {
    run(koohook.kept(id)).expect("something is kept").outbox
}

fn access(koohook: &Bundled, id: &str) -> Access {
    run(koohook.instance(id)).access
}

fn state(koohook: &Bundled, id: &str) -> InstanceState {
    run(koohook.instance(id)).state
}

fn is_ready(koohook: &Bundled, id: &str) -> bool {
    matches!(access(koohook, id), Access::Ready(_))
}

/// One run of the relay with a timer's time limit.
fn relay<S: Store>(koohook: &Koohook<S>) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap()
}

/// The lines of a log with this message, in order.
fn lines(log: &Log, message: &str) -> Vec<Value> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a log line is JSON"));
    lines.filter(|line: &Value| line["message"] == message).collect()
}

fn elapsed(koohook: &Bundled) -> Duration {
    World::elapsed(koohook.world())
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
