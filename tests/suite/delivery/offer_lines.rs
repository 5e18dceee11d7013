//! Each offer of a notice is one log line, from a callback or from the relay (decisions I1, I2).

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use shell::store::memory::Memory;
use shell::store::{Put, Unavailable, Version};
use tests::call::{PENDING, koohook_in_memory};
use tests::forward;
use tests::product::{HANGS, Mood, READY, ScriptedProduct};

use super::*;

/// The fields of a line, without those that every line of a test has.
fn fields(line: &Value) -> Value {
    let mut line = line.clone();
    let members = line.as_object_mut().unwrap();
    for name in ["message", "target", "millis"] {
        assert!(members.remove(name).is_some(), "{name} is missing");
    }
    line
}

#[test]
fn a_callbacks_offer_and_the_relays_offer_have_the_same_line() {
    for relayed in [false, true] {
        let koohook = if relayed { self::relayed() } else { with_product() };
        ScriptedProduct::of(koohook.world(), |_| READY);
        let log = Log::default();
        let guard = log.keep();
        buy(&koohook, "CS1");
        relay(&koohook);
        drop(guard);
        let [offer] = lines(&log, "notice offered").try_into().expect("one offer");
        let expected = json!({
            "level": "INFO", "orderId": "CS1", "instanceId": id("CS1"),
            "type": "instance.created", "sequence": 1, "attempt": 1,
            "status": 200, "outcome": "delivered",
        });
        assert_eq!(fields(&offer), expected);
        assert!(!log.text().contains("app.example.com"), "no access data: {}", log.text());
    }
}

/// A retry of a callback's attempt gets the number of the attempt, and its own line.
#[test]
fn a_product_that_fails_a_notice_for_the_second_time_is_a_warning() {
    let koohook = with_product();
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(500, "canary"));
    let log = Log::default();
    let guard = log.keep();
    buy(&koohook, "CS1");
    koohook.world().pass(Duration::from_secs(6));
    relay(&koohook);
    drop(guard);
    let [first, second] = lines(&log, "notice offered").try_into().expect("two offers");
    let common = ["attempt", "level", "status", "fault", "outcome", "advice", "cause"];
    let read = |line: &Value| common.map(|name| line[name].clone());
    let rest = [json!(500), json!("status is not a success"), json!("failed")];
    let [status, fault, outcome] = &rest;
    let advice = json!("check the product's log");
    let [status, fault, outcome] = [status, fault, outcome].map(Clone::clone);
    let expected = |attempt: u32, level: &str| {
        let [status, fault, outcome] = [&status, &fault, &outcome].map(Clone::clone);
        [json!(attempt), json!(level), status, fault, outcome, advice.clone(), Value::Null]
    };
    assert_eq!(read(&first), expected(1, "INFO"));
    assert_eq!(read(&second), expected(2, "WARN"));
    assert!(!log.text().contains("canary"), "{}", log.text());
}

/// A renewal has its own order. An operator finds its offers by this order, too.
#[test]
fn the_offer_of_a_renewal_has_its_own_order_and_the_order_of_the_purchase() {
    let koohook = with_product();
    ScriptedProduct::of(koohook.world(), |_| READY);
    let log = Log::default();
    let guard = log.keep();
    buy(&koohook, "CS1");
    let instance = id("CS1");
    run(koohook.v2(&[
        ("activity", "refreshInstance"),
        ("scene", "RENEWAL"),
        ("instanceId", &instance),
        ("orderId", "CSR1"),
        ("orderLineId", "CSR1-1"),
        ("expireTime", "20300101000000"),
    ]));
    drop(guard);
    let [bought, renewed] = lines(&log, "notice offered").try_into().expect("two offers");
    let orders = |line: &Value| [line["orderId"].clone(), line["noticeOrderId"].clone()];
    assert_eq!(orders(&bought), [json!("CS1"), Value::Null]);
    assert_eq!(orders(&renewed), [json!("CS1"), json!("CSR1")]);
}

