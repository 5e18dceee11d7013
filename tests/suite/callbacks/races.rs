//! Many concurrent callers: each order is carried out once, and koohook decides again after a lost
//! race.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use domain::entity::Entity;
use domain::record::EntityRecord;
use domain::tenant::Dated;
use protocol::message::InstanceId;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Put, Store, Unavailable, Value, Version};
use shell::world::World;
use simulator::answer::Answer;
use tests::call::{PENDING, SETTINGS, koohook, run, run_paused, v1, v2};
use tests::forward;
use tests::servers;
use tests::world::NOW;

use super::{Over, named, ordered, served_stores, sqlite};
use crate::lifecycle::{CALLBACKS, instance_id, standing};

const RACERS: usize = 32;

/// Sends one call of each racer concurrently, on separate threads. Returns the answers.
fn race<S: Store>(
    koohook: &Over<S>,
    call: impl Fn(usize) -> http::Request<Vec<u8>> + Sync,
) -> Vec<Answer> {
    let gate = std::sync::Barrier::new(RACERS);
    let run_one = |number| {
        gate.wait();
        servers::run(koohook.reply(call(number)))
    };
    std::thread::scope(|scope| {
        let racers: Vec<_> =
            (0..RACERS).map(|number| scope.spawn(move || run_one(number))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

/// All racers send the same order. Expected: one instance, one notice, and the
/// same answer for every racer.
fn one_order_races<S: Store>(store: S) {
    let koohook = Over::over(store, &SETTINGS);
    let purchase = CALLBACKS[0].members("");
    let answers = race(&koohook, |_| v1(NOW, &purchase));
    for answer in &answers {
        assert_eq!(answer.code, "000000");
        assert_eq!(answer.instance_id, answers[0].instance_id);
    }
    let kept = servers::run(koohook.kept(answers[0].instance_id.as_deref().unwrap())).unwrap();
    assert_eq!(kept.outbox.sequence, 1);
}

/// Two racers send each order on one instance. An order that was answered `000000` has exactly one
/// notice. An order that was answered `000005` may be sent again.
fn many_orders_race<S: Store>(store: S) {
    let koohook = Over::over(store, &SETTINGS);
    let id = servers::run(koohook.v1(&CALLBACKS[0].members(""))).instance_id.unwrap();
    let order = |number: usize| format!("U{}", number / 2);
    let upgrade = |number| v1(NOW, &ordered(named("V1 upgrade").members(&id), &order(number)));
    let mut carried_out: Vec<_> = race(&koohook, upgrade)
        .iter()
        .enumerate()
        .filter(|(_, answer)| {
            assert!(["000000", "000005"].contains(&answer.code.as_str()));
            answer.code == "000000"
        })
        .map(|(number, _)| order(number))
        .collect();
    carried_out.sort();
    carried_out.dedup();
    let kept = servers::run(koohook.kept(&id)).unwrap();
    let upgrades = kept.outbox.waiting.iter().skip(1);
    let mut notified: Vec<_> =
        upgrades.map(|notice| notice.data["orderId"].as_str().unwrap().to_owned()).collect();
    notified.sort();
    assert_eq!(notified, carried_out);
    assert!(!notified.is_empty());
}

#[test]
fn concurrent_calls_of_one_order_over_memory_make_one_instance() {
    one_order_races(Memory::new());
}

#[test]
fn concurrent_calls_of_one_order_over_sqlite_make_one_instance() {
    one_order_races(sqlite(&tempfile::tempdir().unwrap()));
}

#[test]
fn concurrent_calls_of_one_order_over_a_server_make_one_instance() {
    served_stores().for_each(one_order_races);
}

#[test]
fn concurrent_orders_over_memory_lose_no_notice() {
    many_orders_race(Memory::new());
}

#[test]
fn concurrent_orders_over_sqlite_lose_no_notice() {
    many_orders_race(sqlite(&tempfile::tempdir().unwrap()));
}

#[test]
fn concurrent_orders_over_a_server_lose_no_notice() {
    served_stores().for_each(many_orders_race);
}

/// A store in which another writer writes the key just before koohook, for the next `rivals`
/// writes.
struct Contested {
    inner: Memory,
    rivals: AtomicU8,
}

impl Store for Contested {
    forward!(inner: get, agenda, catalogue);

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        let left = self.rivals.load(Ordering::SeqCst);
        if let (1.., Some(current)) = (left, self.inner.get(key, now).await?) {
            self.rivals.store(left - 1, Ordering::SeqCst);
            let rival =
                Value { version: Version([left; 16]), bytes: current.bytes, ..Value::default() };
            self.inner.put(key, &rival, Some(current.version), now).await?;
        }
        self.inner.put(key, value, over, now).await
    }
}

/// Sequential calls must not fail because koohook's own relay writes between them (decision C2).
/// After a lost race, koohook decides again until the deadline, with a pause before each attempt.
#[test]
fn a_lost_race_is_decided_again_until_the_deadline() {
    for rivals in [1, 3, 40] {
        let (koohook, id) = contested(rivals);
        let answer = run(koohook.v1(&named("V1 upgrade").members(&id)));
        let writes = usize::from(rivals) + 1;
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", (1, writes)));
        assert_eq!(run(koohook.kept(&id)).unwrap().outbox.sequence, 2);
    }
    let (koohook, id) = contested(u8::MAX);
    koohook.world().lag(Duration::from_millis(30));
    let before = World::elapsed(koohook.world());
    assert_eq!(run(koohook.v1(&named("V1 upgrade").members(&id))).code, "000005");
    let took = World::elapsed(koohook.world()) - before;
    assert!(took <= Duration::from_secs(4), "{took:?}");
    assert!(koohook.store().take_counts().1 > 40, "koohook retried until the deadline");
    assert_eq!(run(koohook.kept(&id)).unwrap().outbox.sequence, 1);
}

/// An import during operation: the purchase reads no value, and finds a pointer when it writes.
#[test]
fn a_purchase_that_loses_to_an_import_answers_the_imported_id() {
    for contract in [Contract::V1, Contract::V2] {
        let koohook = koohook(&PENDING);
        let derived = instance_id(contract);
        let purchase = CALLBACKS.iter().find(|it| it.contract == contract).unwrap();
        let members = purchase.members("");
        let request = match contract {
            Contract::V1 => v1(NOW, &members),
            Contract::V2 => v2(NOW, &members),
        };
        let answer = run_paused(koohook.world(), AFTER_READ, koohook.reply(request), || {
            let moved = Entity::MovedTo(InstanceId::parse("old-1").unwrap());
            run(koohook.keep(derived.as_str(), &EntityRecord::new(moved)));
            let mut old = standing("ready", contract).unwrap();
            if let Entity::Instance(instance) = &mut old.entity {
                instance.id = InstanceId::parse("old-1").unwrap();
            }
            run(koohook.keep("old-1", &old));
        });
        assert_eq!(
            (answer.code.as_str(), answer.instance_id.as_deref()),
            ("000000", Some("old-1"))
        );
        let at_derived = run(koohook.kept(derived.as_str())).unwrap();
        assert!(matches!(at_derived.entity, Entity::MovedTo(_)), "the pointer must remain");
    }
}

/// The pause point after a callback's one read and before its write.
const AFTER_READ: usize = 1;

/// A half-finished import, or a value of another kind, must not be treated as absent. It does not
/// matter whether koohook finds it when it reads or when it writes.
#[test]
fn a_value_of_another_kind_is_never_overwritten() {
    let moved = || Entity::MovedTo(InstanceId::parse("old-1").unwrap());
    let tenant = || Entity::Tenant(Dated { at: UnixMillis::new(NOW), standing: None });
    let id = instance_id(Contract::V2);
    for entity in [moved(), tenant()] {
        let koohook = koohook(&PENDING);
        let purchase = || koohook.reply(v2(NOW, &named("V2 newInstance").members("")));
        let kept = EntityRecord::new(entity);
        let answer = run_paused(koohook.world(), AFTER_READ, purchase(), || {
            run(koohook.keep(id.as_str(), &kept));
        });
        assert_eq!(answer.code, "000005", "found at the write");
        assert_eq!(run(koohook.kept(id.as_str())).unwrap(), kept);
        assert_eq!(run(purchase()).code, "000005", "found at the read");
        assert_eq!(run(koohook.kept(id.as_str())).unwrap(), kept);
    }
}

/// A purchase over a store whose next writes lose to this many rivals.
fn contested(rivals: u8) -> (Over<Contested>, String) {
    let inner = Memory::new();
    let koohook = Over::over(Contested { inner, rivals: AtomicU8::new(0) }, &SETTINGS);
    let id = run(koohook.v1(&CALLBACKS[0].members(""))).instance_id.unwrap();
    koohook.store().take_counts();
    koohook.store().inner().rivals.store(rivals, Ordering::SeqCst);
    (koohook, id)
}
