//! What one run of the relay has time for (decisions E1a, E4): a slow product holds up its own
//! notice alone, an attempt is begun only with its full time, and everything ends.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use domain::instance::ClockTrust;
use domain::outbox::{MIN_ATTEMPTS, Reader};
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use shell::relay::RelayError;
use shell::store::memory::Memory;
use shell::store::{Entry, Put, Queue, Store, Stored, Unavailable, Value, Version};
use tests::call::{Koohook, TOLD, run_paused, run_until_halt};
use tests::product::{HANGS, Mood, Product, READY, Told};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn after(span: Duration) -> Mood {
    let answer = r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i"}}"#;
    Mood::Answers(span, 200, answer)
}

fn run_for(koohook: &Bundled, budget: Duration) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), budget).run()).unwrap()
}

/// When each order was told, in order.
fn orders(product: &Product) -> Vec<String> {
    let order = |told: &Told| told.body["data"]["orderId"].as_str().unwrap_or("-").to_owned();
    product.told().iter().map(order).collect()
}

/// So many notices about one instance, each of them told in three seconds.
fn talkative(koohook: &Bundled, order: &str, notices: usize) {
    buy(koohook, order);
    for number in 1..notices {
        let status = if number % 2 == 1 { "FREEZE" } else { "UNFREEZE" };
        assert_eq!(set_status(koohook, &id(order), status), "000000");
    }
}

#[test]
fn a_few_notices_are_one_turn_and_then_others_have_theirs() {
    let koohook = relayed();
    let product = Product::of(koohook.world(), |_| READY);
    talkative(&koohook, "CS1", 12);
    for number in 0..200 {
        buy(&koohook, &format!("CV{number}"));
    }
    relay(&koohook);
    let told = product.told();
    let place = |told: &[Told], sequence: u64| {
        told.iter()
            .position(|it| it.subject() == format!("{}//", id("CS1")) && it.sequence() == sequence)
    };
    let (fourth, fifth) = (place(&told, 4).unwrap(), place(&told, 5).unwrap());
    assert!(fifth - fourth > 100, "the others waited for {fourth} and {fifth}");
    assert_eq!(product.effects().len(), 212);
}

/// What becomes due while a run works is told by that run.
#[test]
fn a_purchase_that_comes_while_a_run_works_is_told_in_it() {
    let koohook = Arc::new(relayed());
    talkative(&koohook, "CS1", 8);
    let bought = Cell::new(false);
    let bought = Arc::new(Mutex::new(bought));
    let other = Arc::clone(&koohook);
    let product = Product::of(koohook.world(), move |_| {
        if !bought.lock().unwrap().replace(true) {
            assert_eq!(buy(&other, "CS2").code, "000004");
        }
        after(3 * SECOND)
    });
    assert_eq!(run_for(&koohook, 60 * SECOND).delivered, 9);
    let orders = orders(&product);
    let victim = orders.iter().position(|order| order == "CS2").unwrap();
    assert!(victim < 6, "told behind {victim} of the others: {orders:?}");
}

#[test]
fn an_attempt_is_begun_only_with_its_full_time_and_a_run_without_time_is_refused() {
    for (budget, told) in [(4, true), (5, true), (11, true), (60, true)] {
        let koohook = relayed();
        buy(&koohook, "CS1");
        let patience = (budget - 2).min(10) * 1_000;
        let product = Product::of(koohook.world(), move |_| after(millis(patience - 1)));
        assert_eq!(run_for(&koohook, Duration::from_secs(budget)).delivered, usize::from(told));
        assert_eq!(product.told().len(), 1, "{budget}");
    }
    let koohook = relayed();
    buy(&koohook, "CS1");
    let product = Product::of(koohook.world(), |_| READY);
    let short = Relay::new(koohook.endpoint.context(), millis(3_999)).run();
    assert_eq!(run(short), Err(RelayError::TooShort));
    assert_eq!(product.told().len(), 0);
}

/// A notice that the run had no time for is not tried, not counted, and next run's first.
#[test]
fn what_a_run_has_no_time_for_counts_no_attempt() {
    let koohook = relayed();
    talkative(&koohook, "CS1", 4);
    let product = Product::of(koohook.world(), |_| after(millis(900)));
    let report = run_for(&koohook, 4 * SECOND);
    assert!(report.unfinished && report.failed == 0, "{report:?}");
    assert!((1..4).contains(&report.delivered));
    let outbox = outbox(&koohook, &id("CS1"));
    assert!(outbox.delivery.is_none_or(|trial| trial.count == 0 && trial.claimed.is_none()));
    for _ in 0..4 {
        run_for(&koohook, 4 * SECOND);
    }
    assert_eq!(product.told().len(), 4, "each once");
}

