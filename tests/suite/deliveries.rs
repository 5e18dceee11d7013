//! What the marketplace repeats, reorders and races, and what a store loses: one effect each.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use domain::entity::{Entity, Subject};
use domain::idempotency::MAX_ORDERS;
use domain::instance::{Access, Instance, InstanceState, NewestCalls};
use domain::notice::NoticeType;
use domain::record::EntityRecord;
use domain::tenant::Dated;
use protocol::message::InstanceId;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use shell::seal::{Clear, Seal, SealKey};
use shell::store::memory::Memory;
use shell::store::sqlite::Sqlite;
use shell::store::{
    AnyStore, Entry, Put, Queue, Store, StoreSetting, Stored, Unavailable, Value, Version,
};
use shell::world::World;
use simulator::answer::Answer;
use tests::call::{
    APP_INFO, Bundled, Koohook, PENDING, SETTINGS, koohook, run, run_paused, v1, v2,
};
use tests::log::Log;
use tests::servers::{self, Server};
use tests::test_store::TestStore;
use tests::world::{NOW, Trouble};

use crate::lifecycle::{CALLBACKS, Callback, PATIENCE_MILLIS, STATES, instance_id, standing};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// A call's members.
type Members<'a> = Vec<(&'a str, &'a str)>;
/// The whole bundle, over a store.
type Over<S> = Koohook<S>;

// What a callback does to the instance it finds.

#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Changes,
    Looks,
}

fn effect(callback: &Callback) -> Effect {
    let looks = ["queryInstance", "changeInstanceCheck"];
    if looks.iter().any(|name| callback.name.contains(name)) {
        Effect::Looks
    } else {
        Effect::Changes
    }
}

/// The state in which a callback has an effect.
fn fitting_state(callback: &Callback) -> &'static str {
    let thaws = callback.name.contains("NORMAL") || callback.name.contains("UNFREEZE");
    match callback.name.ends_with("newInstance") {
        true => "absent",
        false if thaws => "frozen by status",
        false => "ready",
    }
}

fn changing() -> impl Iterator<Item = &'static Callback> {
    CALLBACKS.iter().filter(|callback| effect(callback) == Effect::Changes)
}

/// A koohook with the instance of the table in a state.
fn with_instance(settings: &[(&str, &str)], state: &str, contract: Contract) -> Bundled {
    with_instance_in(TestStore::new(), settings, state, contract)
}

/// The same over another store.
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

/// A store in each server that there is, with nothing in it.
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

fn told(koohook: &Bundled, id: &str) -> u64 {
    run(koohook.kept(id)).map_or(0, |kept| kept.outbox.sequence)
}

fn kinds(koohook: &Bundled, id: &str) -> Vec<NoticeType> {
    let kept = run(koohook.kept(id)).unwrap();
    kept.outbox.waiting.iter().map(|notice| notice.kind).collect()
}

/// Buys the V1 order `CS1` and answers its ID.
fn bought(koohook: &Bundled) -> String {
    let answer = run(CALLBACKS[0].send(koohook, ""));
    koohook.store().take_counts();
    answer.instance_id.unwrap()
}

// Repeated.

/// A callback, delivered thrice over a store: what it answers, what that costs, what is told.
fn thrice<S: Store>(callback: &Callback, store: S) {
    let koohook = with_instance_in(store, &SETTINGS, fitting_state(callback), callback.contract);
    let id = instance_id(callback.contract);
    for count in [(1, 1), (1, 0), (1, 0)] {
        let answer = servers::run(callback.send(&koohook, id.as_str()));
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", count), "{}", callback.name);
    }
    let told = servers::run(koohook.kept(id.as_str())).map(|kept| kept.outbox.sequence);
    assert_eq!(told, Some(1), "{}", callback.name);
}

#[test]
fn a_call_delivered_thrice_has_one_effect_and_its_repeats_cost_one_read() {
    changing().for_each(|callback| thrice(callback, Memory::new()));
}

#[test]
fn a_call_delivered_thrice_has_one_effect_over_a_server_too() {
    for callback in changing() {
        served_stores().for_each(|store| thrice(callback, store));
    }
}

#[test]
fn an_order_signed_anew_is_still_one_order() {
    let orders = changing().filter(|callback| {
        let order = |name| callback.name.contains(name);
        order("newInstance") || order("refreshInstance") || order("upgrade")
    });
    for callback in orders {
        let koohook = with_instance(&SETTINGS, fitting_state(callback), callback.contract);
        let id = instance_id(callback.contract);
        for count in [(1, 1), (1, 0), (1, 0)] {
            run(callback.send(&koohook, id.as_str()));
            assert_eq!(koohook.store().take_counts(), count, "{}", callback.name);
            koohook.world().pass(Duration::from_hours(30));
        }
        assert_eq!(told(&koohook, id.as_str()), 1, "{}", callback.name);
    }
}

#[test]
fn a_status_signed_anew_tells_nobody_but_keeps_its_time() {
    let id = instance_id(Contract::V1);
    for name in ["V1 expireInstance", "V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"] {
        let callback = CALLBACKS.iter().find(|callback| callback.name == name).unwrap();
        let koohook = with_instance(&SETTINGS, fitting_state(callback), Contract::V1);
        run(callback.send(&koohook, id.as_str()));
        koohook.world().pass(Duration::from_secs(1));
        koohook.store().take_counts();
        run(callback.send(&koohook, id.as_str()));
        assert_eq!(koohook.store().take_counts(), (1, 1), "{name}");
        assert_eq!(told(&koohook, id.as_str()), 1, "{name}");
        let status = run(koohook.instance(id.as_str())).newest.status;
        assert_eq!(status, Some(UnixMillis::new(NOW + SECOND)), "{name}");
    }
}

