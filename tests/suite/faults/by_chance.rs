//! Purchases and their later calls under faults that chance draws.

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
    FREEZE, Host, PURCHASE, Place, RELEASE, RENEWAL, SEEDS, THAW, deliver, fresh_order, id_of,
    instance, members, now, signed,
};

// By chance.

/// How many hosts serve one seller, how many callers each has, and what these do.
const HOSTS: u64 = 3;
const CALLERS: u64 = 2;
const CALLS: usize = 40;
/// How many purchases there are, and how many renewals of each: few, so that callers meet.
const PURCHASES: usize = 6;
const RENEWALS: u64 = 8;

/// One seed's lives, as the callers see them.
struct Lives<'a> {
    place: &'a Place,
    orders: Vec<String>,
    /// Renewals that were acknowledged and stood: by purchase and order.
    renewed: Mutex<BTreeSet<(usize, String)>>,
    codes: Mutex<BTreeMap<String, usize>>,
}

/// A run's seed, said where it fails.
struct Seed(u64);

impl Drop for Seed {
    #[expect(clippy::print_stdout, reason = "a failure that cannot be run again is lost")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}", self.0);
        }
    }
}

impl Lives<'_> {
    /// Delivers calls by chance to one host, and holds each answer against what then stands.
    fn call(&self, host: &Host, mut chance: Chance) {
        for _ in 0..CALLS {
            let about = chance.place(PURCHASES);
            let name = match chance.below(16) {
                0..=3 => PURCHASE,
                4..=9 => RENEWAL,
                10..=12 => FREEZE,
                13 | 14 => THAW,
                _ if chance.one_in(3) => RELEASE,
                _ => RENEWAL,
            };
            let later = format!("R{}", chance.below(RENEWALS));
            let at = now();
            let call = signed(at, &members(name, &self.orders[about], &later));
            let answer = deliver(&host.koohook, &call);
            *self.codes.lock().unwrap().entry(answer.code.clone()).or_default() += 1;
            self.hold(about, name, &later, at, &answer);
        }
    }

    fn hold(&self, about: usize, name: &str, later: &str, at: UnixMillis, answer: &Answer) {
        let order = &self.orders[about];
        let codes = ["000000", "000003", "000005"];
        assert!(codes.contains(&answer.code.as_str()), "{answer:?}");
        if let Some(id) = &answer.instance_id {
            assert_eq!(*id, id_of(order).to_string(), "I1, I2");
        }
        if answer.code != "000000" {
            return;
        }
        self.place.standing(order);
        let kept = self.place.kept(order).expect("I8: success, and nothing is there");
        let Instance { state, newest, .. } = instance(&kept);
        let stands = match name {
            PURCHASE => true,
            RENEWAL if renewals(&kept).any(|renewal| renewal == later) => {
                self.renewed.lock().unwrap().insert((about, later.to_owned()));
                true
            }
            RENEWAL => newest.refresh >= Some(at),
            FREEZE | THAW => newest.status >= Some(at) || *state == InstanceState::Released,
            _ => *state == InstanceState::Released,
        };
        assert!(stands, "I8: {name} of {order}, and it is not there");
    }

    /// By a healthy way all is as it should be, and nothing that was acknowledged is gone.
    fn hold_the_end(&self, host: &Host) {
        host.way.pass();
        for (about, order) in self.orders.iter().enumerate() {
            let bought = deliver(&host.koohook, &signed(now(), &members(PURCHASE, order, "")));
            assert_eq!(bought.code, "000000");
            assert_eq!(bought.instance_id, Some(id_of(order).to_string()), "I2");
            self.place.standing(order);
            let kept = self.place.kept(order).unwrap();
            hold_edges(&kept);
            let told: Vec<_> = renewals(&kept).collect();
            let distinct: BTreeSet<_> = told.iter().copied().collect();
            assert_eq!(told.len(), distinct.len(), "I4: a renewal is told twice");
            for (_, later) in self.renewed.lock().unwrap().iter().filter(|(at, _)| *at == about) {
                assert!(distinct.contains(later.as_str()), "I7: a renewal was overwritten");
            }
        }
    }
}

/// The orders that renewed, as they are told.
pub(super) fn renewals(kept: &EntityRecord) -> impl Iterator<Item = &str> {
    let renewed = kept.outbox.waiting.iter().filter(|notice| notice.kind == NoticeType::Renewed);
    renewed.map(|notice| notice.data["orderId"].as_str().unwrap())
}

/// I12: what is told is a life.
fn hold_edges(kept: &EntityRecord) {
    let mut state = "absent";
    for notice in &kept.outbox.waiting {
        state = match (notice.kind, state) {
            (NoticeType::Created, "absent") | (NoticeType::Thawed, "frozen") => "active",
            (NoticeType::Frozen, "active") => "frozen",
            (NoticeType::Released, "active" | "frozen") => "released",
            (NoticeType::Renewed, "active" | "frozen") => state,
            (kind, state) => panic!("I12: {kind:?} of what is {state}"),
        };
    }
    assert_eq!(state, instance(kept).state.as_str(), "I12");
}

/// Runs a seed to its end; the answers' codes, and how many exchanges there were.
fn lived(place: &Place, seed: u64) -> (BTreeMap<String, usize>, usize) {
    let _said = Seed(seed);
    let mut chance = Chance(seed);
    let orders = (0..PURCHASES).map(|_| fresh_order()).collect();
    let lives = Lives { place, orders, renewed: Mutex::default(), codes: Mutex::default() };
    let hosts: Vec<_> = (0..HOSTS).map(|_| place.host()).collect();
    std::thread::scope(|scope| {
        for host in &hosts {
            let mut faults = Chance(chance.draw());
            host.way.treat(move |_| Treatment::drawn(&mut faults));
            for _ in 0..CALLERS {
                let (lives, own) = (&lives, Chance(chance.draw()));
                scope.spawn(move || lives.call(host, own));
            }
        }
    });
    let exchanges = hosts.iter().map(|host| host.way.exchanges().len()).sum();
    hosts.iter().for_each(|host| lives.hold_the_end(host));
    (lives.codes.into_inner().unwrap(), exchanges)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn lives_under_faults_by_chance_keep_every_invariant() {
    let Some(place) = Place::new(Server::Redis) else { return };
    let asked = std::env::var("KOOHOOK_FAULT_SEEDS");
    let seeds = asked.map_or(SEEDS, |seeds| seeds.parse().expect("a number of seeds"));
    let mut all: BTreeSet<String> = BTreeSet::new();
    for seed in 0..seeds {
        let begun = Instant::now();
        let (codes, exchanges) = lived(&place, seed);
        println!("seed {seed}: {codes:?}, {exchanges} exchanges, {:?}", begun.elapsed());
        all.extend(codes.into_keys());
    }
    // Where nothing fails, nothing is shown.
    assert!(all.contains("000000") && all.contains("000005"), "{all:?}");
}
