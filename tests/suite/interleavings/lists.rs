//! Random scenarios of lists of people and departments. Calls are repeated, race with a relay, and
//! end at any point, over a store that fails and is slow. Relays have little time, and their clock
//! jumps. Sweeps end at any point. After every step, every part that a list refers to must be
//! readable. At the end, without faults, every message must be delivered once and in order. No
//! unused part may remain.

mod invariants;
mod remembering;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::entity::Subject;
use domain::store_keys::part_key;
use futures_util::future::join;
use protocol::message::{AppId, InstanceId, TenantId};
use serde_json::{Value as Json, json};
use shell::relay::Relay;
use shell::world::World;
use simulator::{kit_v2, time};
use tests::call::{ADDRESS, Koohook, PRODUCT_SECRET, run, run_perhaps_paused, run_until_halt};
use tests::chance::Chance;
use tests::product::{HANGS, Mood, ScriptedProduct};
use tests::world::StoreFault;

use self::remembering::Remembering;
use crate::kit::PAGES;

/// The number of runs if it is not set; they need about ten seconds.
const SEEDS: u64 = 25;
/// The number of calls in a run.
const STEPS: usize = 30;
/// The number of people; with this many, a list has index parts.
const PEOPLE: u64 = 1_400;
const KIT_KEY: &str = "constructed-kit-key-0002";

const SETTINGS: [(&str, &str); 5] = [
    ("KOOHOOK_KIT_KEY", KIT_KEY),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];
const ACCEPTS: Mood = Mood::Answers(Duration::ZERO, 200, "{}");

struct Lists {
    seed: u64,
    chance: Chance,
    koohook: Arc<Koohook<Remembering>>,
    product: ScriptedProduct,
    trace: Vec<String>,
}

impl Drop for Lists {
    #[expect(clippy::print_stdout, reason = "a failure needs its seed to be reproduced")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}\n{}", self.seed, self.trace.join("\n"));
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn lists_in_random_scenarios_are_delivered_once_and_leave_no_unused_part() {
    if std::env::var_os("KOOHOOK_TEST_STORE").is_some() {
        // The test cannot see which parts a real store has.
        return;
    }
    let setting = |name, or| std::env::var(name).map_or(or, |seeds| seeds.parse().unwrap());
    let first: u64 = setting("KOOHOOK_SIMULATION_FIRST", 0);
    let seeds: u64 = setting("KOOHOOK_SIMULATION_SEEDS", SEEDS);
    let (mut accepted, mut delivered, mut swept) = (0, 0, 0);
    for seed in first..first + seeds {
        let mut lists = Lists::new(seed);
        (0..STEPS).for_each(|_| accepted += usize::from(lists.step()));
        let (messages, gone) = lists.calm_down();
        delivered += messages;
        swept += gone;
    }
    println!(
        "{seeds} runs: {accepted} calls accepted, {delivered} messages delivered, {swept} parts deleted"
    );
    let minimum = usize::try_from(seeds).unwrap();
    assert!(accepted > 10 * minimum && delivered > 10 * minimum && swept > 10 * minimum);
}

fn users() -> Subject {
    let (tenant, app) = (TenantId::parse("t").unwrap(), AppId::parse("a").unwrap());
    Subject::Users(InstanceId::parse("i").ok(), tenant, app)
}

fn departments() -> Subject {
    Subject::Departments(InstanceId::parse("i").ok(), TenantId::parse("t").unwrap())
}

impl Lists {
    fn new(seed: u64) -> Self {
        let koohook = Arc::new(Koohook::serving(&PAGES, Remembering::default(), &SETTINGS));
        let product = ScriptedProduct::of(koohook.world(), |_| ACCEPTS);
        Self { seed, chance: Chance(seed), koohook, product, trace: Vec::new() }
    }

    /// Sends one call, after other events. Returns whether it was accepted.
    fn step(&mut self) -> bool {
        let span = *self.chance.pick(&[3_000, 3_000, 60_000, 3_600_000, 3 * 3_600_000]);
        self.koohook.world().pass(Duration::from_millis(self.chance.below(span)));
        self.change_mood();
        if self.chance.one_in(2) {
            self.relays_run();
        }
        let lag = if self.chance.one_in(3) { self.chance.below(60) } else { 0 };
        self.koohook.world().lag(Duration::from_millis(lag));
        let (page, body) = self.new_call();
        let accepted = self.deliver(page, &body);
        self.koohook.world().lag(Duration::ZERO);
        self.check_parts();
        accepted
    }

    fn change_mood(&mut self) {
        let mut chance = Chance(self.chance.draw());
        let is_bad = chance.one_in(3);
        self.product.meets(self.koohook.world(), move |_| match chance.below(8) {
            _ if !is_bad => ACCEPTS,
            0 => Mood::Refuses(410, ""),
            1 | 2 => HANGS,
            3 | 4 => Mood::LosesReply,
            5 => Mood::Refuses(503, ""),
            _ => Mood::NotReached,
        });
    }

