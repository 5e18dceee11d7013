//! A purchase that waits long for access data (decision I2): what the relay logs, and what it costs.

use std::sync::atomic::{AtomicI64, Ordering};

use protocol::signature::Contract;
use protocol::time::UnixMillis;
use serde_json::json;
use shell::store::memory::Memory;
use tests::call::PENDING;
use tests::forward;
use tests::product::{Mood, ScriptedProduct};

use super::*;

const MINUTE: Duration = Duration::from_mins(1);
const WAITS: &str = "purchase waits for access data";

/// A V2 purchase that the product accepted and whose access data it sends later.
fn accepted() -> Bundled {
    let koohook = relayed();
    ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 202, ""));
    buy(&koohook, "CS1");
    relay(&koohook);
    koohook
}

/// The level and the minutes of each line about the wait.
fn waits(log: &Log) -> Vec<(String, u64)> {
    let read = |line: &Value| {
        assert_eq!(line["orderId"], "CS1");
        assert_eq!(line["instanceId"], id("CS1"));
        (line["level"].as_str().unwrap().to_owned(), line["minutes"].as_u64().unwrap())
    };
    lines(log, WAITS).iter().map(read).collect()
}

#[test]
fn a_pending_purchase_costs_at_most_three_more_writes() {
    let koohook = accepted();
    koohook.store().take_counts();
    let log = Log::default();
    let guard = log.keep();
    for _ in 0..(6 * 60) {
        koohook.world().pass(MINUTE);
        relay(&koohook);
    }
    drop(guard);
    assert_eq!(waits(&log), [("WARN".to_owned(), 30), ("ERROR".to_owned(), 90)]);
    let (reads, writes) = koohook.store().take_counts();
    assert!(writes <= 3 && reads <= 3, "{reads} reads, {writes} writes");
}

#[test]
fn a_relay_that_was_dead_for_a_day_logs_only_the_error() {
    let koohook = accepted();
    koohook.world().pass(Duration::from_hours(24));
    let log = Log::default();
    let guard = log.keep();
    for _ in 0..10 {
        relay(&koohook);
        koohook.world().pass(MINUTE);
    }
    drop(guard);
    assert_eq!(waits(&log), [("ERROR".to_owned(), 24 * 60)], "the wait, not the limit");
}

/// What the line says about a purchase: the reason, the last answer, and the advice.
fn reason(contract: Contract, moods: &[Mood]) -> [Value; 4] {
    let koohook = relayed();
    let mut moods = moods.to_vec();
    ScriptedProduct::of(koohook.world(), move |_| moods.remove(0));
    match contract {
        Contract::V1 => buy_v1(&koohook, "CS1"),
        Contract::V2 => buy(&koohook, "CS1"),
    };
    relay(&koohook);
    let log = Log::default();
    let guard = log.keep();
    koohook.world().pass(MINUTE * 31);
    relay(&koohook);
    drop(guard);
    let [line] = lines(&log, WAITS).try_into().expect("one line");
    ["reason", "status", "fault", "advice"].map(|name| line[name].clone())
}

#[test]
fn the_line_says_who_must_act_and_names_the_limit_of_v1_only() {
    const SHOW: &str = "run koohook instances show with this orderId";
    let refused = [Mood::Refuses(503, ""), Mood::Refuses(503, "")];
    let gone = [Mood::Refuses(410, "")];
    let accepted = [Mood::Answers(Duration::ZERO, 202, "")];
    for (moods, reason_text, status, fault, advice) in [
        (
            &refused[..],
            "the product has not accepted instance.created",
            json!(503),
            json!("status is not a success"),
            format!("repair the product; {SHOW}"),
        ),
        (
            &gone[..],
            "instance.created is a dead letter",
            json!(410),
            json!("product answered 410 Gone"),
            format!("repair the product, then run koohook notices replay; {SHOW}"),
        ),
        (
            &accepted[..],
            "the product accepted instance.created without access data",
            Value::Null,
            Value::Null,
            format!("let the product send the access data; {SHOW}"),
        ),
    ] {
        let expected = |end| {
            [json!(reason_text), status.clone(), fault.clone(), json!(format!("{advice}{end}"))]
        };
        assert_eq!(reason(Contract::V2, moods), expected(""));
        let limit = "; under V1 the marketplace refunds the buyer 3 hours after the purchase";
        assert_eq!(reason(Contract::V1, moods), expected(limit));
    }
}

#[test]
fn access_data_that_arrives_ends_the_wait() {
    for minutes in [10, 40] {
        let koohook = accepted();
        let log = Log::default();
        let guard = log.keep();
        koohook.world().pass(MINUTE * minutes);
        relay(&koohook);
        let instance = id("CS1");
        let message = access::ready(&instance);
        assert_eq!(access::send_signed(&koohook, &instance, 0, &message), 200);
        for _ in 0..200 {
            koohook.world().pass(MINUTE);
            relay(&koohook);
        }
        drop(guard);
        let expected = if minutes < 30 { vec![] } else { vec![("WARN".to_owned(), 40)] };
        assert_eq!(waits(&log), expected);
    }
}

/// koohook does not know how long a purchase has waited if the clocks differ. The line follows after
/// they agree again.
#[test]
fn clocks_that_differ_log_no_wait() {
    let store = Clocked { inner: Memory::new(), apart: AtomicI64::new(300_001) };
    let koohook = Koohook::over(store, &PENDING);
    ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 202, ""));
    run(koohook.v2(&purchase("CS1", "CS1-1")));
    let log = Log::default();
    let guard = log.keep();
    for _ in 0..100 {
        relay(&koohook);
        koohook.world().pass(MINUTE);
    }
    assert_eq!(waits(&log), []);
    assert_eq!(lines(&log, "clocks differ").len(), 100, "one a minute");
    koohook.store().inner().apart.store(0, Ordering::SeqCst);
    relay(&koohook);
    relay(&koohook);
    drop(guard);
    assert_eq!(waits(&log), [("ERROR".to_owned(), 100)]);
    let [end] = lines(&log, "clocks agree again").try_into().expect("one end");
    assert_eq!(end["count"], 100);
}

/// The times that the process wrote are wrong by the difference, so its direction matters.
#[test]
fn the_line_about_the_clocks_says_which_clock_is_behind() {
    for (apart, machine, level) in [
        (31_000, "behind the store", "WARN"),
        (-31_000, "ahead of the store", "WARN"),
        (301_000, "behind the store", "ERROR"),
        (-301_000, "ahead of the store", "ERROR"),
    ] {
        let store = Clocked { inner: Memory::new(), apart: AtomicI64::new(apart) };
        let koohook = Koohook::over(store, &PENDING);
        let log = Log::default();
        let guard = log.keep();
        relay(&koohook);
        drop(guard);
        let [line] = lines(&log, "clocks differ").try_into().expect("one line");
        let read = ["machine", "seconds", "level"].map(|name| line[name].clone());
        assert_eq!(read, [json!(machine), json!(apart.unsigned_abs() / 1_000), json!(level)]);
    }
}

/// A store with its own clock.
struct Clocked {
    inner: Memory,
    apart: AtomicI64,
}

impl Store for Clocked {
    forward!(inner: get, put, agenda, catalogue);

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        let apart = self.apart.load(Ordering::SeqCst);
        Some(UnixMillis::new(now.millis().checked_add_signed(apart).unwrap()))
    }
}