#[test]
fn a_look_costs_one_read_an_instance() {
    for callback in CALLBACKS.iter().filter(|callback| effect(callback) == Effect::Looks) {
        let koohook = with_instance(&SETTINGS, "ready", callback.contract);
        let answer = run(callback.send(&koohook, instance_id(callback.contract).as_str()));
        // V2's query remembers its signature beside (decision B8).
        let remembers = callback.name == "V2 queryInstance";
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", (1, usize::from(remembers))), "{}", callback.name);
    }
}

// Reordered.

/// A newer call and an older one of its kind.
#[rustfmt::skip]
const OVERTAKEN: &[(&str, &str, &str)] = &[
    ("ready", "V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"),
    ("ready", "V1 instanceStatus FREEZE", "V1 expireInstance"),
    ("ready", "V1 expireInstance", "V1 instanceStatus NORMAL"),
    ("ready", "V1 instanceStatus NORMAL", "V1 instanceStatus FREEZE"),
    ("frozen by status", "V1 instanceStatus NORMAL", "V1 expireInstance"),
    ("ready", "V1 refreshInstance renew", "V1 expireInstance"),
    ("ready", "V1 refreshInstance trial", "V1 instanceStatus FREEZE"),
    ("ready", "V1 refreshInstance renew", "V1 refreshInstance trial"),
    ("ready", "V1 refreshInstance cancel", "V1 refreshInstance renew"),
    ("ready", "V1 upgrade", "V1 upgrade"),
    ("ready", "V2 updateInstanceStatus FREEZE", "V2 updateInstanceStatus UNFREEZE"),
    ("frozen by status", "V2 updateInstanceStatus UNFREEZE", "V2 updateInstanceStatus FREEZE"),
    ("ready", "V2 refreshInstance RENEWAL", "V2 refreshInstance UNSUBSCRIBE_RENEWAL_PERIOD"),
    ("ready", "V2 refreshInstance TRIAL_TO_FORMAL", "V2 refreshInstance RENEWAL_CHANGE"),
    ("ready", "V2 upgradeInstance", "V2 upgradeInstance"),
];

fn named(name: &str) -> &'static Callback {
    CALLBACKS.iter().find(|callback| callback.name == name).unwrap()
}

/// The members under another order.
fn ordered<'a>(members: Members<'a>, order: &'a str) -> Members<'a> {
    let renamed = |(name, value)| (name, if name == "orderId" { order } else { value });
    members.into_iter().map(renamed).collect()
}

#[test]
fn a_call_that_a_newer_one_overtook_is_acknowledged_without_effect() {
    for (state, newer, older) in OVERTAKEN {
        let (newer, older) = (named(newer), named(older));
        let koohook = with_instance(&SETTINGS, state, newer.contract);
        let id = instance_id(newer.contract);
        send_at(&koohook, newer.contract, NOW, &newer.members(id.as_str()));
        let before = run(koohook.kept(id.as_str()));
        koohook.store().take_counts();
        let late = ordered(older.members(id.as_str()), "CS9");
        let answer = send_at(&koohook, older.contract, NOW - 1, &late);
        let told = format!("{} after {}", older.name, newer.name);
        assert_eq!(
            (answer.code.as_str(), koohook.store().take_counts()),
            ("000000", (1, 0)),
            "{told}"
        );
        assert_eq!(run(koohook.kept(id.as_str())), before, "{told}");
    }
}

#[test]
fn a_refresh_under_v2_does_not_outdate_a_status() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let [renewal, freeze] =
        ["V2 refreshInstance RENEWAL", "V2 updateInstanceStatus FREEZE"].map(named);
    send_at(&koohook, Contract::V2, NOW, &renewal.members(id.as_str()));
    send_at(&koohook, Contract::V2, NOW - 1, &freeze.members(id.as_str()));
    assert!(matches!(run(koohook.instance(id.as_str())).state, InstanceState::Frozen(_)));
}

#[test]
fn two_upgrades_of_one_signed_time_are_both_told() {
    for name in ["V1 upgrade", "V2 upgradeInstance"] {
        let upgrade = named(name);
        let koohook = with_instance(&SETTINGS, "ready", upgrade.contract);
        let id = instance_id(upgrade.contract);
        for order in ["CS8", "CS9", "CS8", "CS9"] {
            let members = ordered(upgrade.members(id.as_str()), order);
            send_at(&koohook, upgrade.contract, NOW, &members);
        }
        assert_eq!(kinds(&koohook, id.as_str()), [NoticeType::Upgraded; 2], "{name}");
    }
}

