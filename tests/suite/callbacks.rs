//! Repeated, reordered and concurrent calls, and store faults: each call has one effect.

mod abandonment;
mod any_order;
mod imported;
mod old_calls;
mod orders;
mod outages;
mod overtaken;
mod pay_per_use;
mod queries;
mod races;
mod rehearsals;
mod repeats;
mod unreadable;

use domain::notice::NoticeType;
use protocol::signature::Contract;
use shell::store::sqlite::Sqlite;
use shell::store::{AnyStore, Store, StoreSetting};
use simulator::answer::Answer;
use tests::call::{Bundled, Koohook, run, v1, v2};
use tests::servers::{self, Server};
use tests::test_store::TestStore;

use crate::lifecycle::{CALLBACKS, Callback, instance_id, standing};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// The members of a call.
type Members<'a> = Vec<(&'a str, &'a str)>;

/// The whole bundle over a store.
type Over<S> = Koohook<S>;

/// The effect of a callback on the instance that it finds.
#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Changes,
    Reads,
}

fn effect(callback: &Callback) -> Effect {
    let reading = ["queryInstance", "changeInstanceCheck"];
    if reading.iter().any(|name| callback.name.contains(name)) {
        Effect::Reads
    } else {
        Effect::Changes
    }
}

/// The state in which a callback has an effect.
fn fitting_state(callback: &Callback) -> &'static str {
    let unfreezes = callback.name.contains("NORMAL") || callback.name.contains("UNFREEZE");
    match callback.name.ends_with("newInstance") {
        true => "absent",
        false if unfreezes => "frozen by status",
        false => "ready",
    }
}

fn changing() -> impl Iterator<Item = &'static Callback> {
    CALLBACKS.iter().filter(|callback| effect(callback) == Effect::Changes)
}

/// A koohook that stores the lifecycle table's instance in a state.
fn with_instance(settings: &[(&str, &str)], state: &str, contract: Contract) -> Bundled {
    with_instance_in(TestStore::new(), settings, state, contract)
}

/// A koohook over this store, with an instance in this state.
fn with_instance_in<S: Store>(
    store: S,
    settings: &[(&str, &str)],
    state: &str,
    contract: Contract,
) -> Over<S> {
    let koohook = Koohook::over(store, settings);
    if let Some(kept) = standing(state, contract) {
        servers::run(koohook.keep(instance_id(contract).as_str(), &kept));
    }
    koohook
}

/// An empty store in each server that the machine has.
fn served_stores() -> impl Iterator<Item = AnyStore> {
    [Server::Redis, Server::RedisCluster, Server::Dynamodb].into_iter().filter_map(|server| {
        let setting = StoreSetting::parse(&servers::setting(server)?).unwrap();
        Some(servers::run(setting.open(false)).unwrap())
    })
}

fn send_at<S: Store>(
    koohook: &Over<S>,
    contract: Contract,
    signed_at: u64,
    members: &[(&str, &str)],
) -> Answer {
    run(koohook.reply(match contract {
        Contract::V1 => v1(signed_at, members),
        Contract::V2 => v2(signed_at, members),
    }))
}

fn notice_count(koohook: &Bundled, id: &str) -> u64 {
    run(koohook.kept(id)).map_or(0, |kept| kept.outbox.sequence)
}

fn kinds(koohook: &Bundled, id: &str) -> Vec<NoticeType> {
    let kept = run(koohook.kept(id)).unwrap();
    kept.outbox.waiting.iter().map(|notice| notice.kind).collect()
}

/// Buys the V1 order `CS1` and returns its instance ID.
fn bought(koohook: &Bundled) -> String {
    let answer = run(CALLBACKS[0].send(koohook, ""));
    koohook.store().take_counts();
    answer.instance_id.unwrap()
}

fn named(name: &str) -> &'static Callback {
    CALLBACKS.iter().find(|callback| callback.name == name).unwrap()
}

/// The members with another order ID.
fn ordered<'a>(members: Members<'a>, order: &'a str) -> Members<'a> {
    let renamed = |(name, value)| (name, if name == "orderId" { order } else { value });
    members.into_iter().map(renamed).collect()
}

/// A store in a file that is deleted when the test ends.
fn sqlite(folder: &tempfile::TempDir) -> Sqlite {
    Sqlite::open(&folder.path().join("koohook.db")).unwrap()
}
