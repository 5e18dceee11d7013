//! What was ordered is asked before the product is told, once, and no failure of the marketplace's
//! interface keeps the product waiting for ever (decision E7).

mod turns;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use shell::relay::Relay;
use shell::world::{Unanswered, World};
use tests::call::{Bundled, PENDING, koohook, run};

/// Everything that was called, and how the marketplace's interface answers.
#[derive(Clone, Default)]
struct Outside(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    asked: Vec<String>,
    told: Vec<(String, Value)>,
}

type Answer = (u16, &'static str);

const FOUND: Answer = (
    200,
    r#"{"resultCode":"MKT.0000","orderInfo":{"orderId":"CS1","orderType":"NEW","createTime":
    "20260101000000","orderLine":[{"orderLineId":"CS1-1","chargingMode":"PERIOD","periodType":"year",
    "periodNumber":1,"productInfo":[{"productId":"P1","skuCode":"S1","linearValue":5}]}],
    "buyerInfo":{"customerId":"c","mobilePhone":"canary-phone","email":"canary@example.com"}}}"#,
);
const BUSY: Answer = (500, r#"{"resultCode":"MKT.0999"}"#);
const UNKNOWN_LINE: Answer = (400, r#"{"resultCode":"MKT.0101"}"#);
const KEY_REFUSED: Answer = (401, r#"{"error_code":"APIG.0301"}"#);
const READY: &str = r#"{"appInfo":{"frontEndUrl":"https://app.example.com"}}"#;

fn reply((status, body): Answer, line: &str) -> Result<Response<Bytes>, Unanswered> {
    let body = body.replace("CS1-1", line);
    Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
}

impl Outside {
    /// Somebody who is both the marketplace's interface and a product that makes instances.
    fn around(
        koohook: &Bundled,
        answer: impl Fn(usize) -> Option<Answer> + Send + 'static,
    ) -> Self {
        Self::around_after(koohook, Duration::ZERO, answer)
    }

    /// The same, with an interface that takes its time. It answers about the line that is asked for.
    fn around_after(
        koohook: &Bundled,
        after: Duration,
        answer: impl Fn(usize) -> Option<Answer> + Send + 'static,
    ) -> Self {
        let outside = Self::default();
        let calls = Arc::clone(&outside.0);
        World::web(koohook.world()).answer_after(move |request: Request<Bytes>| {
            let mut calls = calls.lock().unwrap();
            if request.uri().host() == Some("product.example.com") {
                let body = serde_json::from_slice(request.body()).unwrap();
                let id = request.headers()["webhook-id"].to_str().unwrap().to_owned();
                calls.told.push((id, body));
                return (Duration::ZERO, reply((200, READY), ""));
            }
            let line = request.uri().query().unwrap_or_default().rsplit('=').next().unwrap();
            calls.asked.push(request.uri().to_string());
            let answer = answer(calls.asked.len());
            (after, answer.map_or(Err(Unanswered::NotReached), |answer| reply(answer, line)))
        });
        outside
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked.len()
    }

    fn told(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().told.clone()
    }

    fn details(&self) -> Value {
        let told = self.told();
        assert_eq!(told.len(), 1, "one notice was told");
        told[0].1["data"]["orderDetails"].clone()
    }
}

fn asking(inline: bool) -> Bundled {
    let mut settings = PENDING.to_vec();
    settings.push(("KOOHOOK_OPENAPI_AK", "constructed-access-key"));
    settings.push(("KOOHOOK_OPENAPI_SK", "constructed-secret-key"));
    if inline {
        settings.push(("KOOHOOK_DELIVERY_BUDGET_MILLIS", "2500"));
    }
    koohook(&settings)
}

fn buy(koohook: &Bundled) -> String {
    let answer = run(koohook.v2(&[
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", "CS1"),
        ("orderLineId", "CS1-1"),
        ("testFlag", "0"),
    ]));
    answer.code
}

fn relay(koohook: &Bundled) {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap();
}

fn id() -> String {
    domain::instance::id::derive("CS1", Some("CS1-1"), None).to_string()
}

#[test]
fn a_purchase_is_told_with_what_was_ordered_inside_its_callback() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(FOUND));
    assert_eq!(buy(&koohook), "000000");
    // Its own write, the claim with what was ordered, the settlement.
    assert_eq!(koohook.store().take_counts(), (1, 3));
    let details = outside.details();
    assert_eq!(details["orderLine"]["productInfo"][0]["skuCode"], "S1");
    let facts = run(koohook.instance(&id())).facts.unwrap();
    assert_eq!(facts.sku_code.as_deref(), Some("S1"));
    let kept = run(koohook.kept(&id())).unwrap().to_bytes().unwrap();
    assert!(!String::from_utf8(kept).unwrap().contains("canary"), "no phone or e-mail stays");
    let asked = outside.0.lock().unwrap().asked[0].clone();
    assert!(asked.starts_with("https://mkt.myhuaweicloud.com/"), "{asked}");
    assert!(asked.ends_with("?orderId=CS1&orderLineId=CS1-1"), "{asked}");
}

#[test]
fn without_keys_the_notice_says_so_and_costs_no_more() {
    let mut settings = PENDING.to_vec();
    settings.push(("KOOHOOK_DELIVERY_BUDGET_MILLIS", "2500"));
    let koohook = koohook(&settings);
    let outside = Outside::around(&koohook, |_| None);
    assert_eq!(buy(&koohook), "000000");
    assert_eq!(koohook.store().take_counts(), (1, 2));
    assert_eq!(outside.details(), json!({ "missing": "no keys configured" }));
    assert_eq!(outside.asked(), 0);
}

#[test]
fn an_answer_that_will_never_come_is_not_waited_for() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(UNKNOWN_LINE));
    assert_eq!(buy(&koohook), "000000");
    let missing = json!({ "missing": "malformed (status 400, number 0101)" });
    assert_eq!(outside.details(), missing);
}