/// A wrong secret would have failed the other notices, too.
#[test]
fn the_advice_on_a_401_depends_on_whether_the_product_accepted_other_notices() {
    let koohook = with_product();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(401, ""));
    let log = Log::default();
    let guard = log.keep();
    buy(&koohook, "CS1");
    product.meets(koohook.world(), |_| READY);
    buy(&koohook, "CS2");
    product.meets(koohook.world(), |_| Mood::Refuses(401, ""));
    buy(&koohook, "CS3");
    drop(guard);
    let [before, accepted, after] = lines(&log, "notice offered").try_into().expect("three offers");
    assert_eq!(before["advice"], "compare KOOHOOK_PRODUCT_SECRET with the product's secret");
    assert_eq!(accepted["advice"], Value::Null);
    let advice = after["advice"].as_str().unwrap();
    assert!(advice.contains("accepted others with the same secret"), "{advice}");
}

/// A callback waits only a short time. A first timeout is no trouble; a second one is.
#[test]
fn the_level_of_a_first_offer_depends_on_how_it_ended() {
    let unusable = Mood::Answers(Duration::ZERO, 200, "no JSON");
    for (mood, level, outcome) in [
        (READY, "INFO", "delivered"),
        (HANGS, "INFO", "timed-out"),
        (Mood::NotReached, "WARN", "not-reached"),
        (Mood::LosesReply, "WARN", "not-reached"),
        (unusable, "WARN", "failed"),
        (Mood::Refuses(503, ""), "INFO", "failed"),
        (Mood::Refuses(410, ""), "ERROR", "given-up"),
    ] {
        let koohook = with_product();
        let its = mood.clone();
        ScriptedProduct::of(koohook.world(), move |_| its.clone());
        let log = Log::default();
        let guard = log.keep();
        buy(&koohook, "CS1");
        drop(guard);
        let [offer] = lines(&log, "notice offered").try_into().expect("one offer");
        assert_eq!(
            (&offer["level"], &offer["outcome"]),
            (&level.into(), &outcome.into()),
            "{mood:?}"
        );
    }
}

/// The line says that the outcome is unknown: the relay may offer the notice again.
#[test]
fn an_offer_whose_outcome_cannot_be_stored_has_a_line() {
    let store = FailingPut { inner: Memory::new(), puts: AtomicUsize::new(0) };
    let koohook = Koohook::over(store, &WITH_PRODUCT);
    ScriptedProduct::of(koohook.world(), |_| READY);
    let log = Log::default();
    let guard = log.keep();
    buy_v1(&koohook, "CS1");
    drop(guard);
    let [offer] = lines(&log, "notice offered").try_into().expect("one offer");
    assert_eq!((&offer["outcome"], &offer["status"]), (&"outcome-unknown".into(), &200.into()));
}

/// The relay gives a notice up because time has passed. It then offers nothing, so its line differs.
#[test]
fn a_notice_that_time_gives_up_names_its_order_and_its_last_answer() {
    let koohook = koohook_in_memory(&PENDING);
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    buy(&koohook, "CS1");
    for _ in 0..19 {
        relay(&koohook);
        koohook.world().pass(Duration::from_hours(4));
    }
    // The process ends during the twentieth attempt.
    koohook.world().halt_at(15);
    let last = Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run();
    assert_eq!(tests::call::run_until_halt(koohook.world(), last), None);
    koohook.world().go_on();
    koohook.world().pass(Duration::from_hours(4));
    let log = Log::default();
    let guard = log.keep();
    assert_eq!(relay(&koohook).dead, 1);
    drop(guard);
    assert_eq!(lines(&log, "notice offered").len(), 0);
    let [line] = lines(&log, "notice given up").try_into().expect("one notice");
    let read = ["level", "orderId", "instanceId", "type", "sequence", "attempt", "outcome"];
    let expected = [
        json!("ERROR"),
        json!("CS1"),
        json!(id("CS1")),
        json!("instance.created"),
        json!(1),
        json!(20),
        json!("given-up"),
    ];
    assert_eq!(read.map(|name| line[name].clone()), expected);
}

/// A store that takes the callback's write, and nothing after it.
struct FailingPut {
    inner: Memory,
    puts: AtomicUsize,
}

impl Store for FailingPut {
    forward!(inner: get, agenda, catalogue);

    async fn put(
        &self,
        key: &str,
        value: &shell::store::Value,
        over: Option<Version>,
        now: protocol::time::UnixMillis,
    ) -> Result<Put, Unavailable> {
        if self.puts.fetch_add(1, Ordering::SeqCst) > 0 {
            return Err(Unavailable);
        }
        self.inner.put(key, value, over, now).await
    }
}
