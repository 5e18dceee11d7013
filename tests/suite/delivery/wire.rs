//! What the product answers (decision E3), in tables; and answers that no product should give, over
//! a real socket.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use domain::entity::Subject;
use domain::record::EntityRecord;
use protocol::message::TenantId;
use protocol::time::UnixMillis;
use shell::client::Client;
use shell::context::Context;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::store::memory::Memory;
use shell::world::Deadline;
use tests::call::{Bundled, Koohook, PRODUCT_SECRET, config, run_until_halt, v2};
use tests::product::{Mood, Product, Told};
use tests::test_store::TestStore;
use tests::world::{NOW, TestWorld};

use super::*;

/// Each answer to a purchase: what the buyer is told, and what is wrong with it if anything is.
const ANSWERS: &[(u16, &str, &str, Option<&str>)] = &[
    (200, r#"{"appInfo":{"frontEndUrl":"https://a.example"}}"#, "000000", None),
    (201, r#"{"appInfo":{"frontEndUrl":"https://a.example"},"more":1}"#, "000000", None),
    (200, r#"{"refuse":"000100"}"#, "000100", None),
    (200, r#"{"refuse":"000107"}"#, "000107", None),
    (202, "not even json", "000004", None),
    (200, "{}", "000004", None),
    (204, "", "000004", None),
    (200, r#"{"appInfo":null,"refuse":null}"#, "000004", None),
    (200, "ok", "000004", Some("body is no json object")),
    (200, "[]", "000004", Some("body is no json object")),
    (200, r#"{"refuse":"000108"}"#, "000004", Some("refuse is no code from 000100 to 000107")),
    (200, r#"{"refuse":"000000"}"#, "000004", Some("refuse is no code from 000100 to 000107")),
    (
        200,
        r#"{"refuse":"000100","appInfo":{"frontEndUrl":"https://a.example"}}"#,
        "000004",
        Some("appInfo and refuse at once"),
    ),
    (302, "", "000004", Some("status says no")),
    (400, "", "000004", Some("status says no")),
    (404, "", "000004", Some("status says no")),
    (429, "", "000004", Some("status says no")),
    (500, "", "000004", Some("status says no")),
];

#[test]
fn every_answer_to_a_purchase_has_its_meaning() {
    for (status, body, code, fault) in ANSWERS {
        let koohook = told();
        Product::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, *status, body));
        assert_eq!(buy(&koohook, "CS1").code, *code, "{status} {body}");
        let outbox = outbox(&koohook, &id("CS1"));
        assert_eq!(outbox.waiting.is_empty(), fault.is_none(), "{status} {body}");
        let attempts = outbox.delivery.map(|trial| trial.attempts).unwrap_or_default();
        let faults: Vec<_> = attempts.iter().map(|attempt| attempt.fault.as_str()).collect();
        assert_eq!(faults, fault.iter().copied().collect::<Vec<_>>(), "{status} {body}");
        assert!(attempts.iter().all(|attempt| attempt.status == Some(*status)));
    }
}

#[test]
fn a_product_that_says_nothing_of_access_has_the_templates() {
    let template = r#"{"frontEndUrl":"https://app.example.com/{instanceId}"}"#;
    for (status, body, code) in [(200, "{}", "000000"), (204, "", "000000"), (202, "", "000004")] {
        let koohook = told_with("KOOHOOK_APP_INFO", template);
        Product::of(koohook.world(), move |_| Mood::Answers(Duration::ZERO, status, body));
        assert_eq!(buy(&koohook, "CS1").code, code, "{status}");
    }
}

#[test]
fn what_the_product_never_wants_is_a_dead_letter_at_once() {
    let koohook = told();
    let product = Product::of(koohook.world(), |_| Mood::Refuses(410, ""));
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    let outbox = outbox(&koohook, &id("CS1"));
    assert_eq!((outbox.waiting.len(), outbox.dead.len(), outbox.blocked), (0, 1, true));
    set_status(&koohook, &id("CS1"), "FREEZE");
    assert_eq!(product.told().len(), 1, "nothing but its end is told of what is not there");
    assert_eq!(release(&koohook, "CS1"), "000000");
    assert_eq!(product.told().len(), 2);
}

/// Whatever a product answers, of it nothing is kept that could be a secret or somebody's name.
#[test]
fn no_attempt_quotes_an_answer() {
    let answers = [
        r#"{"password":"canary","nested":{"canary":1},"error":"canary"}"#,
        "password is canary for canary",
        "<html><title>502 Bad Gateway</title><p>canary canary</p></html>",
        r#"{"appInfo":{"frontEndUrl":"https://a.example","password":"canary"},"refuse":"canary"}"#,
        r#"["canary"]"#,
        "canary",
    ];
    for (answer, status) in answers.into_iter().flat_map(|it| [(it, 200), (it, 500), (it, 410)]) {
        let koohook = told();
        Product::of(koohook.world(), move |_| Mood::Refuses(status, answer));
        assert_eq!(buy(&koohook, "CS1").code, "000004");
        let kept = run(koohook.kept(&id("CS1"))).unwrap().to_bytes().unwrap();
        let kept = String::from_utf8(kept).unwrap();
        assert!(!kept.contains("canary"), "{status} {answer}: {kept}");
    }
    let koohook = told();
    let page = "<html><head><title>502 Bad Gateway</title></head>nginx/1.27 canary</html>";
    Product::of(koohook.world(), move |_| Mood::Refuses(502, page));
    buy(&koohook, "CS1");
    let attempts = outbox(&koohook, &id("CS1")).delivery.unwrap().attempts;
    assert_eq!(attempts[0].said.as_deref(), Some("bad gateway nginx"));
}

// Over a real socket.

/// A world of the tests, whose web is real.
struct Wired {
    world: TestWorld<Memory>,
    web: Client,
}

impl World for Wired {
    type Store = Memory;
    type Web = Client;

    fn store(&self) -> &Memory {
        World::store(&self.world)
    }

    fn web(&self) -> &Client {
        &self.web
    }

    fn now(&self) -> UnixMillis {
        World::now(&self.world)
    }

    fn elapsed(&self) -> Duration {
        World::elapsed(&self.world)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        self.world.random()
    }

    async fn within<F>(&self, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.world.within(limit, future).await
    }

    async fn pause(&self, span: Duration) {
        self.world.pause(span).await;
    }
}

/// Somebody who meets each connection with these bytes, so often, and how often he was met.
fn listening(head: String, again: &'static [u8], times: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let met = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&met);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 16 * 1024]);
            let _ = stream.write_all(head.as_bytes());
            for _ in 0..times {
                if stream.write_all(again).is_err() {
                    break;
                }
            }
        }
    });
    (address, met)
}

/// What is kept of a purchase that this product was told of.
pub(super) fn told_at(address: SocketAddr) -> EntityRecord {
    let url = format!("http://{address}/hooks");
    let mut settings = TOLD.to_vec();
    settings.push(("KOOHOOK_PRODUCT_URL", &url));
    let config = config(&settings);
    let wired = Wired { world: TestWorld::new(Memory::new()), web: Client::new(64 * 1024) };
    let context = Arc::new(Context::new(config.context, wired));
    let endpoint =
        CallbackEndpoint::new(config.endpoint, &functions::BASE, Arc::clone(&context)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = v2(NOW, &purchase("CS1", "CS1-1")).map(Bytes::from);
        let response = endpoint.answer(request).await;
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(text.contains("000004"), "{text}");
        let id = InstanceId::parse(&id("CS1")).unwrap();
        let repository =
            context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
        repository
            .read(&Subject::Instance(id))
            .await
            .unwrap()
            .found
            .map(|found| found.record)
            .unwrap()
    })
}

/// B110 and B111: followed nowhere, read only so far, and tried again.
#[test]
fn hostile_answers_are_failed_attempts() {
    static MEBIBYTE: [u8; 1 << 20] = [b' '; 1 << 20];
    let (elsewhere, met) = listening(String::new(), b"", 0);
    let head = |head: &str| head.replace('\n', "\r\n");
    let cases = [
        (format!("HTTP/1.1 302 Found\nLocation: http://{elsewhere}/\nContent-Length: 0\n\n"), 0),
        (format!("HTTP/1.1 307 Moved\nLocation: http://{elsewhere}/\nContent-Length: 0\n\n"), 0),
        ("HTTP/1.1 200 OK\nContent-Length: 10485760\n\n".to_owned(), 10),
        ("HTTP/1.1 200 OK\n\n".to_owned(), 1_000),
        ("HTTP/1.1 200 OK\nContent-Length: 9\n\n{}".to_owned(), 0),
        ("HTTP/1.1 200 OK\nContent-Length: 12\n\n{\"appInfo\":1".to_owned(), 0),
        ("HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 4\n\n{}{}".to_owned(), 0),
        ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\n".to_owned(), 0),
        ("SSH-2.0-OpenSSH_9.9\n".to_owned(), 0),
        ("HTTP/1.1 999 Odd\nContent-Length: 0\n\n".to_owned(), 0),
        (String::new(), 0),
    ];
    let mut faults = Vec::new();
    for (answer, times) in cases {
        let (address, _) = listening(head(&answer), &MEBIBYTE, times);
        let outbox = told_at(address).outbox;
        assert_eq!(outbox.waiting.len(), 1, "{answer}");
        let attempts = outbox.delivery.unwrap().attempts;
        assert_eq!(attempts.len(), 1, "{answer}");
        faults.push(attempts[0].fault.clone());
    }
    assert_eq!(met.load(Ordering::SeqCst), 0, "nobody is followed");
    assert_eq!(
        faults,
        [
            "status says no",
            "status says no",
            "answer too long",
            "answer too long",
            "cut off",
            "body is no json object",
            "answer is not http",
            "answer is not http",
            "answer is not http",
            "status says no",
            "cut off",
        ]
    );
}

// Lists.

const KIT_KEY: &str = "constructed-kit-key-0002";

/// Lists so many departments.
fn list_departments(koohook: &Bundled, count: usize) {
    let now = koohook.world().now_millis();
    let item = |code: usize| format!(r#"{{"orgCode":"{code:05}","orgName":"made up"}}"#);
    let items: Vec<String> = (0..count).map(item).collect();
    let time = simulator::time::in_china(now);
    let body = format!(
        r#"{{"instanceId":"i","orgInfoList":[{}],"tenantId":"t","testFlag":0,"timeStamp":"{time}"}}"#,
        items.join(",")
    );
    let [time, nonce] = [now.to_string(), format!("nonce-{now}")];
    let request = simulator::kit_v2::request(
        tests::call::ADDRESS,
        "allOrgSync",
        KIT_KEY,
        &time,
        &nonce,
        body.as_bytes(),
    );
    let response = run(koohook.answer(request.unwrap()));
    assert_eq!(Answer::read(&response).unwrap().code, "000000");
}

fn listing() -> Bundled {
    let settings = [
        ("KOOHOOK_KIT_KEY", KIT_KEY),
        ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_STORE", "memory:"),
    ];
    Koohook::serving(&[functions::ALL_ORG_SYNC], TestStore::new(), &settings)
}

fn run_relay(koohook: &Bundled, seconds: u64) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(seconds)).run()).unwrap()
}

