//! Lasting trouble does not fill the log: one warning at its start, one a minute, and one line at
//! its end with the count (decision I2). Each offer keeps its own line.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Queue, Store, Stored, Unavailable};
use tests::call::PENDING;
use tests::forward;
use tests::product::{HANGS, Mood, READY, ScriptedProduct};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const DAY: u64 = 24 * 3_600;

/// The number of lines for each message and level.
fn counts(log: &Log) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for line in log.text().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = |name: &str| line[name].as_str().unwrap().to_owned();
        *counts.entry((name("message"), name("level"))).or_default() += 1;
    }
    counts
}

fn count(log: &Log, message: &str, level: &str) -> usize {
    counts(log).get(&(message.to_owned(), level.to_owned())).copied().unwrap_or_default()
}

/// Runs the relay once a second for a time. A second in which nothing is due is skipped: such a run
/// writes no line.
fn relay_each_second(koohook: &Bundled, seconds: u64) {
    let world = koohook.world();
    let end = world.now_millis() + seconds * 1_000;
    while world.now_millis() < end {
        relay(koohook);
        let next =
            koohook.store().inner().agenda(Queue::Due, UnixMillis::EPOCH..=UnixMillis::MAX, 1);
        let at = run(next).unwrap().first().map_or(end, |entry| entry.at.millis());
        let wait = at.saturating_sub(world.now_millis()).div_ceil(1_000).max(1);
        world.pass(SECOND * u32::try_from(wait).unwrap());
    }
}

#[test]
fn a_product_that_is_down_for_three_days_gets_a_warning_for_each_attempt_at_most() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    ScriptedProduct::of(koohook.world(), |_| Mood::NotReached);
    let log = Log::default();
    let guard = log.keep();
    relay_each_second(&koohook, 3 * DAY + 7_200);
    drop(guard);
    let offers = lines(&log, "notice offered");
    let warnings = count(&log, "notice offered", "WARN");
    assert!((70..90).contains(&offers.len()), "{}", offers.len());
    // Two offers are in the first minute. The last one gives the notice up.
    assert_eq!(warnings, offers.len() - 3, "the pauses are an hour long: {:?}", counts(&log));
    assert_eq!(count(&log, "notice offered", "ERROR"), 1, "it was given up");
    assert_eq!(lines(&log, "product accepts notices again").len(), 0);
}

/// A thousand purchases wait. At most one warning a minute and message stands in the log, for two
/// hours in which nearly every run has work.
#[test]
fn a_thousand_notices_for_a_product_that_is_down_write_one_warning_a_minute() {
    let koohook = relayed();
    for number in 0..1_000 {
        buy(&koohook, &format!("CS{number}"));
    }
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::NotReached);
    let log = Log::default();
    let guard = log.keep();
    relay_each_second(&koohook, 2 * 3_600);
    let minutes = 2 * 60;
    let counted = counts(&log);
    assert!(count(&log, "notice offered", "INFO") > 5_000, "{counted:?}");
    for message in ["notice offered", "relay run finished"] {
        let warnings = count(&log, message, "WARN");
        assert!((1..=minutes).contains(&warnings), "{message}: {counted:?}");
    }
    let waits = |level| count(&log, "purchase waits for access data", level);
    assert_eq!((waits("WARN"), waits("ERROR")), (1_000, 1_000), "each purchase once");
    let all_warnings: usize =
        counted.iter().filter(|((_, level), _)| level == "WARN").map(|(_, count)| count).sum();
    assert!(all_warnings <= 1_000 + 2 * minutes, "{counted:?}");
    product.meets(koohook.world(), |_| READY);
    relay_each_second(&koohook, 7_200);
    drop(guard);
    let [end] = lines(&log, "product accepts notices again").try_into().expect("one end");
    let failed = lines(&log, "notice offered").into_iter().filter(|it| it["status"].is_null());
    assert_eq!(end["count"], failed.count());
    assert_eq!(end["trouble"], "not reached");
    assert_eq!(lines(&log, "relay works again").len(), 1);
}

