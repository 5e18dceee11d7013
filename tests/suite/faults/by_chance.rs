//! Purchases and later calls under random faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Instant;

use domain::instance::{Instance, InstanceState};
use domain::notice::NoticeType;
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use simulator::answer::Answer;
use tests::chance::Chance;
use tests::fault_proxy::Treatment;
use tests::servers::Server;

use super::{
    FREEZE, Host, PURCHASE, Place, RELEASE, RENEWAL, SEEDS, UNFREEZE, deliver, fresh_order, id_of,
    instance, members, now, signed,
};

/// The hosts of one seller, the callers of each host, and the calls of each caller.
const HOSTS: u64 = 3;
const CALLERS: u64 = 2;
const CALLS: usize = 40;
/// The purchases, and the renewals of each. They are few, so that callers race.
const PURCHASES: usize = 6;
const RENEWALS: u64 = 8;

/// The scenarios of one seed, from the callers' side.
struct Scenarios<'a> {
    place: &'a Place,
    orders: Vec<String>,
    /// Renewals that were acknowledged and stored, by purchase and order.
    renewed: Mutex<BTreeSet<(usize, String)>>,
    codes: Mutex<BTreeMap<String, usize>>,
}

/// Prints a run's seed if the run fails.
struct Seed(u64);

impl Drop for Seed {
    #[expect(clippy::print_stdout, reason = "a failure needs its seed to be reproduced")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}", self.0);
        }
    }
}

impl Scenarios<'_> {
    /// Delivers random calls to one host, and checks each answer against the stored value.
    fn call(&self, host: &Host, mut chance: Chance) {
        for _ in 0..CALLS {
            let about = chance.place(PURCHASES);
            let name = match chance.below(16) {
                0..=3 => PURCHASE,
                4..=9 => RENEWAL,
                10..=12 => FREEZE,
                13 | 14 => UNFREEZE,
                _ if chance.one_in(3) => RELEASE,
                _ => RENEWAL,
            };
            let later = format!("R{}", chance.below(RENEWALS));
            let at = now();
            let call = signed(at, &members(name, &self.orders[about], &later));
            let answer = deliver(&host.koohook, &call);
            *self.codes.lock().unwrap().entry(answer.code.clone()).or_default() += 1;
            self.check_answer(about, name, &later, at, &answer);
        }
    }

    fn check_answer(&self, about: usize, name: &str, later: &str, at: UnixMillis, answer: &Answer) {
        let order = &self.orders[about];
        let codes = ["000000", "000003", "000005"];
        assert!(codes.contains(&answer.code.as_str()), "{answer:?}");
        if let Some(id) = &answer.instance_id {
            assert_eq!(*id, id_of(order).to_string(), "invariants 1, 2");
        }
        if answer.code != "000000" {
            return;
        }
        self.place.stored(order);
        let kept = self.place.kept(order).expect("invariant 8: success without a stored value");
        let Instance { state, newest, .. } = instance(&kept);
        let is_stored = match name {
            PURCHASE => true,
            RENEWAL if renewals(&kept).any(|renewal| renewal == later) => {
                self.renewed.lock().unwrap().insert((about, later.to_owned()));
                true
            }
            RENEWAL => newest.refresh >= Some(at),
            FREEZE | UNFREEZE => newest.status >= Some(at) || *state == InstanceState::Released,
            _ => *state == InstanceState::Released,
        };
        assert!(is_stored, "invariant 8: {name} of {order} was acknowledged but is not stored");
    }

    /// Without faults, every purchase must be complete. No acknowledged write may be lost.
    fn check_end(&self, host: &Host) {
        host.proxy.pass();
        for (about, order) in self.orders.iter().enumerate() {
            let bought = deliver(&host.koohook, &signed(now(), &members(PURCHASE, order, "")));
            assert_eq!(bought.code, "000000");
            assert_eq!(bought.instance_id, Some(id_of(order).to_string()), "invariant 2");
            self.place.stored(order);
            let kept = self.place.kept(order).unwrap();
            check_lifecycle(&kept);
            let sent: Vec<_> = renewals(&kept).collect();
            let distinct: BTreeSet<_> = sent.iter().copied().collect();
            assert_eq!(sent.len(), distinct.len(), "invariant 4: a renewal is sent twice");
            for (_, later) in self.renewed.lock().unwrap().iter().filter(|(at, _)| *at == about) {
                assert!(
                    distinct.contains(later.as_str()),
                    "invariant 7: a renewal was overwritten"
                );
            }
        }
    }
}

/// The orders of the renewals in the outbox.
pub(super) fn renewals(kept: &EntityRecord) -> impl Iterator<Item = &str> {
    let renewed = kept.outbox.waiting.iter().filter(|notice| notice.kind == NoticeType::Renewed);
    renewed.map(|notice| notice.data["orderId"].as_str().unwrap())
}

/// Invariant 12: the notices must be a valid lifecycle.
fn check_lifecycle(kept: &EntityRecord) {
    let mut state = "absent";
    for notice in &kept.outbox.waiting {
        state = match (notice.kind, state) {
            (NoticeType::Created, "absent") | (NoticeType::Thawed, "frozen") => "active",
            (NoticeType::Frozen, "active") => "frozen",
            (NoticeType::Released, "active" | "frozen") => "released",
            (NoticeType::Renewed, "active" | "frozen") => state,
            (kind, state) => panic!("invariant 12: {kind:?} in the state {state}"),
        };
    }
    assert_eq!(state, instance(kept).state.as_str(), "invariant 12");
}

/// Runs a seed. Returns the answers' codes and the number of exchanges.
fn run_seed(place: &Place, seed: u64) -> (BTreeMap<String, usize>, usize) {
    let _on_failure = Seed(seed);
    let mut chance = Chance(seed);
    let orders = (0..PURCHASES).map(|_| fresh_order()).collect();
    let scenarios = Scenarios { place, orders, renewed: Mutex::default(), codes: Mutex::default() };
    let hosts: Vec<_> = (0..HOSTS).map(|_| place.host()).collect();
    std::thread::scope(|scope| {
        for host in &hosts {
            let mut faults = Chance(chance.draw());
            host.proxy.treat(move |_| Treatment::drawn(&mut faults));
            for _ in 0..CALLERS {
                let (scenarios, own) = (&scenarios, Chance(chance.draw()));
                scope.spawn(move || scenarios.call(host, own));
            }
        }
    });
    let exchanges = hosts.iter().map(|host| host.proxy.exchanges().len()).sum();
    hosts.iter().for_each(|host| scenarios.check_end(host));
    (scenarios.codes.into_inner().unwrap(), exchanges)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn scenarios_under_random_faults_keep_every_invariant() {
    let Some(place) = Place::new(Server::Redis) else { return };
    let wanted = std::env::var("KOOHOOK_FAULT_SEEDS");
    let seeds = wanted.map_or(SEEDS, |seeds| seeds.parse().expect("a number of seeds"));
    let mut all: BTreeSet<String> = BTreeSet::new();
    for seed in 0..seeds {
        let begun = Instant::now();
        let (codes, exchanges) = run_seed(&place, seed);
        println!("seed {seed}: {codes:?}, {exchanges} exchanges, {:?}", begun.elapsed());
        all.extend(codes.into_keys());
        place.check_catalogue();
    }
    // A run without a failed call would test nothing.
    assert!(all.contains("000000") && all.contains("000005"), "{all:?}");
}