#[test]
fn a_busy_interface_is_asked_again_and_then_done_without() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(BUSY));
    assert_eq!(buy(&koohook), "000004", "the purchase stands all the same");
    for pause in [4, 1, 29, 1, 119, 1] {
        assert_eq!(outside.told(), []);
        koohook.world().pass(Duration::from_secs(pause));
        relay(&koohook);
    }
    assert_eq!(outside.asked(), 4);
    let missing = json!({ "missing": "unavailable (status 500, number 0999)" });
    assert_eq!(outside.details(), missing);
}

/// Whatever else is called about the instance, its purchase is not told the sooner without.
#[test]
fn a_burst_of_calls_does_not_use_the_patience_up() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |asked| Some(if asked < 6 { BUSY } else { FOUND }));
    assert_eq!(buy(&koohook), "000004");
    for status in ["FREEZE", "UNFREEZE", "FREEZE", "UNFREEZE"] {
        let answer = run(koohook.v2(&[
            ("activity", "updateInstanceStatus"),
            ("instanceId", &id()),
            ("status", status),
        ]));
        assert_eq!(answer.code, "000000");
        koohook.world().pass(Duration::from_millis(1));
    }
    assert_eq!((outside.asked(), outside.told()), (5, Vec::new()));
    koohook.world().pass(Duration::from_secs(5));
    relay(&koohook);
    let told = outside.told();
    assert_eq!(told.len(), 5);
    assert_eq!(told[0].1["data"]["orderDetails"]["orderType"], "NEW");
}

#[test]
fn a_retried_answer_is_the_same_notice_afterwards() {
    let koohook = asking(false);
    let outside = Outside::around(&koohook, |asked| Some(if asked == 1 { BUSY } else { FOUND }));
    assert_eq!(buy(&koohook), "000004");
    relay(&koohook);
    assert_eq!(outside.told(), [], "nobody is offered a notice that will change");
    koohook.world().pass(Duration::from_secs(5));
    relay(&koohook);
    assert_eq!(outside.details()["orderType"], "NEW");
    relay(&koohook);
    assert_eq!(outside.asked(), 2);
}

/// More than five refusals in a row lock the key for everything else that the seller does with it.
#[test]
fn a_refused_key_rests_for_five_minutes() {
    let koohook = asking(false);
    let outside = Outside::around(&koohook, |_| Some(KEY_REFUSED));
    for order in ["CS1", "CS2", "CS3", "CS4", "CS5"] {
        let line = format!("{order}-1");
        let members = [
            ("activity", "newInstance"),
            ("businessId", "made-up-business"),
            ("orderId", order),
            ("orderLineId", line.as_str()),
        ];
        assert_eq!(run(koohook.v2(&members)).code, "000004");
    }
    relay(&koohook);
    assert_eq!(outside.asked(), 3);
    koohook.world().pass(Duration::from_secs(299));
    relay(&koohook);
    assert_eq!(outside.asked(), 3);
    koohook.world().pass(Duration::from_secs(60));
    relay(&koohook);
    assert_eq!(outside.asked(), 4, "the first refusal after the rest shuts the gate again");
}

#[test]
fn a_host_that_is_not_reached_has_a_fallback() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |asked| if asked == 1 { None } else { Some(FOUND) });
    assert_eq!(buy(&koohook), "000000");
    let asked = outside.0.lock().unwrap().asked.clone();
    assert!(asked[1].starts_with("https://mkt.myhuaweicloud.cn/"), "{asked:?}");
    assert_eq!(outside.details()["orderType"], "NEW");
}

#[test]
fn an_interface_that_hangs_leaves_the_answer_in_time() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(FOUND));
    koohook.world().lag(Duration::from_millis(1_400));
    let before = World::elapsed(koohook.world());
    assert_eq!(buy(&koohook), "000004");
    assert!(World::elapsed(koohook.world()) - before <= Duration::from_secs(4));
    assert_eq!(outside.told(), []);
}