/// One call of a small life: seconds after the purchase, its members beside the instance's ID.
type Moment = (u64, &'static [(&'static str, &'static str)]);

/// A life under V1: renewed, expired, renewed again, frozen, thawed.
#[rustfmt::skip]
const LIFE: [Moment; 5] = [
    (1, &[("activity", "refreshInstance"), ("orderId", "R1"), ("expireTime", "20261006074927"), ("orderAmount", "1")]),
    (2, &[("activity", "expireInstance"), ("orderId", "CS1")]),
    (3, &[("activity", "refreshInstance"), ("orderId", "R2"), ("expireTime", "20271005194927"), ("orderAmount", "1")]),
    (4, &[("activity", "instanceStatus"), ("instanceStatus", "FREEZE")]),
    (5, &[("activity", "instanceStatus"), ("instanceStatus", "NORMAL")]),
];

/// What is left of a life: whether it serves, until when, and the newest times. (The cause of a
/// freeze may differ: of two causes, an overtaken renewal does not know which one is the newer.)
type Remains = (&'static str, Option<UnixMillis>, NewestCalls);

/// Delivers moments of a life in an order.
fn lived(moments: &[Moment]) -> Remains {
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    koohook.world().pass(Duration::from_mins(1));
    for (after, members) in moments {
        let members: Members<'_> = [*members, &[("instanceId", id.as_str())]].concat();
        let answer = send_at(&koohook, Contract::V1, NOW + after * SECOND, &members);
        assert_eq!(answer.code, "000000");
    }
    let Instance { state, expires, newest, .. } = run(koohook.instance(&id));
    (state.as_str(), expires, newest)
}

#[test]
fn a_life_delivered_in_any_order_ends_alike() {
    for (length, end, orders) in [(4, "frozen", 24), (5, "active", 120)] {
        let mut life = LIFE[..length].to_vec();
        let in_order = lived(&life);
        assert_eq!(in_order.0, end);
        let mut count = 0;
        permute(&mut life, 0, &mut |moments| {
            count += 1;
            assert_eq!(lived(moments), in_order, "{moments:?}");
        });
        assert_eq!(count, orders);
    }
}

fn permute<T: Copy>(items: &mut [T], from: usize, visit: &mut impl FnMut(&[T])) {
    if from == items.len() {
        return visit(items);
    }
    for place in from..items.len() {
        items.swap(from, place);
        permute(items, from + 1, visit);
        items.swap(from, place);
    }
}

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

/// A store in a file that goes when the test ends.
fn sqlite(folder: &tempfile::TempDir) -> Sqlite {
    Sqlite::open(&folder.path().join("koohook.db")).unwrap()
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
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.inner.get(key, now).await
    }

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

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.inner.agenda(queue, span, limit).await
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

// A failing store.

/// What goes wrong from the n-th operation on.
#[derive(Clone, Copy, Debug)]
enum Outage {
    Once(Trouble),
    ForGood(Trouble),
}

const OUTAGES: [Outage; 4] = [
    Outage::Once(Trouble::Refused),
    Outage::Once(Trouble::ReplyLost),
    Outage::ForGood(Trouble::Refused),
    Outage::ForGood(Trouble::ReplyLost),
];

impl Outage {
    fn plan(self, nth: usize) -> Vec<Trouble> {
        let calm = std::iter::repeat_n(Trouble::None, nth);
        match self {
            Self::Once(trouble) => calm.chain([trouble]).collect(),
            Self::ForGood(trouble) => calm.chain([trouble; 16]).collect(),
        }
    }
}

#[test]
fn a_store_that_fails_on_any_call_never_makes_two_of_one() {
    for callback in changing() {
        let calm = with_instance(&SETTINGS, fitting_state(callback), callback.contract);
        let id = instance_id(callback.contract);
        let right = run(callback.send(&calm, id.as_str()));
        let right = (right, run(calm.kept(id.as_str())));
        for (outage, nth) in
            OUTAGES.iter().flat_map(|outage| [0, 1, 2, 3, 4].map(|nth| (*outage, nth)))
        {
            a_store_fails_once(callback, outage, nth, &right);
        }
    }
}

fn a_store_fails_once(
    callback: &Callback,
    outage: Outage,
    nth: usize,
    (answer, kept): &(Answer, Option<EntityRecord>),
) {
    let koohook = with_instance(&SETTINGS, fitting_state(callback), callback.contract);
    let id = instance_id(callback.contract);
    let before = run(koohook.kept(id.as_str()));
    koohook.store().plan(outage.plan(nth));
    let troubled = run(callback.send(&koohook, id.as_str()));
    let told = format!("{} {outage:?} {nth}", callback.name);
    let after = run(koohook.kept(id.as_str()));
    if troubled.code == "000005" {
        assert!(after == before || after == *kept, "half an effect: {told}");
    } else {
        assert_eq!((&troubled, &after), (answer, kept), "{told}");
    }
    let must_fail = nth == 0 || matches!((outage, nth), (Outage::ForGood(_), 1));
    assert_eq!(troubled.code == "000005", must_fail, "{told}");
    koohook.store().plan([]);
    let retried = run(callback.send(&koohook, id.as_str()));
    assert_eq!((&retried, &run(koohook.kept(id.as_str()))), (answer, kept), "{told}");
}

#[test]
fn a_write_whose_reply_was_lost_costs_one_more_write() {
    let koohook = koohook(&SETTINGS);
    koohook.store().plan([Trouble::None, Trouble::ReplyLost]);
    let answer = run(CALLBACKS[0].send(&koohook, ""));
    assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", (1, 2)));
}

#[test]
fn a_deadline_that_passed_is_an_unknown_outcome() {
    let upgrade = named("V1 upgrade");
    let id = instance_id(Contract::V1);
    // Two seconds for the read and two for the write are all there are; then the write is late.
    for (lag, code) in [(1_999, "000000"), (2_000, "000005"), (4_000, "000005"), (9_000, "000005")]
    {
        let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
        koohook.world().lag(Duration::from_millis(lag));
        let signed = v1(NOW, &upgrade.members(id.as_str()));
        let answer = run(koohook.reply(signed.clone()));
        assert_eq!(answer.code, code, "{lag} ms");
        koohook.world().lag(Duration::ZERO);
        assert_eq!(run(koohook.reply(signed)).code, "000000");
        assert_eq!(told(&koohook, id.as_str()), 1, "{lag} ms");
    }
}

#[test]
fn nothing_is_begun_after_the_deadline() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    koohook.world().lag(Duration::from_secs(4));
    koohook.store().take_counts();
    run(named("V1 upgrade").send(&koohook, instance_id(Contract::V1).as_str()));
    assert_eq!(koohook.store().take_counts(), (1, 0));
}

#[test]
fn a_v1_purchase_may_take_longer_where_the_seller_says_so() {
    let patient = [&SETTINGS[..], &[("KOOHOOK_V1_DEADLINE_MILLIS", "15000")]].concat();
    for (callback, code) in [("V1 newInstance", "000000"), ("V2 newInstance", "000005")] {
        let koohook = koohook(&patient);
        koohook.world().lag(Duration::from_secs(7));
        assert_eq!(run(named(callback).send(&koohook, "")).code, code, "{callback}");
    }
}

// Values that this program must not touch.

/// Every call on what stands there: `000005`, and not one write.
fn nothing_is_written_over(bytes: &[u8], told: &str) {
    for callback in CALLBACKS {
        let koohook = koohook(&SETTINGS);
        let id = instance_id(callback.contract);
        run(koohook.keep_bytes(id.as_str(), bytes));
        let answer = run(callback.send(&koohook, id.as_str()));
        let remembers = usize::from(callback.name == "V2 queryInstance");
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000005", (1, remembers)), "{told}: {}", callback.name);
    }
}

#[test]
fn a_value_of_a_newer_koohook_is_left_as_it_is() {
    let kept = standing("ready", Contract::V1).unwrap().to_bytes().unwrap();
    let text = String::from_utf8(kept).unwrap();
    let newer = text.replace("\"schema\":1", "\"schema\":2");
    assert_ne!(text, newer);
    nothing_is_written_over(format!("\0{newer}").as_bytes(), "a schema from tomorrow");
    nothing_is_written_over(b"\0{\"schema\":1}", "no entity");
    nothing_is_written_over(b"", "nothing at all");
}

#[test]
fn a_value_that_another_key_sealed_is_left_as_it_is() {
    let place = |contract| Subject::Instance(instance_id(contract)).key();
    let key = SealKey::parse("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=").unwrap();
    let seal = Seal::new(Some(&key), None, Clear::Refused);
    for contract in [Contract::V1, Contract::V2] {
        let kept = standing("ready", contract).unwrap().to_bytes().unwrap();
        let sealed = seal.seal(&place(contract), &kept, [7; 12]).unwrap();
        nothing_is_written_over(&sealed, "another key");
    }
}

#[test]
fn a_sealed_value_is_read_again_after_the_key_was_changed() {
    const OLD: &str = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
    const NEW: &str = "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=";
    let folder = tempfile::tempdir().unwrap();
    let with = |keys: &[(&str, &str)]| {
        let settings = [&SETTINGS[..], keys].concat();
        let koohook = Over::over(sqlite(&folder), &settings);
        run(koohook.v1(&CALLBACKS[0].members(""))).code
    };
    assert_eq!(with(&[("KOOHOOK_SEAL_KEY", OLD)]), "000000");
    assert_eq!(with(&[("KOOHOOK_SEAL_KEY", NEW)]), "000005");
    assert_eq!(with(&[("KOOHOOK_SEAL_KEY", NEW), ("KOOHOOK_SEAL_KEY_PREVIOUS", OLD)]), "000000");
}

// Rehearsed.

#[test]
fn a_rehearsal_leaves_no_trace_whatever_stands() {
    for (callback, state) in
        CALLBACKS.iter().flat_map(|callback| STATES.map(|state| (callback, state)))
    {
        let koohook = with_instance(&SETTINGS, state, callback.contract);
        let id = instance_id(callback.contract);
        let before = run(koohook.kept(id.as_str()));
        let mut members = callback.members(id.as_str());
        members.push(("testFlag", "1"));
        let answer = send_at(&koohook, callback.contract, NOW, &members);
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000000", (0, 0)), "{} {state}", callback.name);
        assert_eq!(run(koohook.kept(id.as_str())), before, "{} {state}", callback.name);
    }
}

#[test]
fn a_rehearsal_takes_any_text_for_an_id_and_any_fault_for_a_field() {
    for text in ["123456789", "0", "测试 id", "a,b", "{instanceId}", &"9".repeat(64)] {
        for callback in CALLBACKS {
            let koohook = koohook(&SETTINGS);
            let members = callback.members.iter().skip(1);
            let mut typed: Members<'_> = members.map(|(name, _)| (*name, text)).collect();
            typed.extend([callback.members[0], ("testFlag", "1")]);
            let answer = send_at(&koohook, callback.contract, NOW, &typed);
            let found = (answer.code.as_str(), koohook.store().take_counts());
            assert_eq!(found, ("000000", (0, 0)), "{} {text}", callback.name);
        }
    }
}

#[test]
fn a_rehearsed_purchase_answers_the_id_that_the_real_one_will_have() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let mut members = named(name).members("");
        members.push(("testFlag", "1"));
        let rehearsed = send_at(&koohook, named(name).contract, NOW, &members);
        let real = run(named(name).send(&koohook, ""));
        assert_eq!(rehearsed.instance_id, real.instance_id);
        assert_eq!(rehearsed.app_info.is_some(), named(name).contract == Contract::V1);
    }
}

