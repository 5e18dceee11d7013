//! Delivery of long lists to the product.

use std::collections::BTreeSet;

use domain::entity::Subject;
use protocol::message::TenantId;
use shell::world::Deadline;
use tests::call::{Bundled, Koohook, PRODUCT_SECRET, run_until_halt};
use tests::product::{Mood, ProductMessage, ScriptedProduct};
use tests::test_store::TestStore;

use crate::delivery::*;

const KIT_KEY: &str = "constructed-kit-key-0002";

/// Sends a list of this many departments.
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

/// The parts that a product got: each part's number, and the number of its records.
fn parts(product: &ScriptedProduct) -> Vec<(u64, usize)> {
    let part = |notice: &ProductMessage| {
        let data = &notice.body["data"];
        assert_eq!(data["parts"], 20);
        (data["part"].as_u64().unwrap(), data["records"].as_array().unwrap().len())
    };
    product.messages().iter().map(part).collect()
}

#[test]
fn a_long_list_is_delivered_in_ordered_parts_which_are_then_deleted() {
    let koohook = listing();
    let product =
        ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, "ok"));
    list_departments(&koohook, 10_000);
    assert_eq!(product.messages().len(), 0, "lists are left to the relay");
    let report = run_relay(&koohook, 50);
    assert_eq!(
        (report.delivered, report.swept.deleted),
        (1, 20),
        "delivered, and its parts deleted"
    );
    assert_eq!(parts(&product), (1..=20).map(|part| (part, 500)).collect::<Vec<_>>());
    let records = product.messages().into_iter().flat_map(|notice| {
        let records = notice.body["data"]["records"].as_array().unwrap().clone();
        records.into_iter().map(|record| record["orgCode"].as_str().unwrap().to_owned())
    });
    let expected = (0..10_000).map(|code| format!("{code:05}"));
    assert!(records.eq(expected), "every department, in order");
}

/// A product that needs a second for each part needs more time than one run has.
#[test]
fn a_list_too_long_for_one_run_continues_in_the_next() {
    let koohook = listing();
    let product =
        ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::from_secs(1), 200, ""));
    list_departments(&koohook, 10_000);
    let mut delivered = 0;
    for _ in 0..12 {
        delivered += run_relay(&koohook, 8).delivered;
        koohook.world().pass(Duration::from_mins(10));
    }
    assert_eq!(delivered, 1);
    let sent: Vec<_> = parts(&product).into_iter().map(|(part, _)| part).collect();
    assert!(sent.is_sorted() && sent.len() < 25, "{sent:?}");
    let mut once = sent.clone();
    once.dedup();
    assert_eq!(once, (1..=20).collect::<Vec<_>>());
    let ids: BTreeSet<_> = product.messages().into_iter().map(|notice| notice.id).collect();
    assert_eq!(ids.len(), 20, "a part that is sent again has the same ID");
}

/// A process that ends while it sends a part blocks the list for one claim, however long the list
/// is.
#[test]
fn an_interrupted_delivery_of_a_list_continues_after_one_claim() {
    let koohook = listing();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, ""));
    list_departments(&koohook, 10_000);
    // Some parts are sent; then the process ends.
    koohook.world().halt_at(40);
    let relay = Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run();
    assert!(run_until_halt(koohook.world(), relay).is_none());
    let sent = product.messages().len();
    assert!((3..20).contains(&sent), "{sent} were sent");
    koohook.world().pass(Duration::from_millis(14_999));
    assert_eq!(run_relay(&koohook, 50).delivered, 0, "the claim has not expired");
    koohook.world().pass(Duration::from_millis(1));
    assert_eq!(run_relay(&koohook, 50).delivered, 1);
    assert_eq!(product.effects().len(), 20);
}

#[test]
fn the_parts_of_a_dead_letter_are_kept_for_a_replay() {
    let koohook = listing();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(410, ""));
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
    assert_eq!(product.messages().len(), 21);
}
