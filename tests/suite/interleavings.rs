//! Random scenarios of purchases under both contracts. Calls are duplicated, reordered, rehearsed,
//! late and early. The store fails, and processes end at any point. The product fails, hangs and
//! loses its replies. Callbacks and two relays notify it. The invariants are checked after every
//! step and at the end, when no more faults happen. A seed always produces the same run.
//!
//! `KOOHOOK_SIMULATION_SEEDS` is the number of runs, and `KOOHOOK_SIMULATION_FIRST` is the first
//! seed. Each failure prints its seed and its trace.

mod calls;
mod deliveries;
mod ending;
mod events;
mod invariants;
mod lists;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::entity::Entity;
use domain::instance::{Access, Instance};
use domain::record::EntityRecord;
use protocol::app_info::AppInfo;
use protocol::message::{InstanceId, OrderId};
use protocol::signature::Contract;
use shell::import::Import;
use tests::call::{Bundled, PENDING, SETTINGS, WITH_PRODUCT, koohook, run};
use tests::chance::Chance;
use tests::product::{HANGS, Mood, ProductMessage, READY, ScriptedProduct};

use crate::lifecycle::Callback;

/// The number of runs if it is not set; they need about ten seconds.
const SEEDS: u64 = 40;
/// The number of calls in a run.
const STEPS: usize = 80;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The purchases of a run.
const PURCHASES: [(Contract, &str); 5] = [
    (Contract::V1, "CS1"),
    (Contract::V1, "CS2"),
    (Contract::V2, "CS1"),
    (Contract::V2, "CS2"),
    (Contract::V1, "CS3"),
];
/// The purchase that an older server created under its own ID. A command imports it at some time,
/// while calls arrive.
const IMPORTED: usize = 4;
const LEGACY_ID: &str = "older-0003";
/// The settings that processes are started with, whether callbacks notify the product, and whether
/// there is a template.
const STARTS: [(Settings, bool, bool); 4] = [
    (&PENDING, false, false),
    (&WITH_PRODUCT, true, false),
    (&PENDING, false, true),
    (&WITH_PRODUCT, true, true),
];

/// Names and values of settings.
type Settings = &'static [(&'static str, &'static str)];

/// One call, stored so that it can be delivered again.
#[derive(Clone)]
struct Call {
    callback: &'static Callback,
    /// The index of its purchase.
    about: usize,
    members: Vec<(String, String)>,
    signed_at: u64,
    rehearsal: bool,
}

/// An order in the simulation's ledger: purchase, callback, order.
type OrderKey = (usize, &'static str, String);

/// A run in progress.
struct Simulation {
    seed: u64,
    chance: Chance,
    koohook: Arc<Bundled>,
    /// The product, if there is one.
    product: Option<ScriptedProduct>,
    /// Whether callbacks notify it, too.
    inline: bool,
    sent: Vec<Call>,
    /// The instance IDs in the answers.
    answered: BTreeMap<usize, String>,
    /// The orders that were carried out.
    carried_out: BTreeSet<OrderKey>,
    /// The purchases that the marketplace paid for, according to the answers (decision D11).
    settled: BTreeSet<usize>,
    /// Whether the import has started, and whether it is paused halfway.
    imported: bool,
    importing: bool,
    trace: Vec<String>,
}

impl Drop for Simulation {
    #[expect(clippy::print_stdout, reason = "a failure needs its seed to be reproduced")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}\n{}", self.seed, self.trace.join("\n"));
        }
    }
}