// Restarted days later, and old calls.

#[test]
fn an_expiry_restarted_after_a_renewal_has_no_effect() {
    // The term that the renewal set, from the moment of the restart on.
    for (term, state) in [(DAY + 1, "active"), (DAY, "frozen")] {
        let koohook = koohook(&SETTINGS);
        let id = bought(&koohook);
        let expire = named("V1 expireInstance").members(&id);
        run(koohook.v1(&expire));
        koohook.world().pass(Duration::from_hours(24));
        let end = simulator::time::to_the_millisecond(NOW + 3 * DAY + term);
        run(koohook.v1(&[
            ("activity", "refreshInstance"),
            ("orderId", "R1"),
            ("instanceId", &id),
            ("expireTime", &end),
            ("orderAmount", "299"),
        ]));
        assert_eq!(run(koohook.instance(&id)).state, InstanceState::Active, "the renewal thaws");
        koohook.world().pass(Duration::from_hours(48));
        let sequence = told(&koohook, &id);
        assert_eq!(run(koohook.v1(&expire)).code, "000000");
        assert_eq!(run(koohook.instance(&id)).state.as_str(), state);
        assert_eq!(told(&koohook, &id) > sequence, state == "frozen");
    }
}

#[test]
fn a_purchase_restarted_days_later_is_the_same_one() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let first = run(named(name).send(&koohook, ""));
        koohook.world().pass(Duration::from_hours(300));
        let again = run(named(name).send(&koohook, ""));
        assert_eq!(first, again, "{name}");
    }
}