    fn new_call(&mut self) -> (&'static str, Json) {
        let now = self.koohook.world().now_millis();
        let at = time::in_china(now - self.chance.below(4) * 1_000);
        let mut body = json!({
            "instanceId": "i", "tenantId": "t", "appId": "a", "testFlag": 0,
            "timeStamp": at, "currentSyncTime": at,
        });
        let name = ["A", "B"][self.chance.place(2)];
        let from = self.chance.below(PEOPLE);
        match self.chance.below(6) {
            0 => {
                let department =
                    |code: u64| json!({ "orgCode": code.to_string(), "orgName": name });
                body["orgInfoList"] = (from..from + 700).map(department).collect();
                ("allOrgSync", body)
            }
            1 => {
                body["orgCode"] = from.to_string().into();
                body["orgName"] = name.into();
                body["flag"] = self.chance.below(3).into();
                ("singleOrgSync", body)
            }
            _ => {
                let count = *self.chance.pick(&[1, 20, 400]);
                let person = |number: u64| json!({ "userName": number.to_string(), "name": name });
                body["userList"] = (from..from + count).map(person).collect();
                body["flag"] = self.chance.below(4).into();
                ("authSync", body)
            }
        }
    }

    fn plan(&mut self) -> Vec<StoreFault> {
        if !self.chance.one_in(3) {
            return Vec::new();
        }
        let troubles =
            [StoreFault::None, StoreFault::None, StoreFault::Refused, StoreFault::ReplyLost];
        (0..self.chance.below(30)).map(|_| *self.chance.pick(&troubles)).collect()
    }

    /// Sends a call. Sometimes it is sent first to a process that ends at some point. Returns
    /// whether it was accepted.
    fn deliver(&mut self, page: &'static str, body: &Json) -> bool {
        let koohook = Arc::clone(&self.koohook);
        let send = || {
            let now = koohook.world().now_millis().to_string();
            let body = body.to_string();
            let nonce = kit_v2::sign(KIT_KEY, &now, "", body.as_bytes());
            let request =
                kit_v2::request(ADDRESS, page, KIT_KEY, &now, &nonce, body.as_bytes()).unwrap();
            koohook.answer(request)
        };
        if self.chance.one_in(3) {
            koohook.world().halt_at(self.chance.place(40));
            drop(run_until_halt(koohook.world(), send()));
        }
        let plan = self.plan();
        koohook.store().plan(plan.iter().copied());
        // A relay in another process may run concurrently with the call.
        let relay = || Relay::new(koohook.endpoint.context(), Duration::from_secs(20)).run();
        let kind = self.chance.below(4);
        let response = match kind {
            0 => run(join(send(), relay())).0,
            // The process and its clock are suspended for longer than the rest time of unused
            // parts.
            1 => {
                let world = koohook.world();
                run_perhaps_paused(world, self.chance.place(40), send(), || {
                    world.set_now(world.now_millis() + self.chance.below(3 * 3_600_000));
                    run(relay()).unwrap();
                })
            }
            _ => run(send()),
        };
        koohook.store().plan([]);
        let code = simulator::answer::Answer::read(&response).unwrap().code;
        self.trace.push(format!("{code} {page}, store {plan:?}"));
        assert!(["000000", "000005"].contains(&code.as_str()), "{code}");
        // While the process was suspended, the call's deadline may have passed.
        assert!(
            code == "000000" || !plan.is_empty() || kind == 1,
            "the call failed without a fault"
        );
        code == "000000"
    }

    fn relays_run(&mut self) {
        let koohook = Arc::clone(&self.koohook);
        let (world, context) = (koohook.world(), koohook.endpoint.context());
        let budget = Duration::from_secs(*self.chance.pick(&[4, 8, 25, 60]));
        let relay = || Relay::new(context, budget).run();
        let (now, began) = (world.now_millis(), World::elapsed(world));
        let jump = *self.chance.pick(&[0, 0, 0, 2 * 3_600_000, -2 * 3_600_000, 400 * 86_400_000]);
        let plan = self.plan();
        world.set_now(now.saturating_add_signed(jump));
        let point = if self.chance.one_in(2) { self.chance.place(300) } else { usize::MAX };
        world.halt_at(point);
        koohook.store().plan(plan.iter().copied());
        let done = match self.chance.one_in(3) {
            false => run_until_halt(world, relay()).is_some(),
            true => run_until_halt(world, join(relay(), relay())).is_some(),
        };
        koohook.store().plan([]);
        let took = World::elapsed(world) - began;
        world.set_now(now + u64::try_from(took.as_millis()).unwrap());
        assert!(took <= budget, "a run takes more than its time: {took:?} of {budget:?}");
        self.trace.push(format!("relay of {budget:?}, clock {jump:+}, {plan:?}: {done}"));
    }

    /// Without faults, every message must be delivered once and in order, and unused parts must be
    /// deleted. Returns the numbers of messages and of deleted parts.
    fn calm_down(&mut self) -> (usize, usize) {
        self.product.meets(self.koohook.world(), |_| ACCEPTS);
        for _ in 0..20 {
            self.koohook.world().pass(Duration::from_mins(10));
            run(Relay::new(self.koohook.endpoint.context(), Duration::from_secs(25)).run())
                .unwrap();
        }
        self.check_parts();
        let mut referred = BTreeSet::new();
        for list in [users(), departments()] {
            let (names, unused) = self.referred(&list);
            assert_eq!(unused, BTreeSet::new(), "invariant 18: an unused part remains");
            let waiting = self.kept(&list.key()).map(|kept| kept.outbox.waiting);
            assert_eq!(waiting.unwrap_or_default(), [], "invariant 18: a notice waits forever");
            referred.extend(names.into_iter().map(|name| part_key(&list.key(), name)));
        }
        let written = self.koohook.store().inner().parts.lock().unwrap().clone();
        let stored: BTreeSet<_> =
            written.iter().filter(|key| self.bytes(key).is_some()).cloned().collect();
        assert_eq!(stored, referred, "E1a: an unused part remains");
        self.check_order_of_messages();
        (self.product.effects().len(), written.len() - stored.len())
    }
}