/// What a product heard of a list: each part's number, and how many records it held.
fn parts(product: &Product) -> Vec<(u64, usize)> {
    let part = |told: &Told| {
        let data = &told.body["data"];
        assert_eq!(data["parts"], 20);
        (data["part"].as_u64().unwrap(), data["records"].as_array().unwrap().len())
    };
    product.told().iter().map(part).collect()
}

#[test]
fn a_long_list_arrives_whole_in_parts_in_order_and_its_parts_are_let_go() {
    let koohook = listing();
    let product = Product::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, "ok"));
    list_departments(&koohook, 10_000);
    assert_eq!(product.told().len(), 0, "lists are left to the relay");
    let report = run_relay(&koohook, 50);
    assert_eq!((report.delivered, report.swept.deleted), (1, 20), "told, and its parts let go");
    assert_eq!(parts(&product), (1..=20).map(|part| (part, 500)).collect::<Vec<_>>());
    let records = product.told().into_iter().flat_map(|told| {
        let records = told.body["data"]["records"].as_array().unwrap().clone();
        records.into_iter().map(|record| record["orgCode"].as_str().unwrap().to_owned())
    });
    let expected = (0..10_000).map(|code| format!("{code:05}"));
    assert!(records.eq(expected), "every department, in its place");
}

/// A product that takes a second for each part needs more than a timer's run gives.
#[test]
fn a_list_too_long_for_one_run_goes_on_where_it_stopped() {
    let koohook = listing();
    let product = Product::of(koohook.world(), |_| Mood::Answers(Duration::from_secs(1), 200, ""));
    list_departments(&koohook, 10_000);
    let mut delivered = 0;
    for _ in 0..12 {
        delivered += run_relay(&koohook, 8).delivered;
        koohook.world().pass(Duration::from_mins(10));
    }
    assert_eq!(delivered, 1);
    let told: Vec<_> = parts(&product).into_iter().map(|(part, _)| part).collect();
    assert!(told.is_sorted() && told.len() < 25, "{told:?}");
    let mut once = told.clone();
    once.dedup();
    assert_eq!(once, (1..=20).collect::<Vec<_>>());
    let ids: BTreeSet<_> = product.told().into_iter().map(|told| told.id).collect();
    assert_eq!(ids.len(), 20, "each part has a name for ever");
}