#[test]
fn a_restart_that_no_rule_catches_is_applied_and_told_with_what_was_known() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let freeze = named("V2 updateInstanceStatus FREEZE");
    run(freeze.send(&koohook, id.as_str()));
    koohook.world().pass(Duration::from_hours(48));
    run(named("V2 updateInstanceStatus UNFREEZE").send(&koohook, id.as_str()));
    koohook.world().pass(Duration::from_hours(48));
    run(freeze.send(&koohook, id.as_str()));
    let kept = run(koohook.kept(id.as_str())).unwrap();
    let last = kept.outbox.waiting.last().unwrap();
    assert_eq!((last.kind, last.sequence()), (NoticeType::Frozen, 3));
    assert_eq!(last.data["before"]["state"], "active");
}

#[test]
fn an_old_v1_call_that_nothing_overtook_is_carried_out() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    let id = instance_id(Contract::V1);
    let freeze = named("V1 instanceStatus FREEZE").members(id.as_str());
    assert_eq!(send_at(&koohook, Contract::V1, NOW - 400 * DAY, &freeze).code, "000000");
    assert_eq!(run(koohook.instance(id.as_str())).state.as_str(), "frozen");
}

#[test]
fn an_old_v2_call_is_not_believed() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let freeze = named("V2 updateInstanceStatus FREEZE").members(id.as_str());
    for (signed_at, code) in [
        (NOW - 60_001, "000002"),
        (NOW + 60_001, "000002"),
        (NOW - 60_000, "000000"),
        (NOW + 60_000, "000000"),
    ] {
        assert_eq!(send_at(&koohook, Contract::V2, signed_at, &freeze).code, code);
    }
    assert_eq!(koohook.store().take_counts(), (2, 2));
}

#[test]
fn a_call_signed_far_ahead_counts_as_now() {
    let id = instance_id(Contract::V1);
    let [freeze, thaw] = ["V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"].map(named);
    // Ten minutes are taken as they are, and outdate a thaw that is signed before them.
    for (ahead, then) in [(11 * 60 * SECOND, "active"), (10 * 60 * SECOND, "frozen")] {
        let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
        send_at(&koohook, Contract::V1, NOW + ahead, &freeze.members(id.as_str()));
        let kept = run(koohook.instance(id.as_str()));
        let counted = if then == "active" { NOW } else { NOW + ahead };
        assert_eq!(kept.newest.status, Some(UnixMillis::new(counted)));
        koohook.world().pass(Duration::from_secs(1));
        assert_eq!(run(thaw.send(&koohook, id.as_str())).code, "000000");
        assert_eq!(run(koohook.instance(id.as_str())).state.as_str(), then);
    }
}

// Imported.

/// An instance of an older server, under its own ID, with a pointer at the derived one.
fn imported(contract: Contract) -> Bundled {
    let koohook = koohook(&SETTINGS);
    let own = InstanceId::parse("legacy-0001").unwrap();
    let mut kept = standing("ready", contract).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.id = own.clone();
    }
    run(koohook.keep(own.as_str(), &kept));
    let pointer = EntityRecord::new(Entity::MovedTo(own));
    run(koohook.keep(instance_id(contract).as_str(), &pointer));
    koohook
}

#[test]
fn an_imported_purchase_answers_its_own_id_for_one_more_read() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = imported(named(name).contract);
        for _ in 0..2 {
            let answer = run(named(name).send(&koohook, ""));
            assert_eq!(answer.instance_id.as_deref(), Some("legacy-0001"), "{name}");
            let found = (answer.code.as_str(), koohook.store().take_counts());
            assert_eq!(found, ("000000", (2, 0)), "{name}");
        }
    }
}

