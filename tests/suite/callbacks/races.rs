//! Many callers at once: each order is carried out once, and a lost race is decided again.

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

// Racing.

const RACERS: usize = 32;

/// Sends one call of each racer at once, on threads of their own, and answers the codes.
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

/// One order, called by all at once: one instance, one notice, one answer.
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

/// Orders on one instance, each called by two at once: whatever was answered `000000` was told,
/// once, and whatever was answered `000005` may be called again.
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
    let mut told: Vec<_> =
        upgrades.map(|notice| notice.data["orderId"].as_str().unwrap().to_owned()).collect();
    told.sort();
    assert_eq!(told, carried_out);
    assert!(!told.is_empty());
}

#[test]
fn racers_for_one_order_over_memory_make_one_instance() {
    one_order_races(Memory::new());
}

#[test]
fn racers_for_one_order_over_sqlite_make_one_instance() {
    one_order_races(sqlite(&tempfile::tempdir().unwrap()));
}

#[test]
fn racers_for_one_order_over_a_server_make_one_instance() {
    served_stores().for_each(one_order_races);
}

#[test]
fn racers_for_many_orders_over_memory_lose_none() {
    many_orders_race(Memory::new());
}

#[test]
fn racers_for_many_orders_over_sqlite_lose_none() {
    many_orders_race(sqlite(&tempfile::tempdir().unwrap()));
}

#[test]
fn racers_for_many_orders_over_a_server_lose_none() {
    served_stores().for_each(many_orders_race);
}

/// A store whose key somebody else writes just before us, so many times.
struct Contested {
    inner: Memory,
    rivals: AtomicU8,
}

impl Store for Contested {
    forward!(inner: get, agenda);

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        let left = self.rivals.load(Ordering::SeqCst);
        if let (1.., Some(standing)) = (left, self.inner.get(key, now).await?) {
            self.rivals.store(left - 1, Ordering::SeqCst);
            let rival = Value {
                version: Version([left; 16]),
                bytes: standing.bytes,
                agenda: None,
                expires: None,
            };
            self.inner.put(key, &rival, Some(standing.version), now).await?;
        }
        self.inner.put(key, value, over, now).await
    }
}

/// Sequential calls must not fail because our own relay writes in between (decision C2): a lost race
/// is decided again for as long as there is time, with a rest before each try.
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
    assert!(koohook.store().take_counts().1 > 40, "it was tried all that time");
    assert_eq!(run(koohook.kept(&id)).unwrap().outbox.sequence, 1);
}

/// An import beside serving: the purchase had read absence, and finds a pointer when it writes.
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
        assert!(matches!(at_derived.entity, Entity::MovedTo(_)), "the pointer stays");
    }
}

/// The point behind a callback's one read, before its write.
const AFTER_READ: usize = 1;

/// Whatever wins the race is judged as if it had been read first: half an import, or a value of
/// another kind, is no absence.
#[test]
fn a_value_of_another_kind_is_never_written_over() {
    let moved = || Entity::MovedTo(InstanceId::parse("old-1").unwrap());
    let strange = || Entity::Tenant(Dated { at: UnixMillis::new(NOW), standing: None });
    let id = instance_id(Contract::V2);
    for entity in [moved(), strange()] {
        let koohook = koohook(&PENDING);
        let purchase = || koohook.reply(v2(NOW, &named("V2 newInstance").members("")));
        let kept = EntityRecord::new(entity);
        let answer = run_paused(koohook.world(), AFTER_READ, purchase(), || {
            run(koohook.keep(id.as_str(), &kept));
        });
        assert_eq!(answer.code, "000005", "found when it wrote");
        assert_eq!(run(koohook.kept(id.as_str())).unwrap(), kept);
        assert_eq!(run(purchase()).code, "000005", "found when it read");
        assert_eq!(run(koohook.kept(id.as_str())).unwrap(), kept);
    }
}

/// A purchase over a store where rivals write so often before the next write.
fn contested(rivals: u8) -> (Over<Contested>, String) {
    let inner = Memory::new();
    let koohook = Over::over(Contested { inner, rivals: AtomicU8::new(0) }, &SETTINGS);
    let id = run(koohook.v1(&CALLBACKS[0].members(""))).instance_id.unwrap();
    koohook.store().take_counts();
    koohook.store().inner().rivals.store(rivals, Ordering::SeqCst);
    (koohook, id)
}
