//! The scene of a history: what was bought, what the marketplace knows, and which dangers there are.

use std::time::Duration;

use protocol::time::UnixMillis;
use simulator::answer::Answer;
use simulator::usage::{BillingCycle, CodePrefix, InstanceChecks, SimulatedInstance};
use tests::call::{APP_INFO, BASE_KEY, PRODUCT_SECRET, koohook, run};
use tests::chance::Chance;
use tests::log::Log;

use super::market::Market;
use super::processes::{Dangers, Processes};
use super::{DAY, HOUR, HistoryNotes, MINUTE, PROCESSES, UsageSimulation};
use crate::usage::calls::Reported;

/// An instance of koohook.
#[derive(Clone, Debug)]
pub struct SoldInstance {
    pub id: String,
    pub contract_is_v1: bool,
    pub order: String,
    pub bought_at: u64,
    pub released_at: Option<u64>,
    /// Whether it is pay-per-use, or of unknown mode.
    pub has_usage: bool,
}

/// The base key after a change.
pub const NEW_KEY: &str = "constructed-base-key-0002";
/// A package that windows name.
pub const PACKAGE: &str = "made-up-package-1";

type Settings = Vec<(&'static str, &'static str)>;

/// The settings of a process, before or after its base key was changed.
pub fn settings(is_daily: bool, has_new_key: bool) -> Settings {
    let keys: &[_] = if has_new_key {
        &[("KOOHOOK_BASE_KEY", NEW_KEY), ("KOOHOOK_BASE_KEY_PREVIOUS", BASE_KEY)]
    } else {
        &[("KOOHOOK_BASE_KEY", BASE_KEY)]
    };
    let cycle = if is_daily { "daily" } else { "hourly" };
    let others = [
        ("KOOHOOK_APP_INFO", APP_INFO),
        ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
        ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_STORE", "memory:"),
        ("KOOHOOK_OPENAPI_HOST", "https://mkt.example.com"),
        ("KOOHOOK_USAGE_CYCLE", cycle),
    ];
    [keys, others.as_slice()].concat()
}

/// When histories begin: on a usual day, before midnight in UTC and in Beijing, and around a leap day.
const BEGINS: [&str; 6] = [
    "20261005210927",
    "20261231234500",
    "20260630154000",
    "20280228155000",
    "20280229012000",
    "20280229233000",
];

impl UsageSimulation {
    pub(super) fn new(seed: u64, log: Log) -> Self {
        let mut chance = Chance(seed);
        let is_daily = chance.one_in(3);
        let koohook = koohook(&settings(is_daily, false));
        let store = koohook.store().inner().clone();
        let begin = UnixMillis::from_utc_digits(chance.pick::<&str>(&BEGINS)).unwrap().millis();
        koohook.world().set_now(begin - 40 * DAY);
        let market = Market::new(seed, store.clone());
        let instances = bought(&koohook, &market, &mut chance);
        koohook.world().set_now(begin + chance.below(20 * MINUTE));
        let processes =
            Processes::new(koohook, PROCESSES, market.clone(), &settings(is_daily, false));
        set_rules(&market, is_daily, &mut chance);
        let has_wrong_clocks = chance.one_in(3);
        let dangers = Dangers {
            dies: chance.one_in(2),
            freezes: chance.one_in(3).then_some(Duration::from_mins(4)),
            store_fails: chance.one_in(3),
        };
        Self {
            seed,
            chance,
            store,
            market,
            processes,
            instances,
            dangers,
            has_wrong_clocks,
            notes: HistoryNotes::default(),
            is_daily,
            has_new_key: [false; PROCESSES],
            log,
            trace: vec![format!("daily {is_daily}, wrong clocks {has_wrong_clocks}, {dangers:?}")],
        }
    }

    /// The settings of a process now.
    pub(super) fn settings_of(&self, process: usize) -> Settings {
        settings(self.is_daily, self.has_new_key[process])
    }
}

/// Buys instances: of V1 and of V2, some long ago and some just before the history begins, and one
/// that has a period. The last one is for the quiet time. The marketplace may not know some of them
/// yet, and one may be another seller's.
fn bought(koohook: &Reported, market: &Market, chance: &mut Chance) -> Vec<SoldInstance> {
    let count = 1 + chance.below(8);
    let mut instances = Vec::new();
    for number in 0..count + 2 {
        let is_v1 = chance.one_in(2) || number == count;
        let mode = if number == count { "1" } else { "0" };
        let recent = 39 * DAY + 23 * HOUR + chance.below(HOUR);
        let ago = if chance.one_in(4) && number < count { recent } else { MINUTE };
        let now = koohook.world().now_millis();
        koohook.world().set_now(now + ago);
        let order = format!("CS{number}");
        let id = buy(koohook, &order, is_v1, mode);
        koohook.world().set_now(now);
        let has_usage = mode == "0";
        let bought_at = now + ago;
        let known = SimulatedInstance::new(&id, bought_at);
        // One that the marketplace does not know yet, and one of another seller.
        let is_known = number >= count || !chance.one_in(6);
        let ours = number >= count || !chance.one_in(10);
        if is_known && has_usage {
            market.lock().marketplace.know(SimulatedInstance { ours, ..known });
        }
        instances.push(SoldInstance {
            id,
            contract_is_v1: is_v1,
            order,
            bought_at,
            released_at: None,
            has_usage,
        });
    }
    market.lock().marketplace.know(SimulatedInstance::package(PACKAGE, 0));
    instances
}

fn buy(koohook: &Reported, order: &str, is_v1: bool, mode: &str) -> String {
    let line = format!("{order}-1");
    let v1 = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("customerId", "made-up-customer"),
        ("orderId", order),
        ("productId", "OFFI-made-up"),
        ("chargingMode", mode),
    ];
    let v2 = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", &line),
    ];
    let Answer { code, .. } =
        run(async { if is_v1 { koohook.v1(&v1).await } else { koohook.v2(&v2).await } });
    assert!(["000000", "000004"].contains(&code.as_str()), "{code}");
    let (line, product) = if is_v1 {
        (None, Some("OFFI-made-up").filter(|_| mode == "0"))
    } else {
        (Some(line.as_str()), None)
    };
    domain::instance::id::derive(order, line, product).to_string()
}

fn set_rules(market: &Market, is_daily: bool, chance: &mut Chance) {
    let mut market = market.lock();
    let rules = market.marketplace.rules_mut();
    rules.billing = if is_daily { BillingCycle::Daily } else { BillingCycle::Hourly };
    rules.max_records = *chance.pick(&[1_000, 1_000, 100, 3]);
    rules.prefix = *chance.pick(&[CodePrefix::Mkt, CodePrefix::Cbc]);
    if chance.one_in(2) {
        rules.checks = InstanceChecks::InBackground;
        rules.record_codes_in_answer = true;
    }
    market.bad_weather = *chance.pick(&[None, Some(8), Some(3), Some(2)]);
}