#[test]
fn an_imported_instance_is_called_by_its_own_id_alone() {
    for callback in CALLBACKS.iter().filter(|callback| !callback.name.ends_with("newInstance")) {
        let derived = instance_id(callback.contract);
        for (id, code) in [("legacy-0001", "000000"), (derived.as_str(), "000003")] {
            let koohook = imported(callback.contract);
            let answer = run(callback.send(&koohook, id));
            assert_eq!(answer.code, code, "{} {id}", callback.name);
        }
    }
}

#[test]
fn a_purchase_whose_import_is_half_done_waits_for_the_other_half() {
    for name in ["V1 newInstance", "V2 newInstance"] {
        let koohook = koohook(&SETTINGS);
        let own = InstanceId::parse("legacy-0001").unwrap();
        let derived = instance_id(named(name).contract);
        run(koohook.keep(derived.as_str(), &EntityRecord::new(Entity::MovedTo(own))));
        let answer = run(named(name).send(&koohook, ""));
        let found = (answer.code.as_str(), koohook.store().take_counts());
        assert_eq!(found, ("000005", (2, 0)), "{name}");
        assert_eq!(run(koohook.kept("legacy-0001")), None, "{name}");
    }
}

// Signatures that were used.

#[test]
fn a_v2_query_answers_one_signature_once() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    let codes = [0, 0, 1].map(|later| {
        koohook.world().pass(Duration::from_millis(later));
        let counts = (
            send_at(&koohook, Contract::V2, NOW + later, &query).code,
            koohook.store().take_counts(),
        );
        (counts.0, counts.1.0, counts.1.1)
    });
    let expected = [("000000", 1, 1), ("000001", 0, 1), ("000000", 1, 1)];
    assert_eq!(codes, expected.map(|(code, reads, writes)| (code.to_owned(), reads, writes)));
}

#[test]
fn a_v2_query_stays_used_for_as_long_as_its_signature_is_believed() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    let signed_at = NOW + 60_000;
    assert_eq!(send_at(&koohook, Contract::V2, signed_at, &query).code, "000000");
    for (later, code) in [(120_000, "000001"), (120_001, "000002")] {
        koohook.world().set_now(NOW + later);
        assert_eq!(send_at(&koohook, Contract::V2, signed_at, &query).code, code, "{later} ms");
    }
}

#[test]
fn a_v2_query_that_cannot_be_remembered_is_not_answered() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    koohook.store().plan([Trouble::Refused; 16]);
    let answer = send_at(&koohook, Contract::V2, NOW, &query);
    assert_eq!((answer.code.as_str(), answer.info.len()), ("000005", 0));
    assert_eq!(koohook.store().take_counts().0, 0, "nothing is read");
    koohook.store().plan([]);
    assert_eq!(send_at(&koohook, Contract::V2, NOW, &query).code, "000000");
}

#[test]
fn a_v2_query_that_was_remembered_unseen_is_answered() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    koohook.store().plan([Trouble::ReplyLost]);
    let codes = [(); 2].map(|()| send_at(&koohook, Contract::V2, NOW, &query).code);
    assert_eq!(codes, ["000000", "000001"], "its own mark is no other's");
}

#[test]
fn a_v1_query_may_be_asked_again() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    let id = instance_id(Contract::V1);
    for _ in 0..3 {
        let answer = run(named("V1 queryInstance").send(&koohook, id.as_str()));
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", (1, 0)));
    }
}

// One order, said twice.

#[test]
fn an_acceptance_is_recorded_once() {
    for (name, line) in [("V1 newInstance", None), ("V2 newInstance", Some(()))] {
        let koohook = koohook(&SETTINGS);
        let id = run(named(name).send(&koohook, "")).instance_id.unwrap();
        let mut accepting = named(name).members("");
        accepting.push(("acceptanceTime", "20261006000000000"));
        koohook.store().take_counts();
        for counts in [(1, 1), (1, 0), (1, 0)] {
            let answer = send_at(&koohook, named(name).contract, NOW, &accepting);
            assert_eq!(
                (answer.code.as_str(), koohook.store().take_counts()),
                ("000000", counts),
                "{line:?}"
            );
        }
        assert_eq!(kinds(&koohook, &id), [NoticeType::Created, NoticeType::Accepted]);
        assert!(run(koohook.instance(&id)).accepted);
    }
}

#[test]
fn an_order_that_says_something_else_changes_nothing() {
    let renewal = [
        ("activity", "refreshInstance"),
        ("orderId", "R1"),
        ("expireTime", "20271005194927"),
        ("orderAmount", "299"),
    ];
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    let call = |expires: &str, amount: &str| {
        koohook.world().pass(Duration::from_secs(1));
        let mut members = [&renewal[..], &[("instanceId", id.as_str())]].concat();
        members[2].1 = expires;
        members[3].1 = amount;
        let answer = run(koohook.v1(&members));
        (answer.code, koohook.store().take_counts())
    };
    let answered = |counts| ("000000".to_owned(), counts);
    assert_eq!(call("20271005194927", "299"), answered((1, 1)));
    let first = run(koohook.kept(&id));
    assert_eq!(call("20281005194927", "299"), answered((1, 0)));
    assert_eq!(call("20271005194927", "300"), answered((1, 0)));
    assert_eq!(run(koohook.kept(&id)), first);
    // Another scene is another order: the renewal is taken back under the same number.
    assert_eq!(call("20261005194927", "-299"), answered((1, 1)));
}