/// A process that ends while it sends a part holds the list for a claim, be the list ever so long.
#[test]
fn a_long_list_whose_sender_died_goes_on_after_one_claim() {
    let koohook = listing();
    let product = Product::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, ""));
    list_departments(&koohook, 10_000);
    // Some parts are sent; then the process ends.
    koohook.world().halt_at(40);
    let relay = Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run();
    assert!(run_until_halt(koohook.world(), relay).is_none());
    let sent = product.told().len();
    assert!((3..20).contains(&sent), "{sent} were sent");
    koohook.world().pass(Duration::from_millis(14_999));
    assert_eq!(run_relay(&koohook, 50).delivered, 0, "the claim stands");
    koohook.world().pass(Duration::from_millis(1));
    assert_eq!(run_relay(&koohook, 50).delivered, 1);
    assert_eq!(product.effects().len(), 20);
}

#[test]
fn the_parts_of_a_dead_list_stay_for_as_long_as_it_can_be_replayed() {
    let koohook = listing();
    let product = Product::of(koohook.world(), |_| Mood::Refuses(410, ""));
    list_departments(&koohook, 10_000);
    assert_eq!(run_relay(&koohook, 50).dead, 1);
    koohook.world().pass(Duration::from_hours(1));
    assert_eq!(run_relay(&koohook, 50).swept.deleted, 0);
    product.meets(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, ""));
    let context = koohook.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let instance = InstanceId::parse("i").unwrap();
    let subject = Subject::Departments(Some(instance), TenantId::parse("t").unwrap());
    let slot = run(repository.read(&subject)).unwrap();
    let mut kept = slot.record().cloned().unwrap();
    assert!(kept.outbox.replay(1));
    run(repository.write(&slot, kept)).unwrap();
    assert_eq!(run_relay(&koohook, 50).delivered, 1);
    assert_eq!(product.told().len(), 21);
}
