//! koohook asks the order query once for the order details, before it notifies the product. A
//! failure of the order query does not delay the notice for ever (decision E7).

mod log_lines;
mod turns;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use shell::relay::Relay;
use shell::world::{Unanswered, World};
use tests::call::{Bundled, PENDING, koohook, run};

/// Plays the marketplace's order query and the product, and remembers their calls.
#[derive(Clone, Default)]
struct Outside(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    asked: Vec<String>,
    notices: Vec<(String, Value)>,
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
    /// Plays the order query and a product that creates instances. `answer` returns the answer to
    /// the n-th order query.
    fn around(
        koohook: &Bundled,
        answer: impl Fn(usize) -> Option<Answer> + Send + 'static,
    ) -> Self {
        Self::around_after(koohook, Duration::ZERO, answer)
    }

    /// Does the same, but answers each order query after a delay, for the requested order line.
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
                calls.notices.push((id, body));
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

    fn notices(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().notices.clone()
    }

    fn details(&self) -> Value {
        let notices = self.notices();
        assert_eq!(notices.len(), 1, "the product received one notice");
        notices[0].1["data"]["orderDetails"].clone()
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
fn a_purchase_notice_has_the_order_details_inside_its_callback() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(FOUND));
    assert_eq!(buy(&koohook), "000000");
    // The writes: the purchase, the claim with the order details, the settlement.
    assert_eq!(koohook.store().take_counts(), (1, 3));
    let details = outside.details();
    assert_eq!(details["orderLine"]["productInfo"][0]["skuCode"], "S1");
    let facts = run(koohook.instance(&id())).facts.unwrap();
    assert_eq!(facts.sku_code.as_deref(), Some("S1"));
    let kept = run(koohook.kept(&id())).unwrap().to_bytes().unwrap();
    assert!(!String::from_utf8(kept).unwrap().contains("canary"), "no phone or e-mail is stored");
    let asked = outside.0.lock().unwrap().asked[0].clone();
    assert!(asked.starts_with("https://mkt.myhuaweicloud.com/"), "{asked}");
    assert!(asked.ends_with("?orderId=CS1&orderLineId=CS1-1"), "{asked}");
}

#[test]
fn without_openapi_keys_the_notice_gives_the_reason_and_no_query_is_sent() {
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
fn a_final_error_of_the_order_query_does_not_delay_the_notice() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(UNKNOWN_LINE));
    assert_eq!(buy(&koohook), "000000");
    let missing = json!({ "missing": "malformed (status 400, number 0101)" });
    assert_eq!(outside.details(), missing);
}

#[test]
fn a_busy_order_query_is_retried_before_the_notice_is_sent_without_details() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(BUSY));
    assert_eq!(buy(&koohook), "000004", "the purchase is stored, and waits for its notice");
    for pause in [4, 1, 29, 1, 119, 1] {
        assert_eq!(outside.notices(), []);
        koohook.world().pass(Duration::from_secs(pause));
        relay(&koohook);
    }
    assert_eq!(outside.asked(), 4);
    let missing = json!({ "missing": "unavailable (status 500, number 0999)" });
    assert_eq!(outside.details(), missing);
}

/// Other calls about the instance do not use up the purchase's attempts at the order query.
#[test]
fn a_burst_of_calls_does_not_use_up_the_tries_of_the_order_query() {
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
    assert_eq!((outside.asked(), outside.notices()), (5, Vec::new()));
    koohook.world().pass(Duration::from_secs(5));
    relay(&koohook);
    let notices = outside.notices();
    assert_eq!(notices.len(), 5);
    assert_eq!(notices[0].1["data"]["orderDetails"]["orderType"], "NEW");
}

#[test]
fn a_notice_is_sent_only_after_the_order_query_answered() {
    let koohook = asking(false);
    let outside = Outside::around(&koohook, |asked| Some(if asked == 1 { BUSY } else { FOUND }));
    assert_eq!(buy(&koohook), "000004");
    relay(&koohook);
    assert_eq!(outside.notices(), [], "a notice that may change is not sent");
    koohook.world().pass(Duration::from_secs(5));
    relay(&koohook);
    assert_eq!(outside.details()["orderType"], "NEW");
    relay(&koohook);
    assert_eq!(outside.asked(), 2);
}

/// More than five rejections in a row lock the key for all other calls that the seller makes with
/// it.
#[test]
fn a_rejected_key_is_not_used_for_five_minutes() {
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
    assert_eq!(outside.asked(), 4, "the first rejection after the pause starts another pause");
}

#[test]
fn an_unreachable_host_is_replaced_by_the_fallback_host() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |asked| if asked == 1 { None } else { Some(FOUND) });
    assert_eq!(buy(&koohook), "000000");
    let asked = outside.0.lock().unwrap().asked.clone();
    assert!(asked[1].starts_with("https://mkt.myhuaweicloud.cn/"), "{asked:?}");
    assert_eq!(outside.details()["orderType"], "NEW");
}

#[test]
fn an_order_query_that_hangs_does_not_delay_the_answer() {
    let koohook = asking(true);
    let outside = Outside::around(&koohook, |_| Some(FOUND));
    koohook.world().lag(Duration::from_millis(1_400));
    let before = World::elapsed(koohook.world());
    assert_eq!(buy(&koohook), "000004");
    assert!(World::elapsed(koohook.world()) - before <= Duration::from_secs(4));
    assert_eq!(outside.notices(), []);
}