/// The counts of all runs at their ends.
#[derive(Debug, Default, Eq, PartialEq)]
struct Ended {
    /// Notices that are missing: not delivered, not given up, and not counted as dropped.
    lost: usize,
    /// Additional effects of notices that had more than one.
    doubled: usize,
    /// All effects of notices.
    effects: usize,
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn every_invariant_is_kept_in_random_scenarios() {
    let setting = |name, or| {
        std::env::var(name).map_or(or, |seeds| seeds.parse().expect("a number of seeds"))
    };
    let seeds: u64 = setting("KOOHOOK_SIMULATION_SEEDS", SEEDS);
    let first: u64 = setting("KOOHOOK_SIMULATION_FIRST", 0);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut ended = Ended::default();
    for seed in first..first + seeds {
        let (trace, end) = run_seed(seed);
        ended.lost += end.lost;
        ended.doubled += end.doubled;
        ended.effects += end.effects;
        for line in trace {
            let code = line.split_whitespace().next().unwrap_or_default();
            *codes.entry(code.to_owned()).or_default() += 1;
        }
    }
    // A simulation in which no call succeeds would keep every invariant.
    for code in ["000000", "000003", "000004", "000005", "000106"] {
        assert!(codes.contains_key(code), "{code} was never answered: {codes:?}");
    }
    let Ended { lost, doubled, effects } = ended;
    println!("{seeds} runs, {effects} effects: {lost} notices lost, {doubled} effects doubled");
    assert!(effects > 5 * usize::try_from(seeds).unwrap());
    assert_eq!((lost, doubled), (0, 0), "invariants 3, 4");
}

#[test]
fn a_seed_always_produces_the_same_run() {
    if std::env::var_os("KOOHOOK_TEST_STORE").is_some() {
        // A real store may need several polls for an answer, and the seed does not decide how many.
        return;
    }
    assert_eq!(run_seed(7), run_seed(7));
    assert_ne!(run_seed(7), run_seed(8));
}

/// Runs a seed to its end. Returns its trace and its counts.
fn run_seed(seed: u64) -> (Vec<String>, Ended) {
    let mut simulation = Simulation::new(seed);
    for _ in 0..STEPS {
        simulation.step();
    }
    let ended = simulation.calm_down();
    simulation.check_catalogue();
    (std::mem::take(&mut simulation.trace), ended)
}

/// The product's reaction to a notice: usually an answer, but always a failure if `is_bad`.
fn mood(chance: &mut Chance, is_bad: bool) -> Mood {
    const REFUSES: Mood = Mood::Answers(Duration::ZERO, 200, r#"{"refuse":"000106"}"#);
    const LATER: Mood = Mood::Answers(Duration::ZERO, 202, "");
    const GARBAGE: Mood = Mood::Answers(Duration::ZERO, 200, "<html>");
    if !is_bad && !chance.one_in(3) {
        return chance.pick(&[READY, READY, REFUSES, LATER]).clone();
    }
    match chance.below(20) {
        0 => Mood::Refuses(410, ""),
        1..=5 => HANGS,
        6..=10 => Mood::LosesReply,
        11..=13 => Mood::Refuses(503, ""),
        14 => GARBAGE,
        _ => Mood::NotReached,
    }
}

/// The instance ID in a notice.
fn id_in(notice: &ProductMessage) -> String {
    notice.body["data"]["instanceId"].as_str().unwrap().to_owned()
}

/// The ID that is derived from a purchase.
fn derived_of(about: usize) -> InstanceId {
    let (contract, order) = PURCHASES[about];
    let line = format!("{order}-1");
    let line = Some(line.as_str()).filter(|_| contract == Contract::V2);
    domain::instance::id::derive(order, line, None)
}

/// The instance that an older server created.
fn import() -> Import {
    let info = AppInfo::parse(r#"{"frontEndUrl":"https://older.example.com"}"#).unwrap();
    let (id, order) = (InstanceId::parse(LEGACY_ID).unwrap(), OrderId::parse("CS3").unwrap());
    let instance = Instance::created(id, order, Access::Ready(info));
    Import { instance, derived: derived_of(IMPORTED) }
}

fn instance(kept: Option<&EntityRecord>) -> Option<&Instance> {
    match &kept?.entity {
        Entity::Instance(instance) => Some(instance),
        _ => panic!("the stored entity is not an instance"),
    }
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let settings = [SETTINGS.as_slice(), &PENDING, &WITH_PRODUCT];
        let which = usize::try_from(chance.below(3)).unwrap();
        let koohook = Arc::new(koohook(settings[which]));
        let mut simulation = Self {
            seed,
            chance,
            koohook,
            product: None,
            inline: which == 2,
            sent: Vec::new(),
            answered: BTreeMap::new(),
            carried_out: BTreeSet::new(),
            settled: BTreeSet::new(),
            imported: false,
            importing: false,
            trace: Vec::new(),
        };
        if which > 0 {
            let product = ScriptedProduct::of(simulation.koohook.world(), |_| READY);
            simulation.product = Some(product);
        }
        simulation
    }

    /// The instance ID of a purchase in the store.
    fn id_of(&self, about: usize) -> String {
        let derived = derived_of(about).to_string();
        let entity = run(self.koohook.kept(&derived)).map(|kept| kept.entity);
        match entity {
            Some(Entity::MovedTo(id)) => id.to_string(),
            Some(_) | None => derived,
        }
    }

    fn step(&mut self) {
        self.pass_time();
        let about = self.chance.place(PURCHASES.len());
        if self.product.is_some() && self.chance.one_in(12) {
            self.restart();
        }
        self.change_mood();
        if self.chance.one_in(4) {
            self.relays_run();
            self.check_paid();
        }
        if !self.imported && self.chance.one_in(20) {
            self.import();
        }
        let lag = if self.chance.one_in(4) { self.chance.below(300) } else { 0 };
        self.koohook.world().lag(Duration::from_millis(lag));
        let call = if self.chance.one_in(3) && !self.sent.is_empty() {
            self.sent_before()
        } else {
            self.new_call(about)
        };
        self.sent.push(call.clone());
        self.deliver(&call);
        self.koohook.world().lag(Duration::ZERO);
        self.check_paid();
        self.check_catalogue();
    }
}