/// One answer in vain mutes first attempts, but not those that only the product can make a success.
#[test]
fn a_v1_purchase_without_a_template_waits_for_a_product_that_kept_another_waiting() {
    for (template, told) in [(false, 2), (true, 1)] {
        let mut settings = TOLD.to_vec();
        if template {
            settings.push(("KOOHOOK_APP_INFO", tests::call::APP_INFO));
        }
        let koohook = koohook(&settings);
        let product = Product::of(koohook.world(), |_| HANGS);
        buy(&koohook, "CS1");
        product.meets(koohook.world(), |_| READY);
        assert_eq!(buy_v1(&koohook, "CS2").code, "000000");
        assert_eq!(product.told().len(), told);
    }
}

// Giving up (decisions E4, D12).

/// A process that dies at every single attempt settles nothing; the notice is given up all the same.
#[test]
fn a_notice_whose_every_attempt_dies_is_given_up_in_the_end() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    Product::of(koohook.world(), |_| READY);
    let mut runs = 0;
    while outbox(&koohook, &id("CS1")).dead.is_empty() {
        koohook.world().pass(Duration::from_hours(4));
        // The agendas, the value, and its one write; then the process ends.
        koohook.world().halt_at(BEHIND_WRITE);
        let relay = Relay::new(koohook.endpoint.context(), 50 * SECOND).run();
        assert_eq!(run_until_halt(koohook.world(), relay), None, "each run dies");
        runs += 1;
        assert!(runs < 100, "it goes on for ever");
    }
    assert_eq!(runs, MIN_ATTEMPTS + 1, "20 claims, 4 hours apart, and the run that gives up");
    let outbox = outbox(&koohook, &id("CS1"));
    assert_eq!((outbox.dead.len(), outbox.waiting.len()), (1, 0));
    let trial = &outbox.dead[0].delivery;
    assert_eq!((trial.count, &*trial.attempts.last().unwrap().fault), (20, "outcome unknown"));
}

/// Four agendas, a value, and a write, each with the point before and the point behind it.
const BEHIND_WRITE: usize = 2 * 6 - 1;

/// A relay that was off for a week has made no twenty attempts.
#[test]
fn time_alone_gives_nothing_up() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    Product::of(koohook.world(), |_| Mood::Refuses(503, ""));
    for attempt in 1..=MIN_ATTEMPTS {
        let report = relay(&koohook);
        let last = attempt == MIN_ATTEMPTS;
        assert_eq!((report.failed, report.dead), (usize::from(!last), usize::from(last)));
        koohook.world().pass(Duration::from_hours(24 * 7));
    }
}

/// The store tells another time than we do: nothing is decided by ours.
#[test]
fn a_clock_that_the_store_contradicts_gives_nothing_up() {
    for (apart, given_up) in [(0, true), (300_000, true), (300_001, false), (-300_001, false)] {
        let koohook = Koohook::over(Clocked::new(apart), &PENDING_V1);
        Product::of(koohook.world(), |_| Mood::Refuses(503, ""));
        assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
        let (mut abandoned, mut dead) = (0, 0);
        for _ in 0..90 {
            let report = relay(&koohook);
            abandoned += report.abandoned;
            dead += report.dead;
            koohook.world().pass(Duration::from_mins(61));
        }
        let both = usize::from(given_up);
        // The purchase is abandoned, its end is told in vain.
        assert_eq!((abandoned, dead), (both, both), "{apart} ms apart");
    }
}

const PENDING_V1: [(&str, &str); 5] = tests::call::PENDING;

/// A store with a clock of its own.
struct Clocked {
    inner: Memory,
    apart: i64,
}

impl Clocked {
    fn new(apart: i64) -> Self {
        Self { inner: Memory::new(), apart }
    }
}

impl Store for Clocked {
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

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        Some(UnixMillis::new(now.millis().checked_add_signed(self.apart).unwrap()))
    }
}

// Pauses that the product asks for (decision E4).