/// A product that fails one notice and accepts the next one is one trouble, not many.
#[test]
fn a_product_that_fails_every_second_notice_writes_one_warning_a_minute() {
    let koohook = relayed();
    let mut number = 0;
    let product = ScriptedProduct::of(koohook.world(), move |_| {
        number += 1;
        if number % 2 == 1 { Mood::NotReached } else { READY }
    });
    let log = Log::default();
    let guard = log.keep();
    for number in 0..300 {
        buy(&koohook, &format!("CS{number}"));
        relay(&koohook);
        koohook.world().pass(SECOND);
    }
    assert_eq!(lines(&log, "product accepts notices again").len(), 0);
    assert!((5..=6).contains(&count(&log, "notice offered", "WARN")), "{:?}", counts(&log));
    assert!(product.effects().len() > 100);
    let repeated = lines(&log, "notice offered").into_iter().rfind(|line| line["level"] == "WARN");
    assert!(repeated.unwrap()["troubleCount"].as_u64().unwrap() > 100, "the warning has the count");
    product.meets(koohook.world(), |_| READY);
    for _ in 0..100 {
        relay(&koohook);
        koohook.world().pass(SECOND);
    }
    drop(guard);
    assert_eq!(lines(&log, "product accepts notices again").len(), 1);
}

/// The product refuses one notice, answers another one with a body of no use, and so on. Each cause is
/// a warning at its start, however many other causes there are.
#[test]
fn each_cause_of_failed_offers_has_its_own_warning_and_its_own_end() {
    let koohook = relayed();
    let moods = [
        (Mood::Refuses(401, ""), "status 401 or 403"),
        (Mood::Refuses(404, ""), "status 4xx"),
        (Mood::Refuses(500, ""), "status 5xx"),
        (Mood::Refuses(302, ""), "other status"),
        (Mood::Answers(Duration::ZERO, 200, "no JSON"), "unusable body"),
        (HANGS, "timed out"),
        (Mood::NotReached, "not reached"),
        (Mood::LosesReply, "cut off"),
    ];
    for number in 0..moods.len() * 2 {
        buy(&koohook, &format!("CS{number}"));
    }
    let causes = moods.clone().map(|(_, cause)| cause);
    let product = ScriptedProduct::of(koohook.world(), move |message| {
        let order = message.body["data"]["orderId"].as_str().unwrap();
        let number: usize = order.trim_start_matches("CS").parse().unwrap();
        moods[number / 2].0.clone()
    });
    let log = Log::default();
    let guard = log.keep();
    relay_each_second(&koohook, 50);
    let warnings = lines(&log, "notice offered").into_iter().filter(|it| it["level"] == "WARN");
    let mut warned: Vec<_> =
        warnings.map(|it| it["trouble"].as_str().unwrap().to_owned()).collect();
    warned.sort();
    let mut expected = causes.map(str::to_owned);
    expected.sort();
    assert_eq!(warned, expected, "one warning for each cause");
    product.meets(koohook.world(), |_| READY);
    relay_each_second(&koohook, 3 * 3_600);
    drop(guard);
    let ends = lines(&log, "product accepts notices again");
    let mut ended: Vec<_> = ends.iter().map(|it| it["trouble"].as_str().unwrap()).collect();
    ended.sort_unstable();
    assert_eq!(ended, expected, "one end for each cause");
    let counts = ends.iter().map(|end| end["count"].as_u64().unwrap());
    assert!(counts.min().unwrap() >= 2, "an end counts both orders of its cause: {ends:?}");
}

/// The relay runs once a second while the store does not answer.
#[test]
fn tasks_that_fail_each_second_write_one_warning_a_minute() {
    let koohook = Koohook::over(Unreadable::default(), &PENDING);
    run(koohook.v2(&purchase("CS1", "CS1-1")));
    ScriptedProduct::of(koohook.world(), |_| READY);
    let log = Log::default();
    let guard = log.keep();
    koohook.store().inner().fails.store(true, Ordering::SeqCst);
    for _ in 0..600 {
        relay(&koohook);
        koohook.world().pass(SECOND);
    }
    koohook.store().inner().fails.store(false, Ordering::SeqCst);
    relay(&koohook);
    koohook.world().pass(Duration::from_mins(1));
    relay(&koohook);
    drop(guard);
    let tasks = lines(&log, "task failed; a later run tries again");
    assert_eq!(tasks.len(), 10, "{:?}", counts(&log));
    assert!(tasks[0]["entity"].is_string() && tasks[9]["repeated"] == 541, "{}", tasks[9]);
    assert_eq!(count(&log, "relay run finished", "WARN"), 10);
    let [end] = lines(&log, "relay works again").try_into().expect("one end");
    assert_eq!(end["count"], 600);
}

/// A store whose values cannot be read while a test says so.
struct Unreadable {
    inner: Memory,
    fails: AtomicBool,
}

impl Default for Unreadable {
    fn default() -> Self {
        Self { inner: Memory::new(), fails: AtomicBool::new(false) }
    }
}

impl Store for Unreadable {
    forward!(inner: put, agenda, catalogue);

    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        self.inner.get(key, now).await
    }
}