#[test]
fn a_renewal_never_moves_the_expiry_back_and_its_refund_does() {
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    #[rustfmt::skip]
    let steps = [
        ("R1", "20271005000000", "299", "20271005000000"),
        ("R2", "20270905000000", "299", "20271005000000"),
        ("R3", "20270905000000", "-299", "20270905000000"),
        ("R4", "20270805000000", "0", "20270805000000"),
        ("R5", "20280805000000", "299.5", "20280805000000"),
    ];
    for (order, asked, amount, stands) in steps {
        koohook.world().pass(Duration::from_secs(1));
        let call = [
            ("activity", "refreshInstance"),
            ("orderId", order),
            ("instanceId", id.as_str()),
            ("expireTime", asked),
            ("orderAmount", amount),
        ];
        assert_eq!(run(koohook.v1(&call)).code, "000000");
        let expires = run(koohook.instance(&id)).expires;
        assert_eq!(expires, UnixMillis::from_utc_digits(stands), "{order}");
    }
    assert_eq!(told(&koohook, &id), 5, "created, and four renewals");
}

// V1's patience (decision D11).

/// The relay alone abandons: whoever calls, however late, finds what is stored.
#[test]
fn no_callback_abandons_a_purchase() {
    let koohook = koohook(&PENDING);
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    let patience_ends = Some(UnixMillis::new(NOW + PATIENCE_MILLIS));
    for counts in [(1, 1), (1, 0), (1, 0)] {
        let answer = run(purchase.send(&koohook, ""));
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000004", counts));
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, patience_ends);
        koohook.world().pass(Duration::from_hours(1));
    }
    koohook.world().set_now(NOW + 10 * PATIENCE_MILLIS);
    let query = run(named("V1 queryInstance").send(&koohook, id.as_str()));
    assert_eq!(query.code, "000004", "it may be made still");
    assert_eq!(run(purchase.send(&koohook, "")).code, "000004");
    let instance = run(koohook.instance(id.as_str()));
    assert_eq!((instance.access, instance.abandon_at), (Access::Pending, patience_ends));
}

/// A V1 purchase that is pending, and not settled.
fn unsettled() -> EntityRecord {
    let mut kept = standing("pending", Contract::V1).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.abandon_at = Some(UnixMillis::new(NOW + PATIENCE_MILLIS));
    }
    kept
}

/// Whatever shows that the purchase was paid settles it, whether it has any other effect or not.
#[test]
fn every_later_call_settles_a_purchase_for_ever() {
    let later = CALLBACKS.iter().filter(|callback| {
        let name = callback.name;
        let looks = ["newInstance", "queryInstance", "changeInstanceCheck", "releaseInstance"];
        callback.contract == Contract::V1 && !looks.iter().any(|look| name.ends_with(look))
    });
    let mut count = 0;
    for callback in later {
        let koohook = koohook(&PENDING);
        let id = instance_id(Contract::V1);
        run(koohook.keep(id.as_str(), &unsettled()));
        assert_eq!(run(callback.send(&koohook, id.as_str())).code, "000000", "{}", callback.name);
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None, "{}", callback.name);
        assert_eq!(run(named("V1 newInstance").send(&koohook, "")).code, "000004");
        let instance = run(koohook.instance(id.as_str()));
        assert_eq!(instance.abandon_at, None, "{}: for ever", callback.name);
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn an_acceptance_settles_a_purchase_for_ever() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    run(koohook.keep(id.as_str(), &unsettled()));
    let accepted = [("acceptanceTime", "20261006000000000")];
    let members = [&named("V1 newInstance").members("")[..], &accepted].concat();
    assert_eq!(run(koohook.v1(&members)).code, "000004");
    assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
    assert_eq!(run(named("V1 newInstance").send(&koohook, "")).code, "000004");
    assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
}

/// The template that answered for the product was missing for a moment: the purchase was answered
/// `000000` before, it is paid, and it stays.
#[test]
fn a_purchase_that_was_answered_once_is_settled_whatever_is_answered_later() {
    let folder = tempfile::tempdir().unwrap();
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    let with_template = [&PENDING[..], &[("KOOHOOK_APP_INFO", APP_INFO)]].concat();
    for (settings, code) in
        [(&with_template[..], "000000"), (&PENDING[..], "000004"), (&with_template[..], "000000")]
    {
        let koohook = Over::over(sqlite(&folder), settings);
        assert_eq!(run(purchase.send(&koohook, "")).code, code);
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None, "after {code}");
    }
}

/// V1 has no freshness: bytes that were captured before the abandonment revive nothing.
#[test]
fn a_replayed_purchase_is_not_revived_and_one_signed_since_is() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    let replayed = v1(NOW, &named("V1 newInstance").members(""));
    assert_eq!(run(koohook.reply(replayed.clone())).code, "000004");
    run(koohook.keep(id.as_str(), &standing("abandoned", Contract::V1).unwrap()));
    koohook.world().pass(Duration::from_hours(5));
    let before = run(koohook.kept(id.as_str()));
    koohook.store().take_counts();
    let old = v1(NOW - 60_000, &named("V1 newInstance").members(""));
    assert_eq!(run(koohook.reply(old)).code, "000004");
    assert_eq!(koohook.store().take_counts(), (1, 0));
    assert_eq!(run(koohook.kept(id.as_str())), before, "a replay changes nothing");
    assert_eq!(run(named("V1 newInstance").send(&koohook, "")).code, "000004");
    let instance = run(koohook.instance(id.as_str()));
    let again = Some(UnixMillis::new(koohook.world().now_millis() + PATIENCE_MILLIS));
    assert_eq!((instance.access, instance.abandon_at), (Access::Pending, again));
    assert_eq!(instance.abandoned_at, None);
}

