//! Lists of people and departments, by chance: calls that repeat, race a relay, end anywhere, over
//! a store that fails and lags; relays with little time, whose clock jumps, and sweeps that end
//! anywhere. After every step each part that a list refers to can be read; once all is calm
//! everything was told once, in order, and nothing is stored that nobody refers to.

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
use tests::world::Trouble;

use self::remembering::Remembering;
use crate::kit::PAGES;

/// How many runs there are if nobody says; about ten seconds.
const SEEDS: u64 = 25;
/// How many calls a run delivers.
const STEPS: usize = 30;
/// How many people there are: enough that an index has parts.
const PEOPLE: u64 = 1_400;
const KIT_KEY: &str = "constructed-kit-key-0002";

const SETTINGS: [(&str, &str); 5] = [
    ("KOOHOOK_KIT_KEY", KIT_KEY),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];
const TAKES: Mood = Mood::Answers(Duration::ZERO, 200, "{}");

struct Lists {
    seed: u64,
    chance: Chance,
    koohook: Arc<Koohook<Remembering>>,
    product: ScriptedProduct,
    trace: Vec<String>,
}

impl Drop for Lists {
    #[expect(clippy::print_stdout, reason = "a failure that cannot be run again is lost")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}\n{}", self.seed, self.trace.join("\n"));
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what was played is worth knowing")]
fn whatever_happens_to_lists_all_is_told_once_and_nothing_is_left_behind() {
    if std::env::var_os("KOOHOOK_TEST_STORE").is_some() {
        // Which parts a real store holds is not to be seen from here.
        return;
    }
    let asked = |name, or| std::env::var(name).map_or(or, |seeds| seeds.parse().unwrap());
    let first: u64 = asked("KOOHOOK_SIMULATION_FIRST", 0);
    let seeds: u64 = asked("KOOHOOK_SIMULATION_SEEDS", SEEDS);
    let (mut accepted, mut told, mut swept) = (0, 0, 0);
    for seed in first..first + seeds {
        let mut lists = Lists::new(seed);
        (0..STEPS).for_each(|_| accepted += usize::from(lists.step()));
        let (messages, gone) = lists.calm_down();
        told += messages;
        swept += gone;
    }
    println!("{seeds} runs: {accepted} calls accepted, {told} messages told, {swept} parts let go");
    let least = usize::try_from(seeds).unwrap();
    assert!(accepted > 10 * least && told > 10 * least && swept > 10 * least);
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
        let product = ScriptedProduct::of(koohook.world(), |_| TAKES);
        Self { seed, chance: Chance(seed), koohook, product, trace: Vec::new() }
    }

    /// One call, and what happens before it; whether the call was accepted.
    fn step(&mut self) -> bool {
        let span = *self.chance.pick(&[3_000, 3_000, 60_000, 3_600_000, 3 * 3_600_000]);
        self.koohook.world().pass(Duration::from_millis(self.chance.below(span)));
        self.change_mood();
        if self.chance.one_in(2) {
            self.relays_run();
        }
        let lag = if self.chance.one_in(3) { self.chance.below(60) } else { 0 };
        self.koohook.world().lag(Duration::from_millis(lag));
        let (page, body) = self.newly_made();
        let accepted = self.deliver(page, &body);
        self.koohook.world().lag(Duration::ZERO);
        self.hold_parts();
        accepted
    }

    fn change_mood(&mut self) {
        let mut chance = Chance(self.chance.draw());
        let is_bad = chance.one_in(3);
        self.product.meets(self.koohook.world(), move |_| match chance.below(8) {
            _ if !is_bad => TAKES,
            0 => Mood::Refuses(410, ""),
            1 | 2 => HANGS,
            3 | 4 => Mood::LosesReply,
            5 => Mood::Refuses(503, ""),
            _ => Mood::NotReached,
        });
    }

    fn newly_made(&mut self) -> (&'static str, Json) {
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

    fn plan(&mut self) -> Vec<Trouble> {
        if !self.chance.one_in(3) {
            return Vec::new();
        }
        let troubles = [Trouble::None, Trouble::None, Trouble::Refused, Trouble::ReplyLost];
        (0..self.chance.below(30)).map(|_| *self.chance.pick(&troubles)).collect()
    }

    /// Sends a call, perhaps twice, once to a process that ends anywhere; whether it was accepted.
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
        // A relay of another process' may be at it beside the call.
        let relay = || Relay::new(koohook.endpoint.context(), Duration::from_secs(20)).run();
        let kind = self.chance.below(4);
        let response = match kind {
            0 => run(join(send(), relay())).0,
            // The process is frozen, its own clock with it, for longer than parts rest.
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
        // While it was frozen its time may have run out.
        assert!(code == "000000" || !plan.is_empty() || kind == 1, "failed for no reason");
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
        assert!(took <= budget, "a run outlasts its time: {took:?} of {budget:?}");
        self.trace.push(format!("relay of {budget:?}, clock {jump:+}, {plan:?}: {done}"));
    }

    /// Once nothing fails any more all is told, in order, each message once; and what nobody refers
    /// to is let go. How many messages, and how many parts.
    fn calm_down(&mut self) -> (usize, usize) {
        self.product.meets(self.koohook.world(), |_| TAKES);
        for _ in 0..20 {
            self.koohook.world().pass(Duration::from_mins(10));
            run(Relay::new(self.koohook.endpoint.context(), Duration::from_secs(25)).run())
                .unwrap();
        }
        self.hold_parts();
        let mut referred = BTreeSet::new();
        for list in [users(), departments()] {
            let (names, unused) = self.referred(&list);
            assert_eq!(unused, BTreeSet::new(), "I18: unused for ever");
            let waiting = self.kept(&list.key()).map(|kept| kept.outbox.waiting);
            assert_eq!(waiting.unwrap_or_default(), [], "I18: something waits for ever");
            referred.extend(names.into_iter().map(|name| part_key(&list.key(), name)));
        }
        let ever = self.koohook.store().inner().parts.lock().unwrap().clone();
        let stored: BTreeSet<_> =
            ever.iter().filter(|key| self.bytes(key).is_some()).cloned().collect();
        assert_eq!(stored, referred, "E1a: a part that nobody refers to");
        self.hold_told();
        (self.product.effects().len(), ever.len() - stored.len())
    }
}