#[test]
fn a_product_may_ask_for_a_longer_pause_and_never_for_a_shorter_one() {
    // A date is by the test world's calendar: a minute, a day, and an hour ago.
    for (asked, pause) in [
        ("60", 60),
        ("3", 5),
        ("86400", 3_600),
        ("Mon, 05 Oct 2026 21:10:27 GMT", 60),
        ("Tue, 06 Oct 2026 21:09:27 GMT", 3_600),
        ("Mon, 05 Oct 2026 20:09:27 GMT", 5),
        ("soon", 5),
        ("-1", 5),
        ("", 5),
    ] {
        for status in [429, 503] {
            let koohook = relayed();
            buy(&koohook, "CS1");
            World::web(koohook.world()).answer(move |_| {
                let response = http::Response::builder().status(status);
                let response = response.header("Retry-After", asked);
                Ok(response.body(bytes::Bytes::new()).unwrap())
            });
            let now = koohook.world().now_millis();
            assert_eq!(relay(&koohook).failed, 1);
            let next = outbox(&koohook, &id("CS1")).delivery.unwrap().next.millis();
            assert_eq!(next - now, pause * 1_000, "{asked:?}");
        }
    }
}

// What stands on the agenda without a reason.

/// The product's address was taken away while notices waited: what is due is looked at once, and
/// then not again each second.
#[test]
fn without_a_product_nothing_stays_due() {
    let told = relayed();
    for number in 0..40 {
        buy(&told, &format!("CS{number}"));
    }
    let due =
        || run(told.store().inner().agenda(Queue::Due, UnixMillis::EPOCH..=UnixMillis::MAX, 99));
    assert_eq!(due().unwrap().len(), 40);
    let alone = told.another(&tests::call::SETTINGS);
    assert_eq!(relay(&alone), RelayReport::default());
    assert_eq!(alone.store().take_counts(), (40, 40));
    relay(&alone);
    assert_eq!(alone.store().take_counts(), (0, 0));
    assert_eq!(due().unwrap(), []);
}

/// A value on the agenda is due by what it says, whatever put it there.
#[test]
fn a_purchase_that_is_sighted_waits_for_its_second_look_and_is_not_read_meanwhile() {
    let koohook = relayed();
    Product::of(koohook.world(), |_| Mood::Refuses(410, ""));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    relay(&koohook);
    koohook.world().pass(Duration::from_mins(210));
    relay(&koohook);
    koohook.store().take_counts();
    koohook.world().pass(Duration::from_mins(9));
    relay(&koohook);
    assert_eq!(koohook.store().take_counts(), (0, 0));
    koohook.world().pass(Duration::from_mins(1));
    assert_eq!(relay(&koohook).abandoned, 1);
}

/// A relay that pauses between its look and its write finds what a call left, and abandons nothing.
#[test]
fn a_purchase_that_is_settled_while_the_relay_looks_is_not_abandoned() {
    let koohook = relayed();
    Product::of(koohook.world(), |_| Mood::Refuses(503, ""));
    assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
    koohook.world().pass(Duration::from_mins(210));
    relay(&koohook);
    koohook.world().pass(Duration::from_mins(10));
    let run_of = Relay::new(koohook.endpoint.context(), 50 * SECOND).run();
    // Behind its look at the value, before its write.
    let report = run_paused(koohook.world(), BEHIND_WRITE - 2, run_of, || {
        assert_eq!(set_status(&koohook, &id_v1("CS1"), "FREEZE"), "000000");
    });
    assert_eq!(report.unwrap().abandoned, 0);
    let kept: EntityRecord = run(koohook.kept(&id_v1("CS1"))).unwrap();
    let passed = kept.pass(Reader::Product, ClockTrust::Trusted, UnixMillis::MAX);
    assert!(!passed.abandoned);
    assert_eq!(access(&koohook, &id_v1("CS1")), Access::Pending);
}

/// An index that lags behind brings up again what is done: once a run, and not again and again.
#[test]
fn an_agenda_that_lags_behind_makes_no_run_spin() {
    let inner = Memory::new();
    let store = Lagging { inner, seen: Mutex::default() };
    let koohook = Koohook::over(store, &PENDING_V1);
    let product = Product::of(koohook.world(), |_| READY);
    for order in ["CS1", "CS2", "CS3"] {
        buy_v1(&koohook, order);
    }
    koohook.store().take_counts();
    for run in 1..=3 {
        relay(&koohook);
        let (reads, writes) = koohook.store().take_counts();
        assert!(reads <= 9 && writes <= 12, "run {run}: {reads} reads, {writes} writes");
    }
    assert_eq!(product.told().len(), 3);
}

/// A store whose agenda never forgets.
struct Lagging {
    inner: Memory,
    seen: Mutex<Vec<Entry>>,
}

impl Store for Lagging {
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
        self.inner.put(key, value, over, now).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        let entries = self.inner.agenda(queue, span, limit).await?;
        if queue != Queue::Due {
            return Ok(entries);
        }
        let mut seen = self.seen.lock().unwrap();
        for entry in entries {
            if seen.iter().all(|known| known.key != entry.key) {
                seen.push(entry);
            }
        }
        Ok(seen.clone())
    }
}