/// A value of an older koohook does not say when it was abandoned: only what was signed just now
/// can be no replay.
#[test]
fn an_abandonment_of_unknown_time_believes_fresh_calls_alone() {
    for (ago, access) in [(601_000, Access::Abandoned), (0, Access::Pending)] {
        let koohook = koohook(&PENDING);
        let id = instance_id(Contract::V1);
        let mut kept = standing("abandoned", Contract::V1).unwrap();
        if let Entity::Instance(instance) = &mut kept.entity {
            instance.abandoned_at = None;
        }
        run(koohook.keep(id.as_str(), &kept));
        run(koohook.reply(v1(NOW - ago, &named("V1 newInstance").members(""))));
        assert_eq!(run(koohook.instance(id.as_str())).access, access, "{ago} ms ago");
    }
}

/// A wrong clock abandoned it at a time to come: whoever calls now is believed, not locked out.
#[test]
fn an_abandonment_under_a_clock_that_was_ahead_locks_nobody_out() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    let mut kept = standing("abandoned", Contract::V1).unwrap();
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.abandoned_at = Some(UnixMillis::new(NOW + 30 * 24 * 3_600_000));
    }
    run(koohook.keep(id.as_str(), &kept));
    let log = Log::default();
    let keep = log.keep();
    run(named("V1 refreshInstance renew").send(&koohook, id.as_str()));
    drop(keep);
    assert_eq!(run(koohook.instance(id.as_str())).access, Access::Pending);
    let line = log.callbacks().pop().unwrap();
    assert_eq!((&line["level"], &line["remarks"]), (&"ERROR".into(), &"revived".into()));
}

#[test]
fn the_first_success_ends_v1s_patience() {
    let koohook = koohook(&PENDING);
    let purchase = named("V1 newInstance");
    let id = instance_id(Contract::V1);
    run(purchase.send(&koohook, ""));
    let mut kept = run(koohook.kept(id.as_str())).unwrap();
    let Some(Entity::Instance(ready)) = standing("ready", Contract::V1).map(|kept| kept.entity)
    else {
        panic!("a ready instance stands");
    };
    if let Entity::Instance(instance) = &mut kept.entity {
        instance.access = ready.access;
    }
    run(koohook.keep(id.as_str(), &kept));
    koohook.store().take_counts();
    for counts in [(1, 1), (1, 0)] {
        let answer = run(purchase.send(&koohook, ""));
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", counts));
        assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
    }
    koohook.world().pass(Duration::from_hours(4));
    assert_eq!(run(purchase.send(&koohook, "")).code, "000000");
}

#[test]
fn v2_has_patience_without_end() {
    let koohook = koohook(&PENDING);
    run(named("V2 newInstance").send(&koohook, ""));
    let id = instance_id(Contract::V2);
    assert_eq!(run(koohook.instance(id.as_str())).abandon_at, None);
    koohook.world().pass(Duration::from_hours(300));
    assert_eq!(run(named("V2 queryInstance").send(&koohook, id.as_str())).code, "000004");
}

/// What is offered anew names the purchase, whatever the call was about.
#[test]
fn a_later_call_about_an_abandoned_purchase_offers_it_anew() {
    let koohook = koohook(&PENDING);
    let id = instance_id(Contract::V1);
    run(koohook.keep(id.as_str(), &standing("abandoned", Contract::V1).unwrap()));
    assert_eq!(run(named("V1 upgrade").send(&koohook, id.as_str())).code, "000000");
    let waiting = run(koohook.kept(id.as_str())).unwrap().outbox.waiting;
    let kinds: Vec<_> = waiting.iter().map(|notice| notice.kind).collect();
    let expected = [NoticeType::Abandoned, NoticeType::Created, NoticeType::Upgraded];
    assert!(expected.ends_with(&kinds), "{kinds:?}");
    let created = &waiting.iter().find(|it| it.kind == NoticeType::Created).unwrap().data;
    assert_eq!(created["orderId"], "CS1");
    assert_eq!(created["activity"], "newInstance");
    assert_eq!(created["instanceId"], id.as_str());
}

// The ledger's bound.

#[test]
fn the_purchase_is_remembered_beyond_the_ledgers_bound() {
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    let upgrade = |order: &str| {
        koohook.world().pass(Duration::from_secs(1));
        let members = ordered(named("V1 upgrade").members(&id), order);
        run(koohook.v1(&members));
        koohook.store().take_counts()
    };
    let orders: Vec<_> = (0..MAX_ORDERS).map(|number| format!("U{number}")).collect();
    for order in &orders {
        assert_eq!(upgrade(order), (1, 1));
    }
    let kept = run(koohook.kept(&id)).unwrap();
    assert_eq!(kept.ledger.dropped(), 1, "the purchase and 255 upgrades are remembered");
    assert_eq!(kept.outbox.waiting.len(), 64, "what nobody reads");
    assert_eq!(upgrade("U1"), (1, 0), "the second upgrade is known still");
    assert_eq!(upgrade("U0"), (1, 1), "the first is forgotten, and carried out again");
    assert_eq!(run(named("V1 newInstance").send(&koohook, "")).instance_id, Some(id));
    assert_eq!(koohook.store().take_counts(), (1, 0));
}
